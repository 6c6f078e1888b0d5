//! Checks of ResourceQuotas: the names and amounts of their limits.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names;
use crate::simulator::quantity::Quantity;
use crate::simulator::status::Cause;

/// Limits whose names have no slash, and whether they are whole numbers.
const STANDARD: &[(&str, bool)] = &[
    ("cpu", false),
    ("memory", false),
    ("ephemeral-storage", false),
    ("requests.cpu", false),
    ("requests.memory", false),
    ("requests.storage", false),
    ("requests.ephemeral-storage", false),
    ("limits.cpu", false),
    ("limits.memory", false),
    ("limits.ephemeral-storage", false),
    ("pods", true),
    ("resourcequotas", true),
    ("services", true),
    ("services.nodeports", true),
    ("services.loadbalancers", true),
    ("replicationcontrollers", true),
    ("secrets", true),
    ("configmaps", true),
    ("persistentvolumeclaims", true),
];

/// What is wrong with the limits of a quota.
pub fn of_quota(quota: &Value) -> Vec<Cause> {
    let limits = quota["spec"]["hard"].as_object().into_iter().flatten();
    limits.flat_map(|(name, amount)| of_limit(name, amount)).collect()
}

/// The scopes of a quota stay, in whatever order.
pub fn of_change(old: &Value, new: &Value) -> Vec<Cause> {
    let scopes = |quota: &Value| {
        let scopes = quota["spec"]["scopes"].as_array().into_iter().flatten();
        scopes.filter_map(Value::as_str).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    if scopes(old) == scopes(new) {
        return Vec::new();
    }
    vec![Cause::invalid("spec.scopes", &new["spec"]["scopes"], "field is immutable")]
}

fn of_limit(name: &str, amount: &Value) -> Vec<Cause> {
    let field = format!("spec.hard[{name}]");
    let known = STANDARD.iter().find(|(known, _)| *known == name);
    let is_named_in_full = name.contains('/');
    let mut causes = names::qualified(&field, name);
    if causes.is_empty() && !is_named_in_full && known.is_none() && !name.starts_with("hugepages-") {
        for why in ["must be a standard resource type or fully qualified", "must be a standard resource for quota"] {
            causes.push(Cause::invalid(field.as_str(), &name.into(), why));
        }
    }
    let Some(read) = amount.as_str().and_then(Quantity::parse) else { return causes };
    let is_whole = known.map_or(is_named_in_full && !name.contains("kubernetes.io/"), |(_, is_whole)| *is_whole);
    if read.nanos() < 0 {
        causes.push(Cause::invalid(field.as_str(), amount, "must be greater than or equal to 0"));
    }
    if is_whole && read.nanos() % 1_000_000_000 != 0 {
        causes.push(Cause::invalid(field, amount, "must be an integer"));
    }
    causes
}
