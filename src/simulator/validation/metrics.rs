//! What an autoscaler goes by: its metrics with their targets, and how fast it
//! may act on them.

use serde_json::Value;

use super::read::text;
use super::{names, scaling};
use crate::simulator::quantity::Quantity;
use crate::simulator::status::Cause;

/// The kinds of sources, as `type` and as the field that goes with it, in the
/// order in which they are looked at.
const SOURCES: &[(&str, &str)] = &[
    ("Object", "object"),
    ("External", "external"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
];

const TYPES: &[&str] = &["ContainerResource", "External", "Object", "Pods", "Resource"];

const TWO_TARGETS: &str = "may not set both a target raw value and a target utilization";

/// What is wrong with one metric.
pub fn of_metric(at: &str, metric: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let kind = text(metric, "type");
    let unsupported = || Cause::unsupported(format!("{at}.type"), kind, TYPES);
    if kind.is_empty() {
        causes.push(Cause::required(format!("{at}.type"), "must specify a metric source type"));
    }
    if !TYPES.contains(&kind) {
        causes.push(unsupported());
    }
    let present: Vec<&str> =
        SOURCES.iter().map(|(_, field)| *field).filter(|field| !metric[*field].is_null()).collect();
    if let Some(first) = present.first() {
        causes.extend(of_source(&format!("{at}.{first}"), first, &metric[*first]));
    }
    let expected = SOURCES.iter().find(|(name, _)| *name == kind).map(|(_, field)| *field);
    match expected {
        None => causes.push(unsupported()),
        Some(field) if metric[field].is_null() => {
            let why = "must populate information for the given metric source";
            causes.push(Cause::required(format!("{at}.{field}"), why));
        }
        Some(_) => {}
    }
    if present.len() != 1 {
        let others = present.into_iter().filter(|field| Some(*field) != expected);
        let why = "must populate the given metric source only";
        causes.extend(others.map(|field| Cause::forbidden(format!("{at}.{field}"), why)));
    }
    causes
}

fn of_source(at: &str, field: &str, source: &Value) -> Vec<Cause> {
    let target = &source["target"];
    let is_set = |name: &str| !target[name].is_null();
    let mut causes = match field {
        "object" => [
            scaling::reference(&format!("{at}.describedObject"), &source["describedObject"], true),
            of_name(at, &source["metric"]),
        ]
        .concat(),
        "external" | "pods" => of_name(at, &source["metric"]),
        _ => of_resource(at, field, source),
    };
    causes.extend(of_target(&format!("{at}.target"), target));
    let missing = |name: &str, why: &str| Cause::required(format!("{at}.target.{name}"), why);
    let excess = |name: &str, why: &str| Cause::forbidden(format!("{at}.target.{name}"), why);
    match field {
        "object" if !is_set("value") && !is_set("averageValue") => {
            causes.push(missing("averageValue", "must set either a target value or averageValue"));
        }
        "external" if !is_set("value") && !is_set("averageValue") => {
            let why = "must set either a target value for metric or a per-pod target";
            causes.push(missing("averageValue", why));
        }
        "external" if is_set("value") && is_set("averageValue") => {
            causes.push(excess("value", "may not set both a target value for metric and a per-pod target"));
        }
        "pods" if !is_set("averageValue") => {
            causes.push(missing("averageValue", "must specify a positive target averageValue"));
        }
        "object" | "external" | "pods" => {}
        _ if !is_set("averageUtilization") && !is_set("averageValue") => {
            causes.push(missing("averageUtilization", "must set either a target raw value or a target utilization"));
        }
        _ if is_set("averageUtilization") && is_set("averageValue") => {
            causes.push(excess("averageValue", TWO_TARGETS));
        }
        _ => {}
    }
    causes
}

fn of_resource(at: &str, field: &str, source: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if text(source, "name").is_empty() {
        causes.push(Cause::required(format!("{at}.name"), "must specify a resource name"));
    }
    if field == "containerResource" {
        match text(source, "container") {
            "" => causes.push(Cause::required(format!("{at}.container"), "must specify a container")),
            name => causes.extend(names::label(&format!("{at}.container"), name)),
        }
    }
    causes
}

fn of_name(at: &str, metric: &Value) -> Vec<Cause> {
    let field = format!("{at}.metric.name");
    match text(metric, "name") {
        "" => vec![Cause::required(field, "must specify a metric name")],
        name => names::path_segment(&field, name),
    }
}

fn of_target(at: &str, target: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let kind = text(target, "type");
    if kind.is_empty() {
        causes.push(Cause::required(format!("{at}.type"), "must specify a metric target type"));
    }
    if !matches!(kind, "Utilization" | "Value" | "AverageValue") {
        let why = "must be either Utilization, Value, or AverageValue";
        causes.push(Cause::invalid(format!("{at}.type"), &kind.into(), why));
    }
    for name in ["value", "averageValue"] {
        let amount = target[name].as_str().and_then(Quantity::parse);
        if amount.is_some_and(|amount| amount.nanos() <= 0) {
            causes.push(Cause::invalid(format!("{at}.{name}"), &target[name], "must be positive"));
        }
    }
    let share = &target["averageUtilization"];
    if share.as_i64().is_some_and(|share| share < 1) {
        causes.push(Cause::invalid(format!("{at}.averageUtilization"), share, "must be greater than 0"));
    }
    causes
}

/// What is wrong with the rules for one direction.
pub fn of_rules(at: &str, rules: &Value) -> Vec<Cause> {
    if rules.is_null() {
        return Vec::new();
    }
    let mut causes = Vec::new();
    let window = &rules["stabilizationWindowSeconds"];
    let field = format!("{at}.stabilizationWindowSeconds");
    if window.as_i64().is_some_and(|seconds| seconds < 0) {
        causes.push(Cause::invalid(field.as_str(), window, "must be greater than or equal to zero"));
    }
    if window.as_i64().is_some_and(|seconds| seconds > 3600) {
        causes.push(Cause::invalid(field, window, "must be less than or equal to 3600"));
    }
    let known = ["Disabled", "Max", "Min"];
    if let Some(policy) = rules["selectPolicy"].as_str().filter(|policy| !known.contains(policy)) {
        causes.push(Cause::unsupported(format!("{at}.selectPolicy"), policy, &known));
    }
    let policies = rules["policies"].as_array().map_or(&[][..], Vec::as_slice);
    if policies.is_empty() {
        causes.push(Cause::required(format!("{at}.policies"), "must specify at least one Policy"));
    }
    for (index, policy) in policies.iter().enumerate() {
        causes.extend(of_policy(&format!("{at}.policies[{index}]"), policy));
    }
    causes
}

fn of_policy(at: &str, policy: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let known = ["Percent", "Pods"];
    if !known.contains(&text(policy, "type")) {
        causes.push(Cause::unsupported(format!("{at}.type"), text(policy, "type"), &known));
    }
    for name in ["value", "periodSeconds"] {
        let number = policy[name].as_i64().unwrap_or(0);
        if number <= 0 {
            causes.push(Cause::invalid(format!("{at}.{name}"), &number.into(), "must be greater than zero"));
        }
        if name == "periodSeconds" && number > 1800 {
            causes.push(Cause::invalid(format!("{at}.{name}"), &number.into(), "must be less than or equal to 1800"));
        }
    }
    causes
}
