//! Where a Service's pods are.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names;
use super::read::{address, items, one_of, special, text, texts};
use crate::simulator::status::Cause;

/// A slice of endpoints.
pub fn of_slice(slice: &Value) -> Vec<Cause> {
    let mut causes = frame(slice);
    causes.extend(endpoints(slice));
    causes
}

/// A changed slice. Endpoints that stayed are not looked at again.
pub fn of_changed_slice(old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = frame(new);
    if old["endpoints"] != new["endpoints"] {
        causes.extend(endpoints(new));
    }
    causes
}

/// The kind of the addresses, and the ports.
fn frame(slice: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let kind = text(slice, "addressType");
    let known = &["FQDN", "IPv4", "IPv6"];
    if kind.is_empty() {
        causes.push(Cause::required("addressType", ""));
    } else if !known.contains(&kind) {
        causes.push(Cause::unsupported("addressType", kind, known));
    }
    let mut seen = BTreeSet::new();
    for (path, port) in items(slice, "ports", "") {
        let path = path.trim_start_matches('.');
        let name = text(port, "name");
        if !name.is_empty() {
            causes.extend(names::label(&format!("{path}.name"), name));
        }
        if !seen.insert(name) {
            causes.push(Cause::duplicate(format!("{path}.name"), name));
        }
        causes.extend(one_of(port, "protocol", path, &["SCTP", "TCP", "UDP"]));
        causes.extend(application(path, port));
    }
    causes
}

fn application(path: &str, port: &Value) -> Vec<Cause> {
    let protocol = port["appProtocol"].as_str();
    protocol.map_or_else(Vec::new, |protocol| names::qualified(&format!("{path}.appProtocol"), protocol))
}

fn endpoints(slice: &Value) -> Vec<Cause> {
    let kind = text(slice, "addressType");
    let mut causes = Vec::new();
    for (path, endpoint) in items(slice, "endpoints", "") {
        let path = path.trim_start_matches('.');
        let addresses = texts(endpoint, "addresses", path);
        if addresses.is_empty() {
            causes.push(Cause::required(format!("{path}.addresses"), "must contain at least 1 address"));
        }
        for (at, listed) in addresses.into_iter().filter(|_| kind.starts_with("IP")) {
            if let Some(cause) = address(listed, &at) {
                causes.push(cause);
                continue;
            }
            if listed.contains(':') != (kind == "IPv6") {
                let why = format!("must be an {kind} address");
                causes.push(Cause::invalid(format!("{path}.addresses"), &listed.into(), &why));
            }
            causes.extend(special(listed, &at));
        }
        if let Some(name) = endpoint["nodeName"].as_str() {
            causes.extend(names::subdomain(&format!("{path}.nodeName"), name));
        }
        if let Some(name) = endpoint["hostname"].as_str() {
            causes.extend(names::label(&format!("{path}.hostname"), name));
        }
    }
    causes
}
