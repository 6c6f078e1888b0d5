//! What a changed Service keeps of its addresses and ports, and what goes with
//! the type that it had.

use serde_json::{Value, json};

use super::{is_balancer, is_given, list_address, ports_of, wants_health_port, wants_ports};
use crate::objects::kinds::ApiKind;

/// An update that leaves the addresses out keeps them.
pub fn keep(kind: &ApiKind, old: &Value, new: &mut Value) {
    if kind.kind != "Service" {
        return;
    }
    if old["spec"]["type"] == "ExternalName" {
        list_address(new);
        return;
    }
    if new["spec"]["type"] == "ExternalName" {
        drop_addresses(old, new);
        return;
    }
    for name in ["clusterIP", "clusterIPs"] {
        if !is_given(&new["spec"][name]) {
            new["spec"][name] = old["spec"][name].clone();
        }
    }
    let is_same = |name: &str| new["spec"][name] == old["spec"][name];
    if !is_same("clusterIP") && is_same("clusterIPs") {
        new["spec"]["clusterIPs"] = json!([new["spec"]["clusterIP"]]);
    }
    for name in ["ipFamilies", "ipFamilyPolicy"] {
        if new["spec"][name].is_null() {
            new["spec"][name] = old["spec"][name].clone();
        }
    }
    if wants_ports(new) {
        keep_ports(old, new);
    }
    keep_health_port(old, new);
    if new["spec"]["type"] != "NodePort" && !is_balancer(new) {
        drop_ports(old, new);
        if !is_given(&new["spec"]["externalIPs"]) {
            drop_unchanged(old, new, "externalTrafficPolicy");
        }
    }
    if !is_balancer(new) {
        drop_unchanged(old, new, "allocateLoadBalancerNodePorts");
        drop_unchanged(old, new, "loadBalancerClass");
    }
}

/// A Service that is a name alone has no traffic: what is said about it is
/// checked and not kept.
pub fn without_traffic(kind: &ApiKind, service: &mut Value) {
    if kind.kind == "Service"
        && service["spec"]["type"] == "ExternalName"
        && let Some(spec) = service["spec"].as_object_mut()
    {
        spec.shift_remove("internalTrafficPolicy");
    }
}

/// A Service that becomes a name gives its addresses back.
fn drop_addresses(old: &Value, new: &mut Value) {
    let is_same = |name: &str| new["spec"].get(name) == old["spec"].get(name);
    let gone: &[&str] = if is_same("clusterIP") && is_same("clusterIPs") || new["spec"].get("clusterIP").is_none() {
        &["clusterIP", "clusterIPs"]
    } else {
        &[]
    };
    for name in gone {
        if let Some(spec) = new["spec"].as_object_mut() {
            spec.shift_remove(*name);
        }
    }
    for name in ["ipFamilies", "ipFamilyPolicy", "externalTrafficPolicy", "internalTrafficPolicy"] {
        drop_unchanged(old, new, name);
    }
    for name in ["healthCheckNodePort", "allocateLoadBalancerNodePorts", "loadBalancerClass"] {
        drop_unchanged(old, new, name);
    }
    drop_ports(old, new);
}

/// What only the former type had goes with it, unless it is written anew.
fn drop_unchanged(old: &Value, new: &mut Value, name: &str) {
    if old["spec"][name] == new["spec"][name]
        && let Some(spec) = new["spec"].as_object_mut()
    {
        spec.shift_remove(name);
    }
}

/// Ports of nodes go only together: one that is new shows that they are meant.
fn drop_ports(old: &Value, new: &mut Value) {
    let known: Vec<i64> = ports_of(old).collect();
    let ports = |service: &Value| service["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let is_new = |port: &Value| port["nodePort"].as_i64().is_some_and(|number| !known.contains(&number));
    if ports(new).iter().any(is_new) {
        return;
    }
    for port in new["spec"]["ports"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        port.shift_remove("nodePort");
    }
}

fn keep_health_port(old: &Value, new: &mut Value) {
    const NAME: &str = "healthCheckNodePort";
    let kept = &old["spec"][NAME];
    if kept.is_null() {
        return;
    }
    if wants_health_port(new) {
        if new["spec"][NAME].is_null() {
            new["spec"][NAME] = kept.clone();
        }
    } else if new["spec"][NAME] == *kept
        && let Some(spec) = new["spec"].as_object_mut()
    {
        spec.shift_remove(NAME);
    }
}

fn keep_ports(old: &Value, new: &mut Value) {
    let empty = Vec::new();
    let before = old["spec"]["ports"].as_array().unwrap_or(&empty).clone();
    let given = new["spec"]["ports"].as_array().unwrap_or(&empty).iter().map(|port| port["nodePort"].clone());
    let used: Vec<Value> = given.filter(|port| before.iter().any(|one| one["nodePort"] == *port)).collect();
    for port in new["spec"]["ports"].as_array_mut().into_iter().flatten() {
        if port["nodePort"].is_null() {
            let same = before.iter().rfind(|one| one["name"] == port["name"]);
            let kept = same.map(|one| one["nodePort"].clone()).filter(|kept| !kept.is_null() && !used.contains(kept));
            if let Some(kept) = kept {
                port["nodePort"] = kept;
            }
        }
    }
}
