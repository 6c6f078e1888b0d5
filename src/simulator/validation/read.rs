//! How checks look at what they check, and the small checks that all share.

use std::net::IpAddr;

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
    let why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    address.parse::<IpAddr>().is_err().then(|| Cause::invalid(field, &address.into(), why))
}

/// The amount of a quantity in billionths.
pub fn amount(value: &Value) -> Option<i128> {
    value.as_str().and_then(Quantity::parse).map(Quantity::nanos)
}
