//! Which defaults a kind has, and the one primitive that all of them use.

use serde_json::Value;

use super::{kinds, others, pods};
use crate::objects::kinds::ApiKind;

/// Fills in the defaults of a kind.
pub fn apply(kind: &ApiKind, object: &mut Value) {
    match kind.kind {
        "CustomResourceDefinition" => others::definition(object),
        "Namespace" => kinds::namespace(object),
        "Node" => kinds::node(object),
        "StorageClass" => kinds::storage_class(object),
        "Secret" => kinds::secret(object),
        "PersistentVolume" => kinds::persistent_volume(object),
        "PersistentVolumeClaim" => kinds::persistent_volume_claim(object),
        "Service" => kinds::service(object),
        "PriorityClass" => set(object, "preemptionPolicy", "PreemptLowerPriority"),
        "StatefulSet" => kinds::stateful_set(object),
        "EndpointSlice" => kinds::endpoint_slice(object),
        "Endpoints" => kinds::endpoints(object),
        "RoleBinding" | "ClusterRoleBinding" => others::binding(object),
        "HorizontalPodAutoscaler" => others::autoscaler(object),
        "Pod" => pods::pod(object),
        _ => {}
    }
}

/// Sets a field that is absent or null; does nothing on what is no object.
pub(super) fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(fields) = object.as_object_mut()
        && fields.get(name).is_none_or(Value::is_null)
    {
        fields.insert(name.to_owned(), value.into());
    }
}

/// Sets a field that is absent, null, zero or empty.
pub(super) fn set_empty(object: &mut Value, name: &str, value: impl Into<Value>) {
    let is_empty = match &object[name] {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    };
    if is_empty && let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
}

/// The items of a list, to be changed.
pub(super) fn items<'a>(object: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    object.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten()
}
