//! Endpoints, which slices have replaced.

use serde_json::Value;

use super::names;
use super::read::{address, items, needed, one_of, special, text};
use crate::simulator::status::Cause;

/// All subsets of addresses and ports.
pub fn of_endpoints(endpoints: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (path, subset) in items(endpoints, "subsets", "") {
        let path = path.trim_start_matches('.');
        let lists = ["addresses", "notReadyAddresses"];
        if lists.iter().all(|list| items(subset, list, path).is_empty()) {
            causes.push(Cause::required(path, "must specify `addresses` or `notReadyAddresses`"));
        }
        for (path, one) in lists.iter().flat_map(|list| items(subset, list, path)) {
            of_address(&path, one, &mut causes);
        }
        let ports = items(subset, "ports", path);
        let is_one = ports.len() == 1;
        for (path, port) in ports {
            of_port(&path, port, is_one, &mut causes);
        }
    }
    causes
}

/// Changed Endpoints. Subsets that stayed are not looked at again.
pub fn of_changed(old: &Value, new: &Value) -> Vec<Cause> {
    if old["subsets"] == new["subsets"] { Vec::new() } else { of_endpoints(new) }
}

fn of_address(path: &str, one: &Value, causes: &mut Vec<Cause>) {
    let (field, ip) = (format!("{path}.ip"), text(one, "ip"));
    let wrong = address(ip, &field);
    let is_unreadable = ip.parse::<std::net::IpAddr>().is_err();
    causes.extend(wrong);
    if !text(one, "hostname").is_empty() {
        causes.extend(names::label(&format!("{path}.hostname"), text(one, "hostname")));
    }
    if let Some(node) = one["nodeName"].as_str() {
        causes.extend(names::subdomain(&format!("{path}.nodeName"), node));
    }
    causes.extend(if is_unreadable {
        Some(Cause::invalid(field, &ip.into(), "must be a valid IP address"))
    } else {
        special(ip, &field)
    });
}

fn of_port(path: &str, port: &Value, is_one: bool, causes: &mut Vec<Cause>) {
    let name = text(port, "name");
    if !name.is_empty() {
        causes.extend(names::label(&format!("{path}.name"), name));
    } else if !is_one {
        causes.push(Cause::required(format!("{path}.name"), ""));
    }
    let number = port["port"].as_i64().unwrap_or(0);
    if !(1..=65_535).contains(&number) {
        let why = "must be between 1 and 65535, inclusive";
        causes.push(Cause::invalid(format!("{path}.port"), &number.into(), why));
    }
    causes.extend(match text(port, "protocol") {
        "" => needed(port, "protocol", path),
        _ => one_of(port, "protocol", path, &["SCTP", "TCP", "UDP"]),
    });
    if let Some(protocol) = port["appProtocol"].as_str() {
        causes.extend(names::qualified(&format!("{path}.appProtocol"), protocol));
    }
}
