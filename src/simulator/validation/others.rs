//! Kinds with few rules of their own: budgets, nodes, revisions, attachments.

use std::collections::BTreeSet;

use serde_json::Value;

use super::read::{amount, items, needed, non_negative, one_of, range, text, texts};
use super::{names, volumes};
use crate::simulator::status::Cause;

/// The counters of a budget.
pub fn of_budget_status(budget: &Value) -> Vec<Cause> {
    let names = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"];
    names.into_iter().filter_map(|name| non_negative(&budget["status"][name], &format!("status.{name}"))).collect()
}

/// A node; its taints are told under its metadata.
pub fn of_node(node: &Value) -> Vec<Cause> {
    let mut causes = taints(node);
    causes.extend(capacity(node));
    causes.extend(ranges(node));
    causes
}

/// Ranges of the node's pods: one of each family.
fn ranges(node: &Value) -> Vec<Cause> {
    let listed = texts(&node["spec"], "podCIDRs", "spec");
    let mut causes: Vec<Cause> = listed.iter().filter_map(|(path, text)| range(text, path)).collect();
    let families: BTreeSet<bool> = listed.iter().map(|(_, range)| range.contains(':')).collect();
    if listed.len() > families.len() {
        let why = "may specify no more than one CIDR for each IP family";
        causes.push(Cause::invalid("spec.podCIDRs", &node["spec"]["podCIDRs"], why));
    }
    causes
}

/// What keeps a namespace from going.
pub fn of_namespace(namespace: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (_, name) in texts(&namespace["spec"], "finalizers", "spec") {
        causes.extend(names::qualified("spec.finalizers", name));
        if !name.contains('/') && !matches!(name, "kubernetes" | "orphan" | "foregroundDeletion") {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            causes.push(Cause::invalid("spec.finalizers", &name.into(), why));
        }
    }
    causes
}

fn taints(node: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut seen = BTreeSet::new();
    for (path, taint) in items(&node["spec"], "taints", "metadata") {
        let (key, effect) = (text(taint, "key"), text(taint, "effect"));
        causes.extend(names::qualified(&format!("{path}.key"), key));
        causes.extend(names::label_value(&format!("{path}.value"), text(taint, "value")));
        if effect.is_empty() {
            causes.extend(needed(taint, "effect", &path));
        } else {
            causes.extend(one_of(taint, "effect", &path, &["NoSchedule", "PreferNoSchedule", "NoExecute"]));
        }
        if !seen.insert((key, effect)) {
            let shown =
                serde_json::json!({"Key": key, "Value": text(taint, "value"), "Effect": effect, "TimeAdded": null});
            let message = format!("Duplicate value: {shown}: taints must be unique by key and effect pair");
            causes.push(Cause { reason: "FieldValueDuplicate", message, field: path });
        }
    }
    causes
}

fn capacity(node: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for list in ["capacity", "allocatable"] {
        for (name, value) in node["status"][list].as_object().into_iter().flatten() {
            let field = format!("status.{list}.{name}");
            let Some(nanos) = amount(value) else { continue };
            if nanos < 0 {
                causes.push(Cause::invalid(field.as_str(), value, "must be greater than or equal to 0"));
            }
            if name == "pods" && nanos % 1_000_000_000 != 0 {
                causes.push(Cause::invalid(field, value, "must be an integer"));
            }
        }
    }
    causes
}

/// What of a node is settled once.
pub fn of_node_change(old: &Value, new: &Value) -> Vec<Cause> {
    let (before, after) = (&old["spec"], &new["spec"]);
    let mut causes = capacity(new);
    let ranges = |spec: &Value| spec["podCIDRs"].as_array().cloned().unwrap_or_default();
    let (had, has) = (ranges(before), ranges(after));
    let why = "node updates may not change podCIDR except from \"\" to valid";
    if !had.is_empty() {
        let changed =
            if had.len() == has.len() { had.iter().zip(&has).filter(|(had, has)| had != has).count() } else { 1 };
        causes.extend((0..changed).map(|_| Cause::forbidden("spec.podCIDRs", why)));
    }
    if !text(before, "providerID").is_empty() && before["providerID"] != after["providerID"] {
        let why = "node updates may not change providerID except from \"\" to valid";
        causes.push(Cause::forbidden("spec.providerID", why));
    }
    causes.extend(taints(new));
    causes
}

/// A revision of a set.
pub fn of_revision(revision: &Value) -> Vec<Cause> {
    non_negative(&revision["revision"], "revision").into_iter().collect()
}

/// The data of a new revision, which are never looked at again.
pub fn of_revision_data(revision: &Value) -> Option<Cause> {
    match &revision["data"] {
        Value::Object(_) => None,
        Value::Null => Some(Cause::required("data", "data is mandatory")),
        _ => Some(Cause::required("data", "data must be a valid JSON object")),
    }
}

/// An attachment of a volume to a node.
pub fn of_attachment(attachment: &Value) -> Vec<Cause> {
    let spec = &attachment["spec"];
    let mut causes = volumes::driver("spec.attacher", text(spec, "attacher"));
    let volume = &spec["source"]["persistentVolumeName"];
    let field = "spec.source.persistentVolumeName";
    let one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    match (volume.as_str(), spec["source"]["inlineVolumeSpec"].is_null()) {
        (None, true) => causes.push(Cause::required("spec.source", one)),
        (Some(_), false) => causes.push(Cause::forbidden("spec.source", one)),
        (Some(""), true) => causes.push(Cause::required(field, "must specify non empty persistentVolumeName")),
        (Some(_), true) | (None, false) => {}
    }
    causes.extend(names::subdomain("spec.nodeName", text(spec, "nodeName")));
    if let Some(name) = volume.as_str() {
        causes.extend(names::subdomain(field, name));
    }
    causes
}

/// The phase of a namespace follows its deletion.
pub fn of_namespace_status(namespace: &Value) -> Option<Cause> {
    let (phase, why) = if namespace["metadata"]["deletionTimestamp"].is_null() {
        ("Active", "may only be 'Active' if `deletionTimestamp` is empty")
    } else {
        ("Terminating", "may only be 'Terminating' if `deletionTimestamp` is not empty")
    };
    let found = &namespace["status"]["phase"];
    (found != phase).then(|| Cause::invalid("status.Phase", found, why))
}
