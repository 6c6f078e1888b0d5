//! The writes that make a bond, in the order of PV-30. Each is left out if it
//! has been done, so an interrupted bond is finished by a later look.

use serde_json::{Map, Value, json};

use super::matching::reserved_for;
use super::{BIND_COMPLETED, BOUND_BY_CONTROLLER};
use crate::simulator::controllers::Step;
use crate::simulator::controllers::amount::amount;
use crate::simulator::controllers::fields::Fields;

/// Volume to claim, volume phase, claim to volume, claim status.
pub(super) fn bind(volume: &Value, claim: &Value, step: &mut Step) {
    if let Some(patch) = volume_patch(volume, claim) {
        step.patch_unchanged(volume, patch);
    }
    set_volume_phase(volume, "Bound", "", step);
    bind_claim(claim, volume.name(), step);
    set_claim_status(claim, "Bound", Some(volume), step);
}

/// The `claimRef` with the claim's UID, and the annotation that the controller
/// chose the volume, if it did (PV-31).
pub(in crate::simulator::controllers) fn volume_patch(volume: &Value, claim: &Value) -> Option<Value> {
    let reference = &volume["spec"]["claimRef"];
    let chosen = !reserved_for(volume, claim);
    let mut patch = Map::new();
    if chosen && volume.annotation(BOUND_BY_CONTROLLER).is_none() {
        patch.insert("metadata".into(), json!({ "annotations": { BOUND_BY_CONTROLLER: "yes" } }));
    }
    if chosen || reference.text("/uid") != claim.uid() {
        patch.insert("spec".into(), json!({ "claimRef": claim_reference(claim) }));
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

fn claim_reference(claim: &Value) -> Value {
    let mut reference = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": claim.namespace(),
        "name": claim.name(),
        "uid": claim.uid(),
    });
    let version = claim.text("/metadata/resourceVersion");
    if !version.is_empty() {
        reference["resourceVersion"] = json!(version);
    }
    reference
}

fn bind_claim(claim: &Value, volume: &str, step: &mut Step) {
    let mut annotations = Map::new();
    let mut patch = Map::new();
    if claim.text("/spec/volumeName") != volume {
        patch.insert("spec".into(), json!({ "volumeName": volume }));
        if claim.annotation(BOUND_BY_CONTROLLER).is_none() {
            annotations.insert(BOUND_BY_CONTROLLER.into(), json!("yes"));
        }
    }
    if claim.annotation(BIND_COMPLETED).is_none() {
        annotations.insert(BIND_COMPLETED.into(), json!("yes"));
    }
    if !annotations.is_empty() {
        patch.insert("metadata".into(), json!({ "annotations": annotations }));
    }
    if !patch.is_empty() {
        step.patch_unchanged(claim, Value::Object(patch));
    }
}

/// Writes a volume's phase if it is another one.
pub(super) fn set_volume_phase(volume: &Value, phase: &str, message: &str, step: &mut Step) {
    if volume.phase() != phase {
        let message = if message.is_empty() { Value::Null } else { json!(message) };
        step.patch_status(volume, json!({ "phase": phase, "message": message }));
    }
}

/// Writes a claim's phase, and access modes and capacity as its volume has
/// them (PV-07) or none. The capacity is only taken over on the way to Bound:
/// afterwards it belongs to resizing.
pub(super) fn set_claim_status(claim: &Value, phase: &str, volume: Option<&Value>, step: &mut Step) {
    let mut status = Map::new();
    if claim.phase() != phase {
        status.insert("phase".into(), json!(phase));
    }
    let modes = volume.map_or(&Value::Null, |volume| &volume["spec"]["accessModes"]);
    if claim["status"]["accessModes"] != *modes {
        status.insert("accessModes".into(), modes.clone());
    }
    let held = &claim["status"]["capacity"];
    match volume {
        None if !held.is_null() => {
            status.insert("capacity".into(), Value::Null);
        }
        Some(volume) if claim.phase() != phase => {
            let capacity = &volume["spec"]["capacity"];
            if held.is_null() || amount(held.text("/storage")) != amount(capacity.text("/storage")) {
                status.insert("capacity".into(), capacity.clone());
            }
        }
        None | Some(_) => {}
    }
    if !status.is_empty() {
        step.patch_status(claim, Value::Object(status));
    }
}
