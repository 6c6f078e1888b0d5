//! What a pod asks for as a whole, beside what its containers ask for.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::resources::device_claims;
use crate::simulator::quantity::Quantity;
use crate::simulator::status::Cause;
use crate::simulator::validation::read::amount;

/// What can be asked for a pod, as the server tells it.
const KNOWN: &[&str] = &["cpu", "hugepages-", "memory"];

/// The requests and limits of a pod.
pub fn of_pod(path: &str, spec: &Value, claims: &BTreeSet<&str>) -> Vec<Cause> {
    let (resources, path) = (&spec["resources"], format!("{path}.resources"));
    let empty = Map::new();
    let list = |name: &str| resources[name].as_object().unwrap_or(&empty);
    let mut causes = Vec::new();
    if !resources["claims"].is_null() {
        let why = "claims may not be set for Resources at pod-level";
        causes.push(Cause::forbidden(format!("{path}.claims"), why));
    }
    for part in ["limits", "requests"] {
        for (name, value) in list(part) {
            let field = format!("{path}.{part}[{name}]");
            if !KNOWN.iter().any(|known| name == *known || known.ends_with('-') && name.starts_with(known)) {
                causes.push(Cause::unsupported(field, name, KNOWN));
            } else if amount(value).is_some_and(|nanos| nanos < 0) {
                causes.push(Cause::invalid(field, value, "must be greater than or equal to 0"));
            }
        }
    }
    for (name, request) in list("requests") {
        if let Some(limit) = list("limits").get(name).filter(|limit| amount(request) > amount(limit)) {
            let why = format!("must be less than or equal to {name} limit of {}", limit.as_str().unwrap_or_default());
            causes.push(Cause::invalid(format!("{path}.requests"), request, &why));
        }
    }
    causes.extend(device_claims(&path, resources, claims));
    for (name, request) in list("requests") {
        causes.extend(aggregate(&format!("{path}.requests[{name}]"), name, request, spec));
    }
    causes
}

/// A pod asks for no less than its containers do together.
fn aggregate(field: &str, name: &str, request: &Value, spec: &Value) -> Option<Cause> {
    let containers = spec["containers"].as_array().into_iter().flatten();
    let asked: Vec<Quantity> = containers
        .filter_map(|container| container["resources"]["requests"][name].as_str().and_then(Quantity::parse))
        .collect();
    let sum = asked.iter().fold(0_i128, |sum, one| sum.saturating_add(one.nanos()));
    if amount(request)? >= sum {
        return None;
    }
    let shown = asked.into_iter().reduce(Quantity::plus)?.canonical();
    Some(Cause::invalid(
        field,
        request,
        &format!("must be greater than or equal to aggregate container requests of {shown}"),
    ))
}
