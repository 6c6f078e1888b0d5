//! Addresses and ports of Services: what is asked for is checked, what is left
//! open is picked by the seed, what was given once stays.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::families;
use super::identity;
use super::status::{Cause, Refusal};
use super::store::Store;
use super::validation::addresses;
use crate::objects::kinds::ApiKind;

/// 10.96.0.0/16; the first addresses are the cluster's own.
const NETWORK: [u8; 2] = [10, 96];
const RESERVED: u32 = 256;
const ADDRESSES: u32 = 65_000;
const PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;

fn wants_ports(service: &Value) -> bool {
    let spec = &service["spec"];
    spec["type"] == "NodePort" || spec["type"] == "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] != false
}

/// Load balancers that keep to nodes with pods ask the nodes on a port.
fn wants_health_port(service: &Value) -> bool {
    is_balancer(service) && service["spec"]["externalTrafficPolicy"] == "Local"
}

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

/// An address that stands in the older field alone stands in the list as well.
fn list_address(service: &mut Value) {
    if is_given(&service["spec"]["clusterIP"]) && !is_given(&service["spec"]["clusterIPs"]) {
        service["spec"]["clusterIPs"] = json!([service["spec"]["clusterIP"]]);
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

fn is_balancer(service: &Value) -> bool {
    service["spec"]["type"] == "LoadBalancer"
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

fn is_given(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
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

/// Gives a Service its addresses and ports. `draw` is seed and revision.
///
/// # Errors
/// 422 for an address or port that is taken or outside the range.
pub fn assign(store: &Store, kind: &ApiKind, service: &mut Value, draw: (u64, u64)) -> Result<(), Refusal> {
    if kind.kind != "Service" {
        return Ok(());
    }
    list_address(service);
    if service["spec"]["type"] == "ExternalName" {
        return Ok(());
    }
    let name = service["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let others: Vec<&Value> = store
        .objects(kind, "")
        .map(AsRef::as_ref)
        .filter(|other: &&Value| other["metadata"]["uid"] != service["metadata"]["uid"])
        .collect();
    let causes = addresses(service);
    if !causes.is_empty() {
        return Err(Refusal::invalid(kind, &name, &causes));
    }
    families::assign(service).map_err(|causes| Refusal::invalid(kind, &name, &causes))?;
    assign_address(&others, service, draw).map_err(|cause| Refusal::invalid(kind, &name, &[cause]))?;
    if wants_ports(service) {
        assign_ports(&others, service, draw).map_err(|cause| Refusal::invalid(kind, &name, &[cause]))?;
    }
    if wants_health_port(service) && service["spec"]["healthCheckNodePort"].is_null() {
        let mut taken = taken_ports(&others);
        taken.extend(ports_of(service));
        if let Some(free) = free_port(&taken, draw) {
            service["spec"]["healthCheckNodePort"] = json!(free);
        }
    }
    Ok(())
}

fn assign_address(others: &[&Value], service: &mut Value, draw: (u64, u64)) -> Result<(), Cause> {
    let asked = service["spec"]["clusterIP"]
        .as_str()
        .filter(|asked| !asked.is_empty())
        .or_else(|| service["spec"]["clusterIPs"][0].as_str())
        .map(str::to_owned);
    let taken: BTreeSet<&str> = others.iter().filter_map(|other| other["spec"]["clusterIP"].as_str()).collect();
    let address = match asked {
        Some(asked) if asked == "None" => asked,
        Some(asked) => {
            let problem = if !is_ours(&asked) {
                Some("the provided network does not match the current range")
            } else if taken.contains(asked.as_str()) {
                Some("provided IP is already allocated")
            } else {
                None
            };
            if let Some(problem) = problem {
                let why = format!("failed to allocate IP {asked}: {problem}");
                return Err(Cause::invalid("spec.clusterIPs", &json!([asked]), &why));
            }
            asked
        }
        None => {
            let start = identity::pick(draw.0, draw.1, ADDRESSES);
            (0..ADDRESSES)
                .map(|step| address(RESERVED + (start + step) % ADDRESSES))
                .find(|candidate| !taken.contains(candidate.as_str()))
                .unwrap_or_default()
        }
    };
    service["spec"]["clusterIP"] = Value::from(address.clone());
    service["spec"]["clusterIPs"] = json!([address]);
    Ok(())
}

fn address(number: u32) -> String {
    let [_, _, high, low] = number.to_be_bytes();
    Ipv4Addr::new(NETWORK[0], NETWORK[1], high, low).to_string()
}

fn is_ours(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok_and(|address| address.octets()[..2] == NETWORK)
}

fn ports_of(service: &Value) -> impl Iterator<Item = i64> {
    let spec = &service["spec"];
    let ports = spec["ports"].as_array().into_iter().flatten().map(|port| &port["nodePort"]);
    ports.chain([&spec["healthCheckNodePort"]]).filter_map(Value::as_i64)
}

fn taken_ports(services: &[&Value]) -> BTreeSet<i64> {
    services.iter().flat_map(|service| ports_of(service)).collect()
}

fn free_port(taken: &BTreeSet<i64>, draw: (u64, u64)) -> Option<i64> {
    let count = u32::try_from(PORTS.end() - PORTS.start() + 1).unwrap_or(1);
    let start = identity::pick(draw.0, draw.1, count);
    let candidates = (0..count).map(|step| PORTS.start() + i64::from((start + step) % count));
    candidates.into_iter().find(|candidate| !taken.contains(candidate))
}

fn assign_ports(others: &[&Value], service: &mut Value, draw: (u64, u64)) -> Result<(), Cause> {
    let mut taken = taken_ports(others);
    for (index, port) in service["spec"]["ports"].as_array_mut().into_iter().flatten().enumerate() {
        let asked = port["nodePort"].as_i64().filter(|asked| *asked != 0);
        let field = format!("spec.ports[{index}].nodePort");
        if let Some(asked) = asked {
            if !PORTS.contains(&asked) {
                let why = "provided port is not in the valid range. The range of valid ports is 30000-32767";
                return Err(Cause::invalid(field, &json!(asked), why));
            }
            if !taken.insert(asked) {
                return Err(Cause::invalid(field, &json!(asked), "provided port is already allocated"));
            }
            continue;
        }
        if let Some(free) = free_port(&taken, draw) {
            taken.insert(free);
            port["nodePort"] = json!(free);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "callers write the spec in place")]
    fn service(spec: Value) -> Value {
        json!({"metadata": {"name": "web", "uid": "1"}, "spec": spec})
    }

    fn assigned(spec: Value) -> Value {
        let mut service = service(spec);
        let kind = ApiKind::named("Service").expect("a kind");
        assign(&Store::default(), kind, &mut service, (1, 1)).expect("free addresses");
        service
    }

    #[test]
    fn a_local_load_balancer_has_a_health_port_of_its_own_as_long_as_it_is_local() {
        let local = json!({"type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": [{"port": 80}]});
        let old = assigned(local.clone());
        let port = &old["spec"]["healthCheckNodePort"];
        assert!(PORTS.contains(&port.as_i64().unwrap_or_default()));
        assert_ne!(*port, old["spec"]["ports"][0]["nodePort"]);
        let kind = ApiKind::named("Service").expect("a kind");
        let mut new = service(local);
        keep(kind, &old, &mut new);
        assert_eq!(new["spec"]["healthCheckNodePort"], *port);
        let mut new = old.clone();
        new["spec"]["externalTrafficPolicy"] = json!("Cluster");
        keep(kind, &old, &mut new);
        assert!(new["spec"].get("healthCheckNodePort").is_none());
    }

    #[test]
    fn only_a_headless_service_without_selector_leaves_the_family_open() {
        let families = |spec: Value| assigned(spec)["spec"]["ipFamilies"].clone();
        assert_eq!(families(json!({"clusterIP": "None"})), json!(["IPv4", "IPv6"]));
        assert_eq!(families(json!({"clusterIP": "None", "ipFamilyPolicy": "SingleStack"})), json!(["IPv4"]));
        assert_eq!(families(json!({"clusterIP": "None", "selector": {"a": "b"}})), json!(["IPv4"]));
        assert_eq!(families(json!({})), json!(["IPv4"]));
    }
}
