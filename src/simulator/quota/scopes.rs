//! Scopes: quotas that are about some pods only.

use serde_json::Value;

use crate::objects::kinds::ApiKind;
use crate::simulator::admission::quality;

/// Whether a quota is about this object, as far as its scopes go. Only pods
/// have properties that scopes ask for.
#[must_use]
pub fn take(quota: &Value, kind: &ApiKind, object: &Value) -> bool {
    let spec = &quota["spec"];
    let mut scopes = spec["scopes"].as_array().into_iter().flatten().map(|name| (name, &Value::Null));
    let mut terms = spec["scopeSelector"]["matchExpressions"].as_array().into_iter().flatten();
    let fits = |name: &Value, term: &Value| kind.kind == "Pod" && fits(name.as_str().unwrap_or_default(), term, object);
    scopes.all(|(name, term)| fits(name, term)) && terms.all(|term| fits(&term["scopeName"], term))
}

/// A pod that is meant to end at some time.
#[must_use]
pub fn is_short_lived(pod: &Value) -> bool {
    pod["spec"]["activeDeadlineSeconds"].as_i64().is_some_and(|seconds| seconds >= 0)
}

fn fits(scope: &str, term: &Value, pod: &Value) -> bool {
    match scope {
        "Terminating" => is_short_lived(pod),
        "NotTerminating" => !is_short_lived(pod),
        "BestEffort" => quality(pod) == "BestEffort",
        "NotBestEffort" => quality(pod) != "BestEffort",
        "PriorityClass" => of_class(term, pod),
        "CrossNamespacePodAffinity" => reaches_out(pod),
        _ => false,
    }
}

fn of_class(term: &Value, pod: &Value) -> bool {
    let class = pod["spec"]["priorityClassName"].as_str().filter(|name| !name.is_empty());
    let is_listed = || {
        let listed = term["values"].as_array().into_iter().flatten();
        listed.filter_map(Value::as_str).any(|name| Some(name) == class)
    };
    match term["operator"].as_str() {
        Some("In") => class.is_some() && is_listed(),
        Some("NotIn") => class.is_none() || !is_listed(),
        Some("DoesNotExist") => class.is_none(),
        // A scope by its name alone asks for any class.
        Some(_) | None => class.is_some(),
    }
}

fn reaches_out(pod: &Value) -> bool {
    ["podAffinity", "podAntiAffinity"].into_iter().any(|name| {
        let affinity = &pod["spec"]["affinity"][name];
        let list = |list: &str| affinity[list].as_array().into_iter().flatten();
        let required = list("requiredDuringSchedulingIgnoredDuringExecution");
        let preferred = list("preferredDuringSchedulingIgnoredDuringExecution").map(|one| &one["podAffinityTerm"]);
        required.chain(preferred).any(|term| {
            term["namespaces"].as_array().is_some_and(|names| !names.is_empty()) || !term["namespaceSelector"].is_null()
        })
    })
}
