//! What says how many pods there are to be, or may be missing: autoscalers and
//! disruption budgets.

use serde_json::{Value, json};

use super::read::non_negative;
use super::{metrics, names};
use crate::simulator::status::Cause;

const PERCENT: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or \
    '93%', regex used for validation is '[0-9]+%')";

/// What is wrong with an autoscaler.
pub fn of_autoscaler(autoscaler: &Value) -> Vec<Cause> {
    let spec = &autoscaler["spec"];
    let least = spec["minReplicas"].as_i64();
    let most = spec["maxReplicas"].as_i64().unwrap_or(0);
    let mut causes = Vec::new();
    if let Some(least) = least.filter(|least| *least < 1) {
        causes.push(Cause::invalid("spec.minReplicas", &least.into(), "must be greater than or equal to 1"));
    }
    if most == 0 {
        causes.push(Cause::required("spec.maxReplicas", "must be set and greater than 0"));
    } else if most < 0 {
        causes.push(Cause::invalid("spec.maxReplicas", &most.into(), "must be greater than or equal to 1"));
    }
    if least.is_some_and(|least| most < least) {
        let why = "must be greater than or equal to `minReplicas`";
        causes.push(Cause::invalid("spec.maxReplicas", &most.into(), why));
    }
    causes.extend(reference("spec.scaleTargetRef", &spec["scaleTargetRef"], false));
    let metrics = spec["metrics"].as_array().into_iter().flatten().enumerate();
    causes.extend(metrics.flat_map(|(index, metric)| metrics::of_metric(&format!("spec.metrics[{index}]"), metric)));
    let scales_on_others = |metric: &Value| metric["type"] == "Object" || metric["type"] == "External";
    if least == Some(0) && !spec["metrics"].as_array().into_iter().flatten().any(scales_on_others) {
        let why = "must specify at least one Object or External metric to support scaling to zero replicas";
        causes.push(Cause::forbidden("spec.metrics", why));
    }
    for direction in ["scaleUp", "scaleDown"] {
        causes.extend(metrics::of_rules(&format!("spec.behavior.{direction}"), &spec["behavior"][direction]));
    }
    causes
}

/// What is wrong with a reference to an object by kind and name.
pub(super) fn reference(at: &str, target: &Value, may_be_core: bool) -> Vec<Cause> {
    let text = |name: &str| target[name].as_str().unwrap_or_default();
    let mut causes = Vec::new();
    for name in ["kind", "name"] {
        let field = format!("{at}.{name}");
        if text(name).is_empty() {
            causes.push(Cause::required(field, ""));
        } else {
            causes.extend(names::path_segment(&field, text(name)));
        }
    }
    if !may_be_core && !text("apiVersion").contains('/') {
        let why = "apiVersion must specify API group";
        causes.push(Cause::invalid(format!("{at}.apiVersion"), &text("apiVersion").into(), why));
    }
    causes
}

/// What is wrong with the status of an autoscaler.
pub fn of_status(autoscaler: &Value) -> Vec<Cause> {
    let names = ["currentReplicas", "desiredReplicas"];
    names.into_iter().filter_map(|name| non_negative(&autoscaler["status"][name], &format!("status.{name}"))).collect()
}

/// What is wrong with a disruption budget.
pub fn of_budget(budget: &Value) -> Vec<Cause> {
    let spec = &budget["spec"];
    let mut causes = Vec::new();
    if !spec["minAvailable"].is_null() && !spec["maxUnavailable"].is_null() {
        let shown = json!({
            "MinAvailable": spec["minAvailable"], "Selector": spec["selector"],
            "MaxUnavailable": spec["maxUnavailable"],
            "UnhealthyPodEvictionPolicy": spec["unhealthyPodEvictionPolicy"],
        });
        causes.push(Cause::invalid("spec", &shown, "minAvailable and maxUnavailable cannot be both set"));
    }
    for name in ["minAvailable", "maxUnavailable"] {
        causes.extend(share(&format!("spec.{name}"), &spec[name]));
    }
    if !spec["selector"].is_null() {
        causes.extend(names::selector("spec.selector", &spec["selector"]));
    }
    let known = ["AlwaysAllow", "IfHealthyBudget"];
    if let Some(policy) = spec["unhealthyPodEvictionPolicy"].as_str().filter(|policy| !known.contains(policy)) {
        causes.push(Cause::unsupported("spec.unhealthyPodEvictionPolicy", policy, &known));
    }
    causes
}

/// A number of pods or a percentage of them.
pub(super) fn share(field: &str, value: &Value) -> Option<Cause> {
    let Some(text) = value.as_str() else {
        let is_negative = value.as_i64().is_some_and(|count| count < 0);
        return is_negative.then(|| Cause::invalid(field, value, "must be greater than or equal to 0"));
    };
    match percentage(text) {
        None => Some(Cause::invalid(field, value, PERCENT)),
        Some(digits) => {
            let is_within = digits.parse::<u64>().is_ok_and(|percent| percent <= 100);
            (!is_within).then(|| Cause::invalid(field, value, "must not be greater than 100%"))
        }
    }
}

/// The digits of a percentage.
pub(super) fn percentage(text: &str) -> Option<&str> {
    let digits = text.strip_suffix('%').filter(|digits| !digits.is_empty())?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)
}
