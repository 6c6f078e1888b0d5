//! Services.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names;
use crate::simulator::status::Cause;

const TYPES: &[&str] = &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

/// A whole Service.
pub fn of_service(service: &Value) -> Vec<Cause> {
    let spec = &service["spec"];
    let kind = spec["type"].as_str().unwrap_or_default();
    let is_headless = spec["clusterIP"] == "None";
    let mut causes = Vec::new();
    let list = spec["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() && !is_headless && kind != "ExternalName" {
        causes.push(Cause::required("spec.ports", ""));
    }
    if is_headless && matches!(kind, "NodePort" | "LoadBalancer") {
        let why = format!("may not be set to 'None' for {kind} services");
        causes.push(Cause::invalid("spec.clusterIPs[0]", &"None".into(), &why));
    }
    if kind == "ExternalName" {
        let name = spec["externalName"].as_str().unwrap_or_default();
        if name.is_empty() {
            causes.push(Cause::required("spec.externalName", ""));
        } else {
            causes.extend(names::subdomain("spec.externalName", name.trim_end_matches('.')));
        }
    }
    ports(list, &mut causes);
    causes.extend(names::labels("spec.selector", &spec["selector"]));
    let affinity = spec["sessionAffinity"].as_str().unwrap_or_default();
    if !matches!(affinity, "None" | "ClientIP") {
        causes.push(Cause::unsupported("spec.sessionAffinity", affinity, &["ClientIP", "None"]));
    }
    if !TYPES.contains(&kind) {
        causes.push(Cause::unsupported("spec.type", kind, TYPES));
    }
    let policy = &spec["externalTrafficPolicy"];
    let has_outer_address = spec["externalIPs"].as_array().is_some_and(|list| !list.is_empty());
    let faces_outwards = matches!(kind, "NodePort" | "LoadBalancer") || kind == "ClusterIP" && has_outer_address;
    if !policy.is_null() && !faces_outwards {
        let why = "may only be set for externally-accessible services";
        causes.push(Cause::invalid("spec.externalTrafficPolicy", policy, why));
    }
    causes
}

fn ports(list: &[Value], causes: &mut Vec<Cause>) {
    let mut names_seen = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for (index, port) in list.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        let name = port["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            if list.len() > 1 {
                causes.push(Cause::required(format!("{path}.name"), ""));
            }
        } else {
            causes.extend(names::label(&format!("{path}.name"), name));
            if !names_seen.insert(name) {
                causes.push(Cause::duplicate(format!("{path}.name"), name));
            }
        }
        for field in ["port", "targetPort"] {
            if let Some(number) = port[field].as_i64().filter(|number| !(1..=65_535).contains(number)) {
                let why = "must be between 1 and 65535, inclusive";
                causes.push(Cause::invalid(format!("{path}.{field}"), &number.into(), why));
            }
        }
        let protocol = port["protocol"].as_str().unwrap_or_default();
        if !matches!(protocol, "TCP" | "UDP" | "SCTP") {
            causes.push(Cause::unsupported(format!("{path}.protocol"), protocol, &["SCTP", "TCP", "UDP"]));
        }
        if !numbers.insert((port["port"].as_i64(), protocol)) {
            // The real server shows its own struct.
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":{protocol:?},\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,\"NodePort\":0}}",
                port["port"]
            );
            causes.push(Cause {
                reason: "FieldValueDuplicate",
                message: format!("Duplicate value: {shown}"),
                field: path,
            });
        }
    }
}

/// The address stays what it was as long as the Service has one.
pub fn of_change(old: &Value, new: &Value) -> Vec<Cause> {
    let before = &old["spec"]["clusterIP"];
    let after = &new["spec"]["clusterIP"];
    let had_one = before.as_str().is_some_and(|address| !address.is_empty());
    if had_one && old["spec"]["type"] != "ExternalName" && new["spec"]["type"] != "ExternalName" && before != after {
        let value = serde_json::json!([after]);
        return vec![Cause::invalid("spec.clusterIPs[0]", &value, "may not change once set")];
    }
    Vec::new()
}
