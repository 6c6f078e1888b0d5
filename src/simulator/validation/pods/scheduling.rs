//! Where a pod wants to run: affinities, tolerations, spread over zones.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::simulator::status::Cause;
use crate::simulator::validation::names;
use crate::simulator::validation::read::{items, one_of, positive, text, texts};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// Affinity to nodes and pods, and aversion to pods.
pub fn affinity(path: &str, affinity: &Value, causes: &mut Vec<Cause>) {
    let nodes = &affinity["nodeAffinity"];
    let field = format!("{path}.nodeAffinity");
    if nodes[REQUIRED].is_object() {
        causes.extend(node_selector(&format!("{field}.{REQUIRED}"), &nodes[REQUIRED]));
    }
    for (path, term) in items(nodes, PREFERRED, &field) {
        causes.extend(weight(&path, term));
        node_term(&format!("{path}.preference"), &term["preference"], false, causes);
    }
    for name in ["podAffinity", "podAntiAffinity"] {
        let (field, pods) = (format!("{path}.{name}"), &affinity[name]);
        for (path, term) in items(pods, REQUIRED, &field) {
            pod_term(&path, term, causes);
        }
        for (path, term) in items(pods, PREFERRED, &field) {
            causes.extend(weight(&path, term));
            pod_term(&format!("{path}.podAffinityTerm"), &term["podAffinityTerm"], causes);
        }
    }
}

fn weight(path: &str, term: &Value) -> Option<Cause> {
    let weight = term["weight"].as_i64().unwrap_or(0);
    let why = "must be in the range 1-100";
    (!(1..=100).contains(&weight)).then(|| Cause::invalid(format!("{path}.weight"), &weight.into(), why))
}

/// A selector of nodes, of which one term must hold.
pub fn node_selector(path: &str, selector: &Value) -> Vec<Cause> {
    let terms = items(selector, "nodeSelectorTerms", path);
    if terms.is_empty() {
        return vec![Cause::required(format!("{path}.nodeSelectorTerms"), "must have at least one node selector term")];
    }
    let mut causes = Vec::new();
    for (path, term) in terms {
        node_term(&path, term, true, &mut causes);
    }
    causes
}

fn node_term(path: &str, term: &Value, with_values: bool, causes: &mut Vec<Cause>) {
    for (path, one) in items(term, "matchExpressions", path) {
        let values = texts(one, "values", &path);
        let field = format!("{path}.values");
        match text(one, "operator") {
            "In" | "NotIn" if values.is_empty() => {
                causes.push(Cause::required(field, "must be specified when `operator` is 'In' or 'NotIn'"));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                causes.push(Cause::forbidden(field, why));
            }
            "Gt" | "Lt" if values.len() != 1 => {
                causes.push(Cause::required(field, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
            other => causes.push(unknown_operator(&path, other)),
        }
        causes.extend(names::qualified(&format!("{path}.key"), text(one, "key")));
        if with_values {
            causes.extend(values.iter().filter_map(|(path, value)| names::label_value(path, value)));
        }
    }
    for (path, one) in items(term, "matchFields", path) {
        let values = texts(one, "values", &path);
        match text(one, "operator") {
            "In" | "NotIn" if values.len() != 1 => {
                let why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                causes.push(Cause::required(format!("{path}.values"), why));
            }
            "In" | "NotIn" => {}
            other => causes.push(unknown_operator(&path, other)),
        }
        let key = text(one, "key");
        if key == "metadata.name" {
            causes.extend(values.iter().flat_map(|(path, value)| names::subdomain(path, value)));
        } else {
            causes.push(Cause::invalid(format!("{path}.key"), &key.into(), "not a valid field selector key"));
        }
    }
}

fn unknown_operator(path: &str, operator: &str) -> Cause {
    Cause::invalid(format!("{path}.operator"), &operator.into(), "not a valid selector operator")
}

fn pod_term(path: &str, term: &Value, causes: &mut Vec<Cause>) {
    label_keys(path, term, causes);
    for name in ["labelSelector", "namespaceSelector"] {
        causes.extend(names::selector(&format!("{path}.{name}"), &term[name]));
    }
    for (_, namespace) in texts(term, "namespaces", path) {
        causes.extend(names::label(&format!("{path}.namespace"), namespace));
    }
    let key = text(term, "topologyKey");
    let field = format!("{path}.topologyKey");
    if key.is_empty() {
        causes.push(Cause::required(field.as_str(), "can not be empty"));
    }
    causes.extend(names::qualified(&field, key));
}

/// Labels whose values are the pod's own.
fn label_keys(path: &str, holder: &Value, causes: &mut Vec<Cause>) {
    let others: BTreeSet<&str> =
        holder["mismatchLabelKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for name in ["matchLabelKeys", "mismatchLabelKeys"] {
        let keys = texts(holder, name, path);
        if !keys.is_empty() && holder["labelSelector"].is_null() {
            let why = "must not be specified when labelSelector is not set";
            causes.push(Cause::forbidden(format!("{path}.{name}"), why));
            continue;
        }
        for (field, key) in keys {
            causes.extend(names::qualified(&field, key));
            if name == "matchLabelKeys" && others.contains(key) {
                let why = "exists in both matchLabelKeys and mismatchLabelKeys";
                causes.push(Cause::invalid(field, &key.into(), why));
            }
        }
    }
}

/// What a taint does to pods.
fn taint_effect(path: &str, holder: &Value) -> Option<Cause> {
    one_of(holder, "effect", path, EFFECTS)
}

/// Taints that a pod bears.
pub fn tolerations(path: &str, spec: &Value, causes: &mut Vec<Cause>) {
    for (path, toleration) in items(spec, "tolerations", path) {
        let (key, value, operator) = (text(toleration, "key"), text(toleration, "value"), text(toleration, "operator"));
        if key.is_empty() {
            if operator != "Exists" {
                let why = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
                causes.push(Cause::invalid(format!("{path}.operator"), &operator.into(), why));
            }
        } else {
            causes.extend(names::qualified(&format!("{path}.key"), key));
        }
        let effect = text(toleration, "effect");
        if !toleration["tolerationSeconds"].is_null() && effect != "NoExecute" {
            let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            causes.push(Cause::invalid(format!("{path}.effect"), &effect.into(), why));
        }
        let field = format!("{path}.operator");
        match operator {
            "" | "Equal" => causes.extend(names::label_value(&field, value)),
            "Exists" if value.is_empty() => {}
            "Exists" => {
                let why = "value must be empty when `operator` is 'Exists'";
                causes.push(Cause::invalid(field, &value.into(), why));
            }
            "Lt" | "Gt" => {
                causes.push(Cause::unsupported(field, operator, &["Equal", "Exists", "Lt", "Gt"]));
            }
            other => causes.push(Cause::unsupported(field, other, &["Equal", "Exists"])),
        }
        if !effect.is_empty() {
            causes.extend(taint_effect(&path, toleration));
        }
    }
}

/// How pods spread over nodes or zones.
pub fn spread(path: &str, spec: &Value, causes: &mut Vec<Cause>) {
    let constraints = items(spec, "topologySpreadConstraints", path);
    let pair = |one: &Value| (text(one, "topologyKey").to_owned(), text(one, "whenUnsatisfiable").to_owned());
    let mut to_come: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (_, one) in &constraints {
        to_come.entry(pair(one)).and_modify(|count| *count = count.saturating_add(1)).or_default();
    }
    for (path, one) in &constraints {
        causes.extend(positive(&one["maxSkew"], &format!("{path}.maxSkew")));
        if text(one, "topologyKey").is_empty() {
            causes.push(Cause::required(format!("{path}.topologyKey"), "can not be empty"));
        }
        let (key, action) = (text(one, "topologyKey"), text(one, "whenUnsatisfiable"));
        let known = &["DoNotSchedule", "ScheduleAnyway"];
        if !known.contains(&action) {
            causes.push(Cause::unsupported(format!("{path}.whenUnsatisfiable"), action, known));
        }
        if let Some(more) = to_come.get_mut(&pair(one)).filter(|more| **more > 0) {
            *more = more.saturating_sub(1);
            let field = format!("{path}.{{topologyKey, whenUnsatisfiable}}");
            causes.push(Cause::duplicate(field, &format!("{{{key}, {action}}}")));
        }
        if !one["minDomains"].is_null() {
            let field = format!("{path}.minDomains");
            causes.extend(positive(&one["minDomains"], &field));
            if action != "DoNotSchedule" {
                let why = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
                causes.push(Cause::invalid(field, &one["minDomains"], &why));
            }
        }
        for name in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            causes.extend(one_of(one, name, path, &["Honor", "Ignore"]));
        }
        label_keys(path, one, causes);
        causes.extend(names::selector(&format!("{path}.labelSelector"), &one["labelSelector"]));
    }
}
