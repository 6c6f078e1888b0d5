//! What pods ask for and nodes offer: processor, memory, devices, numbers of
//! pods.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fit::Unfit;
use super::placed::Placed;
use crate::simulator::controllers::amount::amount;
use crate::simulator::controllers::fields::Fields;

/// Amounts by resource.
pub(super) type Amounts<'a> = BTreeMap<&'a str, i128>;

/// Of these a node has enough if it does not say how much. Of all others it has
/// none.
const USUAL: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// What the node has too little of. If even an empty node had, it is hopeless.
pub(super) fn insufficient(pod: &Value, node: &Value, pods: &Placed) -> Option<Unfit> {
    let allocatable = |resource: &str| node["status"]["allocatable"][resource].as_str().map(amount);
    let count = amount(&pods.on(node).len().to_string());
    let is_full = allocatable("pods").is_some_and(|most| count >= most);
    let mut reasons: Vec<String> = is_full.then(|| "Too many pods".to_owned()).into_iter().collect();
    let mut is_hopeless = false;
    for (resource, wanted) in requests(pod).into_iter().filter(|(_, wanted)| *wanted > 0) {
        let most = match allocatable(resource) {
            Some(most) => most,
            None if USUAL.contains(&resource) => continue,
            None => 0,
        };
        if pods.used(node, resource).saturating_add(wanted) > most {
            reasons.push(format!("Insufficient {resource}"));
            is_hopeless |= wanted > most;
        }
    }
    (!reasons.is_empty()).then_some(Unfit { reasons, is_hopeless })
}

/// What a pod asks for: all containers that run side by side, or the init
/// container that needs most beside the sidecars started before it, or what the
/// pod says of itself; and what it costs to run it.
pub(super) fn requests(pod: &Value) -> Amounts<'_> {
    let mut amounts = Amounts::new();
    for resource in resources(pod) {
        let of = |holder: &Value| amount(holder[resource].as_str().unwrap_or(""));
        let own = &pod["spec"]["resources"]["requests"];
        let asked = if own[resource].is_string() { of(own) } else { of_containers(pod, of) };
        amounts.insert(resource, asked.saturating_add(of(&pod["spec"]["overhead"])));
    }
    amounts
}

fn of_containers(pod: &Value, of: impl Fn(&Value) -> i128) -> i128 {
    let of = |container: &Value| of(&container["resources"]["requests"]);
    let (mut sidecars, mut most) = (0_i128, 0_i128);
    for container in pod.items("/spec/initContainers") {
        let together = sidecars.saturating_add(of(container));
        most = most.max(together);
        if container["restartPolicy"] == "Always" {
            sidecars = together;
        }
    }
    pod.items("/spec/containers").iter().map(of).fold(sidecars, i128::saturating_add).max(most)
}

/// All resources that a pod asks for by name.
fn resources(pod: &Value) -> BTreeSet<&str> {
    let containers = pod.items("/spec/initContainers").iter().chain(pod.items("/spec/containers"));
    let asked = containers.chain([&pod["spec"]]).map(|holder| &holder["resources"]["requests"]);
    let maps = asked.chain([&pod["spec"]["overhead"]]).filter_map(Value::as_object);
    maps.flat_map(|map| map.keys().map(String::as_str)).collect()
}
