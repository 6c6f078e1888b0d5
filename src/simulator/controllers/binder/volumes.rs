//! One pass over one volume: its phase (PV-33), what becomes of it when its
//! claim is gone (PV-34, PV-40), and bonds that went elsewhere (PV-36).

use serde_json::{Value, json};

use super::bind::set_volume_phase;
use super::matching::modes_differ;
use super::{BOUND_BY_CONTROLLER, Binding, PROVISIONED_BY};
use crate::simulator::controllers::fields::Fields;
use crate::simulator::controllers::migrated::{self, is_migrated};
use crate::simulator::controllers::{EventType, Step};

/// Keeps a volume of an in-tree provisioner until its asset is gone (PV-43).
const IN_TREE: &str = "kubernetes.io/pv-controller";

impl Binding<'_> {
    pub(super) fn sync_volume(&self, volume: &Value) -> Step {
        let mut step = Step::default();
        if migrated::note(volume, &mut step) {
            return step;
        }
        let reference = &volume["spec"]["claimRef"];
        let uid = reference.text("/uid");
        if uid.is_empty() {
            set_volume_phase(volume, "Available", "", &mut step);
            return step;
        }
        let claim = self
            .view
            .get("PersistentVolumeClaim", reference.text("/namespace"), reference.text("/name"))
            .filter(|claim| claim.uid() == uid);
        let Some(claim) = claim else {
            release(volume, &mut step);
            return step;
        };
        let named = claim.text("/spec/volumeName");
        if named == volume.name() {
            set_volume_phase(volume, "Bound", "", &mut step);
        } else if named.is_empty() {
            // The claim's own pass finishes this bond, unless it cannot.
            if modes_differ(volume, &claim) {
                self.tell_mode_mismatch(volume, &claim, &mut step);
            }
        } else if volume.annotation(PROVISIONED_BY).is_some()
            && volume.text("/spec/persistentVolumeReclaimPolicy") == "Delete"
        {
            release(volume, &mut step);
        } else {
            unbind(volume, &mut step);
        }
        step
    }

    fn tell_mode_mismatch(&self, volume: &Value, claim: &Value, step: &mut Step) {
        let message = format!(
            "Cannot bind PersistentVolume to requested PersistentVolumeClaim {:?} due to incompatible volumeMode.",
            claim.name()
        );
        step.event_once(self.view, volume, EventType::Warning, "VolumeMismatch", message);
        let message = format!(
            "Cannot bind PersistentVolume {:?} to requested PersistentVolumeClaim due to incompatible volumeMode.",
            volume.name()
        );
        step.event_once(self.view, claim, EventType::Warning, "VolumeMismatch", message);
    }
}

/// Released, then reclaimed by policy. Released never becomes Available by
/// itself (PV-34).
fn release(volume: &Value, step: &mut Step) {
    let failed = volume.phase() == "Failed";
    if !failed {
        set_volume_phase(volume, "Released", "", step);
    }
    match volume.text("/spec/persistentVolumeReclaimPolicy") {
        "" | "Retain" => {}
        "Delete" => delete(volume, step),
        "Recycle" => recycle(volume, step),
        _ => fail(volume, "VolumeUnknownReclaimPolicy", "Volume has unrecognized PersistentVolumeReclaimPolicy", step),
    }
}

/// The controller's own deleters: only hostPath volumes below `/tmp`. Volumes
/// of a driver are left to that driver's provisioner.
fn delete(volume: &Value, step: &mut Step) {
    let external =
        volume.annotation(PROVISIONED_BY).is_some_and(|by| !by.is_empty() && !by.starts_with("kubernetes.io/"));
    if external || is_migrated(volume) || volume["spec"]["csi"].is_object() {
        return;
    }
    if volume.terminating() {
        if volume.has_finalizer(IN_TREE) {
            step.patch_unchanged(volume, json!({ "metadata": { "finalizers": volume.finalizers_without(IN_TREE) } }));
        }
        return;
    }
    let path = volume.text("/spec/hostPath/path");
    if path.is_empty() {
        let name = volume.name();
        let message =
            format!("error getting deleter volume plugin for volume {name:?}: no deletable volume plugin matched");
        fail(volume, "VolumeFailedDelete", &message, step);
    } else if path.strip_prefix("/tmp/").is_some_and(|rest| !rest.is_empty()) {
        step.delete(volume, None);
    } else {
        let message = format!("host_path deleter only supports /tmp/.+ but received provided {path}");
        fail(volume, "VolumeFailedDelete", &message, step);
    }
}

/// The scrub pod of a recycled volume is not simulated: it succeeds at once.
fn recycle(volume: &Value, step: &mut Step) {
    if !volume["spec"]["hostPath"].is_object() && !volume["spec"]["nfs"].is_object() {
        fail(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!", step);
        return;
    }
    step.event(volume, EventType::Normal, "VolumeRecycled", "Volume recycled");
    unbind(volume, step);
}

fn fail(volume: &Value, reason: &str, message: &str, step: &mut Step) {
    if volume.phase() != "Failed" {
        set_volume_phase(volume, "Failed", message, step);
        step.event(volume, EventType::Warning, reason, message);
    }
}

/// A bond that the controller made is undone; of one that the user made only
/// the UID goes, so that the reservation stands (PV-36).
fn unbind(volume: &Value, step: &mut Step) {
    let patch = if volume.annotation(BOUND_BY_CONTROLLER).is_some() {
        json!({ "metadata": { "annotations": { BOUND_BY_CONTROLLER: null } }, "spec": { "claimRef": null } })
    } else {
        json!({ "spec": { "claimRef": { "uid": null } } })
    };
    step.patch_unchanged(volume, patch);
    step.patch_status(volume, json!({ "phase": "Available", "message": null }));
}
