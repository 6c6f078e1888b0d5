//! How checks look at what they check, and the small checks that all share.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::simulator::quantity::Quantity;
use crate::simulator::status::Cause;

/// A text, empty if there is none.
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The items of a list with their places.
pub fn items<'a>(value: &'a Value, name: &str, path: &str) -> Vec<(String, &'a Value)> {
    let items = value[name].as_array().into_iter().flatten().enumerate();
    items.map(|(index, item)| (format!("{path}.{name}[{index}]"), item)).collect()
}

/// The texts of a list with their places.
pub fn texts<'a>(value: &'a Value, name: &str, path: &str) -> Vec<(String, &'a str)> {
    items(value, name, path).into_iter().filter_map(|(path, item)| Some((path, item.as_str()?))).collect()
}

/// A text that must be there.
pub fn needed(value: &Value, name: &str, path: &str) -> Option<Cause> {
    text(value, name).is_empty().then(|| Cause::required(format!("{path}.{name}"), ""))
}

/// A word out of a closed list, where a word is given.
pub fn one_of(value: &Value, name: &str, path: &str, known: &[&str]) -> Option<Cause> {
    let word = value[name].as_str().filter(|word| !known.contains(word))?;
    Some(Cause::unsupported(format!("{path}.{name}"), word, known))
}

/// A number in a range.
pub fn between(value: &Value, field: &str, low: i64, high: i64) -> Option<Cause> {
    let number = value.as_i64().filter(|number| !(low..=high).contains(number))?;
    Some(Cause::invalid(field, &number.into(), &format!("must be between {low} and {high}, inclusive")))
}

/// A number that is not negative.
pub fn non_negative(value: &Value, field: &str) -> Option<Cause> {
    let number = value.as_i64().filter(|number| *number < 0)?;
    Some(Cause::invalid(field, &number.into(), "must be greater than or equal to 0"))
}

/// A number above zero; none at all is zero.
pub fn positive(value: &Value, field: &str) -> Option<Cause> {
    let number = value.as_i64().unwrap_or(0);
    (number <= 0).then(|| Cause::invalid(field, &number.into(), "must be greater than zero"))
}

/// An address of either family.
pub fn address(address: &str, field: &str) -> Option<Cause> {
    let why = match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(found)) if found.to_ipv4_mapped().is_some() => "must not be an IPv4-mapped IPv6 address",
        Ok(_) => return None,
        Err(_) if is_padded(address) => "must not have leading 0s",
        Err(_) => "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
    };
    Some(Cause::invalid(field, &address.into(), why))
}

/// `010.1.2.3`, which some read as octal.
fn is_padded(address: &str) -> bool {
    let numbers: Vec<&str> = address.split('.').collect();
    let is_number = |text: &&str| text.bytes().all(|one| one.is_ascii_digit()) && text.parse::<u8>().is_ok();
    numbers.len() == 4 && numbers.iter().all(is_number)
}

/// Addresses that mean nothing outside of a host or a network.
pub fn special(text: &str, path: &str) -> Option<Cause> {
    let address: IpAddr = text.parse().ok()?;
    let (is_local, is_group) = match address {
        IpAddr::V4(address) => (address.is_link_local(), address.octets().starts_with(&[224, 0, 0])),
        IpAddr::V6(address) => (address.is_unicast_link_local(), address.segments()[0] == 0xff02),
    };
    let why = if address.is_unspecified() {
        format!("may not be unspecified ({text})")
    } else if address.is_loopback() {
        "may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned()
    } else if is_local {
        "may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned()
    } else if is_group {
        "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned()
    } else {
        return None;
    };
    Some(Cause::invalid(path, &text.into(), &why))
}

/// A range of addresses of either family.
pub fn range(range: &str, field: &str) -> Option<Cause> {
    let why = match range.parse::<IpNet>() {
        Ok(found) if found.addr() != found.network() => "must not have bits set beyond the prefix length",
        Ok(_) => return None,
        Err(_) => "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
    };
    Some(Cause::invalid(field, &range.into(), why))
}

/// The amount of a quantity in billionths.
pub fn amount(value: &Value) -> Option<i128> {
    value.as_str().and_then(Quantity::parse).map(Quantity::nanos)
}
