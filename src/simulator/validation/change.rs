//! Checks of a change: metadata that never changes, then what each kind lets
//! be changed, then the whole new object again.

use serde_json::Value;

use super::{pods, quotas, services, sets, volumes};
use crate::objects::kinds::ApiKind;
use crate::simulator::request::Part;
use crate::simulator::status::Cause;
use crate::simulator::writer::Writer;

/// Metadata that the client may not change; what it left out does not count.
pub fn of_metadata(old: &Value, new: &Value) -> Vec<Cause> {
    let (before, after) = (&old["metadata"], &new["metadata"]);
    let mut causes = Vec::new();
    for name in ["name", "namespace", "uid"] {
        let is_given = after[name].as_str().is_some_and(|value| !value.is_empty());
        if is_given && after[name] != before[name] {
            causes.push(Cause::invalid(format!("metadata.{name}"), &after[name], "field is immutable"));
        }
    }
    for name in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        if before["deletionTimestamp"].is_null() && !after[name].is_null() {
            causes.push(Cause::invalid(format!("metadata.{name}"), &after[name], "field is immutable"));
        }
    }
    if !before["deletionTimestamp"].is_null() {
        let known: Vec<&Value> = before["finalizers"].as_array().into_iter().flatten().collect();
        let fresh: Vec<String> = after["finalizers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|name| !known.contains(name))
            .map(Value::to_string)
            .collect();
        if !fresh.is_empty() {
            let why = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                fresh.join(", ")
            );
            causes.push(Cause::forbidden("metadata.finalizers", &why));
        }
    }
    causes.extend(super::names::owners("metadata.ownerReferences", &after["ownerReferences"]));
    // The real server checks metadata twice and reports it twice.
    causes.iter().cloned().chain(causes.iter().cloned()).collect()
}

/// What may not become of this object.
pub fn of_change(writer: &Writer, old: &Value, new: &Value) -> Vec<Cause> {
    match writer.part {
        Part::Whole => of_whole(writer.kind, old, new),
        Part::Status if writer.kind.kind == "StatefulSet" => sets::of_status(new, old),
        Part::Status | Part::Scale | Part::Binding | Part::Eviction | Part::Finalize => Vec::new(),
    }
}

fn of_whole(kind: &ApiKind, old: &Value, new: &Value) -> Vec<Cause> {
    let causes = match kind.kind {
        "StatefulSet" => of_set(old, new),
        "Pod" if !pods::is_allowed_change(&old["spec"], &new["spec"]) => {
            vec![Cause::forbidden("spec", pods::IMMUTABLE)]
        }
        "Service" => services::of_change(old, new),
        "PersistentVolumeClaim" => volumes::of_claim_change(old, new),
        "PersistentVolume" => volumes::of_volume_change(old, new),
        "ResourceQuota" => quotas::of_quota(new),
        "StorageClass" => volumes::of_class_change(old, new),
        "Secret" | "ConfigMap" => of_data(old, new),
        "ControllerRevision" if old.get("data") != new.get("data") => {
            vec![Cause::invalid("data", &new["data"], "field is immutable")]
        }
        _ => Vec::new(),
    };
    let whole = super::create::of_new(kind, new);
    // Which comes first, and that volumes are checked twice, is the real
    // server's habit.
    match kind.kind {
        "Service" => [causes, whole].concat(),
        "Pod" if !causes.is_empty() => causes,
        "PersistentVolume" => [whole.clone(), whole, causes].concat(),
        _ => [whole, causes].concat(),
    }
}

fn of_set(old: &Value, new: &Value) -> Vec<Cause> {
    let fixed = |set: &Value| {
        let mut spec = set["spec"].clone();
        if let Some(fields) = spec.as_object_mut() {
            fields.retain(|name, _| !sets::MUTABLE.contains(&name.as_str()));
        }
        spec
    };
    if fixed(old) == fixed(new) { Vec::new() } else { vec![Cause::forbidden("spec", sets::IMMUTABLE)] }
}

fn of_data(old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if old["kind"] == "Secret" && old["type"] != new["type"] {
        causes.push(Cause::invalid("type", &new["type"], "field is immutable"));
    }
    if old["immutable"] == true {
        for name in ["immutable", "data", "binaryData"] {
            let is_changed = if name == "immutable" { new[name] != true } else { old.get(name) != new.get(name) };
            if is_changed {
                causes.push(Cause::forbidden(name, "field is immutable when `immutable` is set"));
            }
        }
    }
    causes
}
