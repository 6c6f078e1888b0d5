//! Addresses and ports of Services: what is asked for is checked, what is left
//! open is picked by the seed, what was given once stays.

mod keep;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::families;
use super::identity;
use super::status::{Cause, Refusal};
use super::store::Store;
use super::validation::addresses;
use crate::objects::kinds::ApiKind;

pub use keep::{keep, without_traffic};

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

/// An address that stands in the older field alone stands in the list as well.
fn list_address(service: &mut Value) {
    if is_given(&service["spec"]["clusterIP"]) && !is_given(&service["spec"]["clusterIPs"]) {
        service["spec"]["clusterIPs"] = json!([service["spec"]["clusterIP"]]);
    }
}

fn is_balancer(service: &Value) -> bool {
    service["spec"]["type"] == "LoadBalancer"
}

fn has_address(service: &Value) -> bool {
    let address = &service["spec"]["clusterIP"];
    is_given(address) && address != "None"
}

fn is_given(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// What the numbers that are left open are picked by.
#[derive(Clone, Copy)]
pub struct Draw {
    pub seed: u64,
    pub revision: u64,
    /// A dry run gets the first address of all, whoever has it.
    pub dry_run: bool,
    /// Which addresses and ports a cluster has that was copied is not known: what a
    /// Service says is taken.
    pub of_a_copy: bool,
}

/// Gives a Service its addresses and ports.
///
/// # Errors
/// 422 for an address or port that is taken or outside the range.
pub fn assign(store: &Store, kind: &ApiKind, service: &mut Value, draw: Draw) -> Result<(), Refusal> {
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
    if !draw.of_a_copy || !has_address(service) {
        families::assign(service).map_err(|causes| Refusal::invalid(kind, &name, &causes))?;
        assign_address(&others, service, draw).map_err(|cause| Refusal::invalid(kind, &name, &[cause]))?;
    }
    if wants_ports(service) {
        let is_new = store.objects(kind, "").count() == others.len();
        assign_ports(&others, service, is_new, draw).map_err(|cause| Refusal::invalid(kind, &name, &[cause]))?;
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

fn assign_address(others: &[&Value], service: &mut Value, draw: Draw) -> Result<(), Cause> {
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
        None if draw.dry_run => address(1),
        None => {
            let start = identity::pick(draw.seed, draw.revision, ADDRESSES);
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

fn free_port(taken: &BTreeSet<i64>, draw: Draw) -> Option<i64> {
    let count = u32::try_from(PORTS.end() - PORTS.start() + 1).unwrap_or(1);
    let start = identity::pick(draw.seed, draw.revision, count);
    let candidates = (0..count).map(|step| PORTS.start() + i64::from((start + step) % count));
    candidates.into_iter().find(|candidate| !taken.contains(candidate))
}

/// In a new Service all ports of one number share the node's port: it may serve
/// two protocols.
fn assign_ports(others: &[&Value], service: &mut Value, is_new: bool, draw: Draw) -> Result<(), Cause> {
    let mut taken = taken_ports(others);
    let mut own: BTreeSet<i64> = BTreeSet::new();
    let mut shared: BTreeMap<i64, i64> = BTreeMap::new();
    let asked = |port: &Value| port["nodePort"].as_i64().filter(|asked| *asked != 0);
    let ports = service["spec"]["ports"].as_array().cloned().unwrap_or_default();
    for (index, port) in service["spec"]["ports"].as_array_mut().into_iter().flatten().enumerate() {
        let number = port["port"].as_i64().unwrap_or_default();
        let written = asked(port);
        if let Some(there) = shared.get(&number).filter(|there| is_new && written.is_none_or(|port| port == **there)) {
            port["nodePort"] = json!(there);
            continue;
        }
        let later = ports.iter().filter(|other| is_new && other["port"] == number).find_map(asked);
        let node_port = if let Some(asked) = written.or(later) {
            let field = format!("spec.ports[{index}].nodePort");
            if !PORTS.contains(&asked) && !draw.of_a_copy {
                let why = "provided port is not in the valid range. The range of valid ports is 30000-32767";
                return Err(Cause::invalid(field, &json!(asked), why));
            }
            if taken.contains(&asked) && (is_new || !own.contains(&asked)) {
                return Err(Cause::invalid(field, &json!(asked), "provided port is already allocated"));
            }
            asked
        } else {
            let Some(free) = free_port(&taken, draw) else { continue };
            free
        };
        taken.insert(node_port);
        own.insert(node_port);
        shared.entry(number).or_insert(node_port);
        port["nodePort"] = json!(node_port);
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
        let draw = Draw { seed: 1, revision: 1, dry_run: false, of_a_copy: false };
        assign(&Store::default(), kind, &mut service, draw).expect("free addresses");
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
    fn a_copy_takes_the_addresses_and_ports_of_its_cluster() {
        let kind = ApiKind::named("Service").expect("a kind");
        let spec = json!({"type": "NodePort", "clusterIP": "fd00::7", "ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack",
                          "ports": [{"port": 80, "nodePort": 8080}]});
        let assigned = |of_a_copy: bool| {
            let (mut service, draw) = (service(spec.clone()), Draw { seed: 1, revision: 1, dry_run: false, of_a_copy });
            assign(&Store::default(), kind, &mut service, draw).map(|()| service)
        };
        assert!(assigned(false).is_err());
        let kept = assigned(true).expect("it is taken as it is");
        assert_eq!(kept["spec"]["clusterIPs"], json!(["fd00::7"]));
        assert_eq!(kept["spec"]["ports"], spec["ports"]);
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
