//! Objects of other kinds, which a runbook writes whole or in parts: what may be
//! written at all, and what a write means for data.
//!
//! Sets, pods, claims, volumes, Leases and Secrets have verbs of their own with
//! guards of their own, and are refused here by name. So is what nothing in the
//! copy of a plan stands for: a plan could not say what becomes of it.

pub mod apply;
pub mod create;
pub mod delete;
mod governs;
mod harm;
pub mod owned;
pub mod patch;
pub mod sayable;
mod told;

use serde_json::Value;

use self::harm::{Sayer, harmless};
use super::error::EffectError;
use super::request::FIELD_MANAGER;
use crate::objects::kinds::ObjectRef;

/// The object as it could be made once more: without what the server keeps for itself.
fn cleaned(object: &Value) -> Value {
    let mut clean = object.clone();
    if let Some(fields) = clean.as_object_mut() {
        fields.shift_remove("status");
    }
    if let Some(metadata) = clean["metadata"].as_object_mut() {
        for field in [
            "uid",
            "resourceVersion",
            "generation",
            "creationTimestamp",
            "managedFields",
            "selfLink",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ] {
            metadata.shift_remove(field);
        }
    }
    clean
}

/// Somebody is taking it away: what is written to it goes with it.
fn stays(object: &Value) -> Result<(), EffectError> {
    if object["metadata"]["deletionTimestamp"].is_null() { Ok(()) } else { Err(EffectError::Terminating) }
}

/// Whether we have written to it before.
fn is_ours(object: &Value) -> bool {
    super::apply::managers(object).contains(&FIELD_MANAGER)
}

fn changed_since(object: &ObjectRef, fields: &[super::Difference]) -> EffectError {
    let paths: Vec<_> = fields.iter().map(|field| format!("`{}`", field.path)).collect();
    EffectError::Guarded {
        code: "changed-since",
        why: format!("somebody has changed {} since", paths.join(", ")),
        hint: look_at(object),
    }
}

/// Everything else is somebody's decision.
fn look_at(object: &ObjectRef) -> String {
    let (kind, namespace, name) = (object.kind.plural, &object.namespace, &object.name);
    format!("look at it and decide yourself: kubectl get {kind} {name} -n {namespace} -o yaml --show-managed-fields")
}

/// One that goes because we made it must hold nothing that others have written.
/// Labels and annotations of others, and the status, are no matter.
fn written_by_others(it: &ObjectRef, object: &Value) -> Result<(), EffectError> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let fields = |entry: &Value| entry["fieldsV1"].as_object().cloned().unwrap_or_default();
    let of_its_own =
        |entry: &Value| fields(entry).keys().any(|key| !["f:metadata", "f:status"].contains(&key.as_str()));
    let other = entries
        .filter(|entry| entry["manager"] != FIELD_MANAGER && of_its_own(entry))
        .find_map(|entry| entry["manager"].as_str());
    let why = match other {
        Some(other) => format!("`{other}` has written fields of it since"),
        None if is_ours(object) => return Ok(()),
        None => "nobody can tell who has written it by now".to_owned(),
    };
    Err(EffectError::Guarded { code: "changed-since", why, hint: look_at(it) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::objects::kinds::ApiKind;

    #[test]
    fn what_others_have_written_besides_labels_and_the_status_stays() {
        let of = |managers: &[(&str, &str)]| {
            let entry = |(manager, field): &(&str, &str)| json!({ "manager": manager, "fieldsV1": { *field: {} } });
            let it = ObjectRef { kind: ApiKind::named("ConfigMap").unwrap(), namespace: "n".into(), name: "c".into() };
            written_by_others(
                &it,
                &json!({ "metadata": { "managedFields": managers.iter().map(entry).collect::<Vec<_>>() } }),
            )
        };
        assert!(of(&[(FIELD_MANAGER, "f:data"), ("cloud", "f:metadata"), ("controller", "f:status")]).is_ok());
        let other = of(&[(FIELD_MANAGER, "f:data"), ("kubectl-edit", "f:data")]).unwrap_err();
        assert_eq!(other.to_string(), "`kubectl-edit` has written fields of it since");
        assert!(of(&[("cloud", "f:metadata")]).is_err() && of(&[]).is_err());
    }
}
