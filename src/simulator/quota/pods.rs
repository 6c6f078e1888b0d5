//! What pods count for in quotas: their number, and what their containers ask
//! for and may take.

use serde_json::Value;

use super::usage::Amounts;
use crate::simulator::quantity::Quantity;

/// Resources that a quota can limit by their bare name, and by two others.
const COMPUTE: &[&str] = &["cpu", "memory", "ephemeral-storage"];

/// Limits that every container must name an amount for.
const REQUIRED: &[&str] = &["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];

/// Whether a limit of this name is about what pods use.
#[must_use]
pub fn is_of_pods(resource: &str) -> bool {
    let of = |name: &str| COMPUTE.contains(&name);
    let asked = resource.strip_prefix("requests.");
    of(resource)
        || resource.starts_with("hugepages-")
        || resource.strip_prefix("limits.").is_some_and(of)
        || asked.is_some_and(|name| of(name) || name.starts_with("hugepages-") || name.contains('/'))
}

/// Adds what a pod that has not ended uses.
pub fn add(pod: &Value, amounts: &mut Amounts) {
    add_named(&of_pod(pod, "requests"), &of_pod(pod, "limits"), amounts);
}

/// Under which names amounts are counted.
fn add_named(requests: &Amounts, limits: &Amounts, amounts: &mut Amounts) {
    for (name, amount) in requests {
        let is_bare = COMPUTE.contains(&name.as_str()) || name.starts_with("hugepages-");
        if is_bare {
            amounts.insert(name.clone(), *amount);
        }
        if is_bare || name.contains('/') {
            amounts.insert(format!("requests.{name}"), *amount);
        }
    }
    for (name, amount) in limits.iter().filter(|(name, _)| COMPUTE.contains(&name.as_str())) {
        amounts.insert(format!("limits.{name}"), *amount);
    }
}

fn items<'a>(pod: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    pod["spec"][list].as_array().into_iter().flatten()
}

/// All containers together, or the most that is needed on the way there.
fn of_pod(pod: &Value, list: &str) -> Amounts {
    let mut sum = Amounts::new();
    for container in items(pod, "containers") {
        sum = joined(&sum, &read(&container["resources"][list]));
    }
    let (mut staying, mut most) = (Amounts::new(), Amounts::new());
    for container in items(pod, "initContainers") {
        let own = read(&container["resources"][list]);
        let needed = joined(&staying, &own);
        if container["restartPolicy"] == "Always" {
            sum = joined(&sum, &own);
            staying.clone_from(&needed);
        }
        most = larger(&most, &needed);
    }
    let mut whole = larger(&sum, &most);
    whole.extend(read(&pod["spec"]["resources"][list]));
    let mut overhead = read(&pod["spec"]["overhead"]);
    if list == "limits" {
        overhead.retain(|name, _| whole.contains_key(name));
    }
    joined(&whole, &overhead)
}

fn read(amounts: &Value) -> Amounts {
    super::usage::read(amounts)
}

fn joined(one: &Amounts, other: &Amounts) -> Amounts {
    let mut sum = one.clone();
    for (name, amount) in other {
        sum.entry(name.clone()).and_modify(|held| *held = held.plus(*amount)).or_insert(*amount);
    }
    sum
}

fn larger(one: &Amounts, other: &Amounts) -> Amounts {
    let mut most = one.clone();
    for (name, amount) in other {
        let more = |held: &mut Quantity| {
            if amount.nanos() > held.nanos() {
                *held = *amount;
            }
        };
        most.entry(name.clone()).and_modify(more).or_insert(*amount);
    }
    most
}

/// Which limits containers do not name an amount for, in the server's words.
/// A pod that says what it needs as a whole may leave that to itself.
#[must_use]
pub fn missing<'a>(pod: &Value, limited: impl Iterator<Item = &'a str>) -> Option<String> {
    let whole = &pod["spec"]["resources"];
    let is_given = |list: &str| whole[list].as_object().is_some_and(|amounts| !amounts.is_empty());
    if is_given("requests") || is_given("limits") {
        return None;
    }
    let mut limited: Vec<&str> = limited.filter(|name| REQUIRED.contains(name)).collect();
    limited.sort_unstable();
    let mut lacks = Vec::new();
    for name in limited {
        let all = items(pod, "containers").chain(items(pod, "initContainers"));
        let mut containers: Vec<&str> = all
            .filter(|container| !names_amount(container, name))
            .map(|container| container["name"].as_str().unwrap_or_default())
            .collect();
        containers.sort_unstable();
        if !containers.is_empty() {
            lacks.push(format!("{name} for: {}", containers.join(",")));
        }
    }
    (!lacks.is_empty()).then(|| format!("must specify {}", lacks.join("; ")))
}

fn names_amount(container: &Value, limit: &str) -> bool {
    let resources = &container["resources"];
    let mut amounts = Amounts::new();
    add_named(&read(&resources["requests"]), &read(&resources["limits"]), &mut amounts);
    amounts.contains_key(limit)
}
