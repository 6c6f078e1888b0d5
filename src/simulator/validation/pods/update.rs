//! What may become of the spec of a pod that exists.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{scheduling, spec};
use crate::simulator::schema::is_same_spec;
use crate::simulator::status::Cause;
use crate::simulator::validation::read::{items, needed, text};

/// Seen with 1.36; the real server adds a diff of its own structs.
const IMMUTABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
    `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
    tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// The whole new spec, then what of it is new, in the server's order.
pub fn of_change(old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = spec::of_any("spec", new, true);
    for list in ["containers", "initContainers"] {
        if items(old, list, "spec").len() != items(new, list, "spec").len() {
            let why = "pod updates may not add or remove containers";
            causes.push(Cause::forbidden(format!("spec.{list}"), why));
            return causes;
        }
        causes.extend(items(new, list, "spec").into_iter().filter_map(|(path, one)| needed(one, "image", &path)));
        causes.extend(spec::spaced_images(new, list));
    }
    if let Some(cause) = deadline(old, new) {
        let is_gone = new["activeDeadlineSeconds"].is_null();
        causes.push(cause);
        if !is_gone {
            return causes;
        }
    }
    tolerations(old, new, &mut causes);
    gates(old, new, &mut causes);
    if !is_allowed(old, new, &mut causes) {
        causes.push(Cause::forbidden("spec", IMMUTABLE));
    }
    causes
}

/// A deadline may be set and come nearer.
fn deadline(old: &Value, new: &Value) -> Option<Cause> {
    let field = "spec.activeDeadlineSeconds";
    let (before, after) = (old["activeDeadlineSeconds"].as_i64(), &new["activeDeadlineSeconds"]);
    match (before, after.as_i64()) {
        (_, Some(seconds)) if !(0..=i64::from(i32::MAX)).contains(&seconds) => {
            let why = format!("must be between 0 and {}, inclusive", i32::MAX);
            Some(Cause::invalid(field, after, &why))
        }
        (Some(before), Some(seconds)) if before < seconds => {
            Some(Cause::invalid(field, after, "must be less than or equal to previous value"))
        }
        (Some(_), None) => Some(Cause::invalid(field, after, "must not update from a positive integer to nil value")),
        (None | Some(_), Some(_)) | (None, None) => None,
    }
}

/// Tolerations stay, but for how long they tolerate; others may be added.
fn tolerations(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let timeless = |spec: &Value| -> Vec<Value> {
        let mut list = spec["tolerations"].as_array().cloned().unwrap_or_default();
        for fields in list.iter_mut().filter_map(Value::as_object_mut) {
            fields.shift_remove("tolerationSeconds");
        }
        list
    };
    let kept: BTreeSet<String> = timeless(new).iter().map(Value::to_string).collect();
    if timeless(old).iter().all(|one| kept.contains(&one.to_string())) {
        scheduling::tolerations("spec", new, causes);
    } else {
        let why = "existing toleration can not be modified except its tolerationSeconds";
        causes.push(Cause::forbidden("spec.tolerations", why));
    }
}

/// Gates are taken away, never put up.
fn gates(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let known = items(old, "schedulingGates", "spec");
    for (path, gate) in items(new, "schedulingGates", "spec") {
        let name = text(gate, "name");
        if !known.iter().any(|(_, known)| text(known, "name") == name) {
            let why = format!("only deletion is allowed, but found new scheduling gate '{name}'");
            causes.push(Cause::forbidden(format!("{path}.name"), &why));
        }
    }
}

/// Whether the rest of the spec stayed. A pod that is held back by gates may
/// still become choosier about its node.
fn is_allowed(old: &Value, new: &Value, causes: &mut Vec<Cause>) -> bool {
    let (mut before, mut after) = (fixed(old), fixed(new));
    if !items(old, "schedulingGates", "spec").is_empty() {
        if before["nodeSelector"] != after["nodeSelector"] {
            causes.extend(narrowed(&before["nodeSelector"], &after["nodeSelector"]));
        }
        let had_none =
            before.pointer("/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution").is_none();
        for spec in [&mut before, &mut after] {
            take(spec, "nodeSelector");
            if let Some(affinity) = spec.get_mut("affinity").filter(|_| had_none) {
                take(affinity, "nodeAffinity");
                if affinity.as_object().is_some_and(serde_json::Map::is_empty) {
                    take(spec, "affinity");
                }
            }
        }
    }
    is_same_spec("Pod", &before, &after)
}

fn narrowed(old: &Value, new: &Value) -> Option<Cause> {
    let is_kept = old.as_object().into_iter().flatten().all(|(key, value)| new[key] == *value);
    let why = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
    (!is_kept).then(|| Cause::invalid("spec.nodeSelector", new, why))
}

fn take(value: &mut Value, name: &str) {
    if let Some(fields) = value.as_object_mut() {
        fields.shift_remove(name);
    }
}

/// The spec without what may change or was looked at.
fn fixed(spec: &Value) -> Value {
    let mut spec = spec.clone();
    for name in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
        take(&mut spec, name);
    }
    if spec["terminationGracePeriodSeconds"].as_i64().is_some_and(|seconds| seconds < 0) {
        spec["terminationGracePeriodSeconds"] = 1.into();
    }
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            take(container, "image");
        }
    }
    spec
}
