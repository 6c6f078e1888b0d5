//! What a write comes to: nothing, the end of the object, or another generation.

use serde_json::{Map, Value};

use crate::objects::kinds::ApiKind;
use crate::simulator::patch::managed_fields::Managed;
use crate::simulator::request::Part;
use crate::simulator::schema::is_same_spec;
use crate::simulator::writer::Writer;

/// Kinds whose objects count the changes of their spec.
pub fn has_generation(kind: &ApiKind) -> bool {
    let known = matches!(
        kind.kind,
        "StatefulSet" | "Pod" | "PodDisruptionBudget" | "EndpointSlice" | "CustomResourceDefinition" | "PriorityClass"
    );
    known || kind.is_custom()
}

/// Whether a write would change nothing; times of ownership do not count.
pub fn is_same(old: &Value, new: &Value, managed: &Managed) -> bool {
    are_equal(old, new, &["metadata"])
        && are_equal(&old["metadata"], &new["metadata"], &["managedFields", "resourceVersion", "selfLink"])
        && managed.are_those_of(old)
}

/// Whether two objects have the same fields but for these.
fn are_equal(one: &Value, other: &Value, but: &[&str]) -> bool {
    let (Some(one), Some(other)) = (one.as_object(), other.as_object()) else { return one == other };
    let count = |fields: &Map<String, Value>| fields.keys().filter(|name| !but.contains(&name.as_str())).count();
    count(one) == count(other)
        && one.iter().all(|(name, value)| but.contains(&name.as_str()) || other.get(name) == Some(value))
}

/// A terminating object without finalizers and without grace is gone. What
/// still holds a namespace stands in its spec.
pub fn is_finished(object: &Value) -> bool {
    let meta = &object["metadata"];
    let is_empty = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
    let is_held = object["kind"] == "Namespace" && !is_empty(&object["spec"]["finalizers"]);
    !meta["deletionTimestamp"].is_null()
        && meta["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0
        && is_empty(&meta["finalizers"])
        && !is_held
}

pub fn changes_generation(writer: &Writer, old: &Value, new: &Value) -> bool {
    if writer.kind.is_custom() {
        let mut names = old.as_object().into_iter().chain(new.as_object()).flat_map(Map::keys);
        return writer.part != Part::Status
            && names.any(|name| !matches!(&**name, "metadata" | "apiVersion") && old.get(name) != new.get(name));
    }
    match writer.kind.kind {
        "EndpointSlice" => {
            let is_other = |name: &&str| old.get(*name) != new.get(*name);
            ["endpoints", "ports", "addressType"].iter().any(is_other)
                || old["metadata"]["labels"] != new["metadata"]["labels"]
        }
        _ => !is_same_spec(writer.kind.kind, &old["spec"], &new["spec"]),
    }
}
