//! What an object counts for in quotas, resource by resource. Admission adds it
//! up as objects come in, the controller anew when something has changed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pods;
use crate::objects::kinds::ApiKind;
use crate::simulator::controllers::fields::Fields as _;
use crate::simulator::quantity::Quantity;

/// Amounts by resource name: `pods`, `count/pods`, `requests.storage`, …
pub type Amounts = BTreeMap<String, Quantity>;

const OF_CLASS: &str = ".storageclass.storage.k8s.io/";
const CLAIMS: &str = "persistentvolumeclaims";
const STORAGE: &str = "requests.storage";
const NODE_PORTS: &str = "services.nodeports";
const BALANCERS: &str = "services.loadbalancers";

/// Whether objects of a kind are counted at all.
#[must_use]
pub fn is_counted(kind: &ApiKind) -> bool {
    kind.namespaced && kind.kind != "Event"
}

/// The name under which every kind is counted.
fn count(kind: &ApiKind) -> String {
    let group = if kind.group.is_empty() { String::new() } else { format!(".{}", kind.group) };
    format!("count/{}{group}", kind.plural)
}

/// Whether a limit of this name is about a kind, even if it is about some of
/// its objects only.
#[must_use]
pub fn concerns(resource: &str, kind: &ApiKind) -> bool {
    let is_special = match kind.kind {
        "PersistentVolumeClaim" => resource == STORAGE || resource.contains(OF_CLASS),
        "Service" => matches!(resource, NODE_PORTS | BALANCERS),
        "Pod" => pods::is_of_pods(resource),
        _ => false,
    };
    is_special || has_short_name(kind) && resource == kind.plural || resource == count(kind)
}

/// Kinds that were counted before all others were.
fn has_short_name(kind: &ApiKind) -> bool {
    matches!(kind.kind, "Pod" | "Service" | "Secret" | "ConfigMap" | "ResourceQuota" | "PersistentVolumeClaim")
}

/// What one object counts for.
#[must_use]
pub fn of(kind: &ApiKind, object: &Value) -> Amounts {
    let one = Quantity::whole(1);
    let mut amounts = Amounts::from([(count(kind), one)]);
    // A pod that has ended holds nothing any more but its place in the store.
    let has_ended = kind.kind == "Pod" && object.has_ended();
    if has_short_name(kind) && !has_ended {
        amounts.insert(kind.plural.to_owned(), one);
    }
    match kind.kind {
        "PersistentVolumeClaim" => of_claim(object, &mut amounts),
        "Service" => of_service(object, &mut amounts),
        "Pod" if !has_ended => pods::add(object, &mut amounts),
        _ => {}
    }
    amounts
}

/// A claim's storage is what it asks for, or what a growth that did not end
/// well still holds.
fn of_claim(claim: &Value, amounts: &mut Amounts) {
    let read = |text: &Value| text.as_str().and_then(Quantity::parse);
    let asked = read(&claim["spec"]["resources"]["requests"]["storage"]);
    let held = read(&claim["status"]["allocatedResources"]["storage"]);
    let size = asked.into_iter().chain(held).max_by_key(|size| size.nanos());
    let beta = &claim["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"];
    let class = beta.as_str().or(claim["spec"]["storageClassName"].as_str()).filter(|class| !class.is_empty());
    if let Some(class) = class {
        amounts.insert(format!("{class}{OF_CLASS}{CLAIMS}"), Quantity::whole(1));
    }
    let Some(size) = size else { return };
    amounts.insert(STORAGE.to_owned(), size);
    if let Some(class) = class {
        amounts.insert(format!("{class}{OF_CLASS}{STORAGE}"), size);
    }
}

/// Ports of nodes are counted as they are meant, since they are allotted later.
fn of_service(service: &Value, amounts: &mut Amounts) {
    let spec = &service["spec"];
    let ports = spec["ports"].as_array().map_or(&[][..], Vec::as_slice);
    let is_balancer = spec["type"] == "LoadBalancer";
    let ports = if is_balancer && spec["allocateLoadBalancerNodePorts"] == false {
        ports.iter().filter(|port| port["nodePort"].as_i64().is_some_and(|number| number != 0)).count()
    } else {
        ports.len()
    };
    if is_balancer {
        amounts.insert(BALANCERS.to_owned(), Quantity::whole(1));
    }
    if is_balancer || spec["type"] == "NodePort" {
        amounts.insert(NODE_PORTS.to_owned(), Quantity::whole(i128::try_from(ports).unwrap_or(i128::MAX)));
    }
}

/// The amounts of a map in a quota, such as its `status.used`.
#[must_use]
pub fn read(map: &Value) -> Amounts {
    let entries = map.as_object().into_iter().flatten();
    entries.filter_map(|(name, amount)| Some((name.clone(), Quantity::parse(amount.as_str()?)?))).collect()
}
