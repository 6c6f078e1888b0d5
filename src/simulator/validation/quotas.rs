//! Checks of ResourceQuotas: the names and amounts of their limits.

use std::collections::BTreeSet;

use serde_json::{Value, json};

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
    let limits = limits.flat_map(|(name, amount)| of_limit("spec.hard", name, amount));
    limits.chain(of_scopes(quota)).chain(of_selector(quota)).collect()
}

/// What a quota may be confined to.
const SCOPES: &[&str] = &[
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "VolumeAttributesClass",
    "CrossNamespacePodAffinity",
];

/// Whether a scope says anything about what is limited.
fn is_about(scope: &str, limit: &str) -> bool {
    let compute = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
    match scope {
        "BestEffort" => limit == "pods",
        "VolumeAttributesClass" => matches!(limit, "persistentvolumeclaims" | "requests.storage"),
        known if SCOPES.contains(&known) => limit == "pods" || compute.contains(&limit),
        _ => true,
    }
}

fn standard_limits(quota: &Value) -> impl Iterator<Item = &str> {
    let limits = quota["spec"]["hard"].as_object().into_iter().flatten();
    limits.map(|(name, _)| name.as_str()).filter(|name| STANDARD.iter().any(|(known, _)| known == name))
}

/// How many pairs of scopes there are that no pod can fit both of.
fn opposed(scopes: &[&str]) -> usize {
    let pairs = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];
    pairs.iter().filter(|pair| pair.iter().all(|one| scopes.contains(one))).count()
}

fn of_scopes(quota: &Value) -> Vec<Cause> {
    let shown = &quota["spec"]["scopes"];
    let wrong = |why: &str| Cause::invalid("spec.scopes", shown, why);
    let scopes: Vec<&str> = shown.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut causes = Vec::new();
    for scope in &scopes {
        if !SCOPES.contains(scope) {
            causes.push(wrong("unsupported scope"));
        }
        let foreign = standard_limits(quota).filter(|limit| !is_about(scope, limit));
        causes.extend(foreign.map(|_| wrong("unsupported scope applied to resource")));
    }
    causes.extend((0..opposed(&scopes)).map(|_| wrong("conflicting scopes")));
    causes
}

fn of_selector(quota: &Value) -> Vec<Cause> {
    let selector = &quota["spec"]["scopeSelector"];
    let at = "spec.scopeSelector.matchExpressions";
    let terms: Vec<&Value> = selector["matchExpressions"].as_array().into_iter().flatten().collect();
    let in_go =
        |term: &&Value| json!({"ScopeName": term["scopeName"], "Operator": term["operator"], "Values": term["values"]});
    let shown = json!({"MatchExpressions": terms.iter().map(in_go).collect::<Vec<_>>()});
    let mut causes = Vec::new();
    for term in &terms {
        let scope = term["scopeName"].as_str().unwrap_or_default();
        let operator = &term["operator"];
        if !SCOPES.contains(&scope) {
            causes.push(Cause::invalid(format!("{at}.scopeName"), &scope.into(), "unsupported scope"));
        }
        let foreign = standard_limits(quota).filter(|limit| !is_about(scope, limit));
        causes.extend(foreign.map(|_| Cause::invalid(at, &shown, "unsupported scope applied to resource")));
        let is_plain = SCOPES.contains(&scope) && !matches!(scope, "PriorityClass" | "VolumeAttributesClass");
        if is_plain && operator != "Exists" {
            let why = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                       ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort \
                       or ResourceQuotaScopeCrossNamespacePodAffinity";
            causes.push(Cause::invalid(format!("{at}.operator"), operator, why));
        }
        let has_values = term["values"].as_array().is_some_and(|values| !values.is_empty());
        match operator.as_str() {
            Some("In" | "NotIn") if !has_values => {
                let why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
                causes.push(Cause::required(format!("{at}.values"), why));
            }
            Some("Exists" | "DoesNotExist") if has_values => {
                let why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
                causes.push(Cause::invalid(format!("{at}.values"), &term["values"], why));
            }
            Some("In" | "NotIn" | "Exists" | "DoesNotExist") => {}
            Some(_) | None => {
                causes.push(Cause::invalid(format!("{at}.operator"), operator, "not a valid selector operator"));
            }
        }
    }
    let scopes: Vec<&str> = terms.iter().filter_map(|term| term["scopeName"].as_str()).collect();
    let wrong = |_| Cause::invalid("spec.scopes", &Value::Null, "conflicting scopes");
    causes.extend((0..opposed(&scopes)).map(wrong));
    causes
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

/// What is wrong with what a quota is said to hold.
pub fn of_status(quota: &Value) -> Vec<Cause> {
    let lists = ["hard", "used"].into_iter();
    let of_list = |list: &str| -> Vec<Cause> {
        let amounts = quota["status"][list].as_object().into_iter().flatten();
        amounts.flat_map(|(name, amount)| of_limit(&format!("status.{list}"), name, amount)).collect()
    };
    lists.flat_map(of_list).collect()
}

fn of_limit(list: &str, name: &str, amount: &Value) -> Vec<Cause> {
    let field = format!("{list}[{name}]");
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
