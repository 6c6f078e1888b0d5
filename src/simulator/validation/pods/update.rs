//! What may become of a pod that exists.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::simulator::schema::is_same_spec;
use crate::simulator::status::Cause;
use crate::simulator::validation::read::{items, needed};

/// Seen with 1.36; the real server adds a diff of its own structs.
pub const IMMUTABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
    `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
    tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// Images are missed twice in a changed pod: here, and with the whole of it.
pub fn missing_images(spec: &Value) -> Vec<Cause> {
    let containers = ["containers", "initContainers"].into_iter().flat_map(|list| items(spec, list, "spec"));
    containers.filter_map(|(path, container)| needed(container, "image", &path)).collect()
}

/// Whether a pod's new spec differs only in what may change.
pub fn is_allowed_change(old: &Value, new: &Value) -> bool {
    let bare = |spec: &Value| {
        let mut spec = spec.clone();
        if let Some(fields) = spec.as_object_mut() {
            for name in ["activeDeadlineSeconds", "tolerations"] {
                fields.shift_remove(name);
            }
            for list in ["containers", "initContainers"] {
                for container in fields.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                    if let Some(fields) = container.as_object_mut() {
                        fields.shift_remove("image");
                    }
                }
            }
        }
        spec
    };
    let tolerations = |spec: &Value| spec["tolerations"].as_array().cloned().unwrap_or_default();
    let after: BTreeSet<String> = tolerations(new).iter().map(Value::to_string).collect();
    let kept = tolerations(old).iter().all(|one| after.contains(&one.to_string()));
    kept && is_same_spec("Pod", &bare(old), &bare(new))
}
