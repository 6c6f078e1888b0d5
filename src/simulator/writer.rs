//! Who writes, through which endpoint, and what that endpoint leaves as it is.

use serde_json::Value;

use super::patch::field_set::FieldSet;
use super::patch::managed_fields::{Operation, Owner};
use super::request::Part;
use crate::objects::kinds::ApiKind;

/// Who writes what, and whether for real.
#[derive(Clone, Debug)]
pub struct Writer {
    pub kind: &'static ApiKind,
    pub part: Part,
    pub manager: String,
    pub operation: Operation,
    pub dry_run: bool,
}

impl Writer {
    /// The entry in `managedFields` that this write goes under.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner {
            operation: self.operation,
            manager: self.manager.clone(),
            api_version: self.kind.api_version(),
            subresource: self.part.name().to_owned(),
        }
    }

    /// The fields that this endpoint leaves as they are.
    #[must_use]
    pub fn reset(&self) -> FieldSet {
        match self.part {
            Part::Whole if self.kind.has_status => FieldSet::of_path(&["status"]),
            Part::Status if self.kind.kind == "Pod" => FieldSet::of_path(&["spec"])
                .union(FieldSet::of_path(&["metadata", "deletionTimestamp"]))
                .union(FieldSet::of_path(&["metadata", "ownerReferences"])),
            Part::Status if self.kind.kind == "VolumeAttachment" || self.kind.is_custom() => {
                FieldSet::of_path(&["spec"]).union(FieldSet::of_path(&["metadata"]))
            }
            Part::Status => FieldSet::of_path(&["spec"]),
            Part::Whole | Part::Scale | Part::Binding | Part::Eviction | Part::Finalize | Part::Log => {
                FieldSet::default()
            }
        }
    }
}

/// Sets or, with `Null`, removes a metadata field.
pub fn set_meta(object: &mut Value, name: &str, value: Value) {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        if value.is_null() {
            meta.shift_remove(name);
        } else {
            meta.insert(name.to_owned(), value);
        }
    }
}

/// Keeps the parts that this endpoint does not write.
pub fn carry_over(writer: &Writer, old: &Value, new: &mut Value) {
    let kept: &[&str] = match writer.part {
        Part::Whole if writer.kind.has_status => &["status"],
        // A custom object has more than spec and status, and none of it is written here.
        Part::Status if writer.kind.is_custom() => {
            keep_all_but_status(old, new);
            &[]
        }
        Part::Status => &["spec"],
        Part::Finalize => &["status"],
        Part::Whole | Part::Scale | Part::Binding | Part::Eviction | Part::Log => &[],
    };
    if let Some(fields) = new.as_object_mut() {
        for name in kept {
            match old.get(name) {
                Some(value) => fields.insert((*name).to_owned(), value.clone()),
                None => fields.shift_remove(*name),
            };
        }
    }
    if writer.part == Part::Status && writer.kind.kind == "Pod" {
        set_meta(new, "ownerReferences", old["metadata"]["ownerReferences"].clone());
        set_meta(new, "deletionTimestamp", Value::Null);
        if new["status"]["qosClass"].as_str().unwrap_or_default().is_empty() {
            new["status"]["qosClass"] = old["status"]["qosClass"].clone();
        }
    }
    if writer.part == Part::Whole && writer.kind.kind == "Namespace" {
        new["spec"] = old["spec"].clone();
    }
}

fn keep_all_but_status(old: &Value, new: &mut Value) {
    let status = new.as_object_mut().and_then(|fields| fields.shift_remove("status"));
    *new = old.clone();
    if let Some(fields) = new.as_object_mut() {
        fields.shift_remove("status");
        fields.extend(status.map(|status| ("status".to_owned(), status)));
    }
}

/// Metadata that the server takes from the old object without a word, whatever
/// the new one says.
pub fn fill_metadata(old: &Value, new: &mut Value) {
    let before = &old["metadata"];
    for name in ["generation", "creationTimestamp"] {
        set_meta(new, name, before[name].clone());
    }
    for name in ["name", "namespace"] {
        if new["metadata"][name].as_str().unwrap_or_default().is_empty() {
            set_meta(new, name, before[name].clone());
        }
    }
}

/// Metadata that the server alone writes, and that updates may leave out.
pub fn carry_metadata(old: &Value, new: &mut Value) {
    for name in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
    ] {
        set_meta(new, name, old["metadata"][name].clone());
    }
    set_meta(new, "managedFields", Value::Null);
}
