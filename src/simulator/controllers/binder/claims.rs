//! One pass over one claim: unbound (PV-03, PV-14, PV-20) or bound before
//! (PV-32).

use std::sync::Arc;

use serde_json::{Value, json};

use super::bind::{bind, set_claim_status};
use super::matching::{best, class_object, class_of, delayed, mismatch, reserved_for};
use super::{BOUND_BY_CONTROLLER, Binding, PROVISIONER, PROVISIONER_BETA, SELECTED_NODE, bound_once};
use crate::simulator::controllers::fields::Fields;
use crate::simulator::controllers::migrated::{self, driver_of_former};
use crate::simulator::controllers::{EventType, Step, View};

const NOTHING_TO_BIND: &str = "no persistent volumes available for this claim and no storage class is set";

impl Binding<'_> {
    pub(super) fn sync_claim(&self, claim: &Value) -> Step {
        let mut step = Step::default();
        if migrated::note(claim, &mut step) {
            return step;
        }
        let named = claim.text("/spec/volumeName");
        if bound_once(claim) {
            self.sync_bound(claim, named, &mut step);
        } else if named.is_empty() {
            self.sync_unbound(claim, &mut step);
        } else {
            self.sync_named(claim, named, &mut step);
        }
        step
    }

    fn volume(&self, name: &str) -> Option<Arc<Value>> {
        self.view.get("PersistentVolume", "", name)
    }

    fn sync_bound(&self, claim: &Value, named: &str, step: &mut Step) {
        let volume = self.volume(named);
        let (reason, message) = match &volume {
            _ if named.is_empty() => {
                ("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")
            }
            None => ("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"),
            Some(volume) => {
                let reference = &volume["spec"]["claimRef"];
                if !reference.is_object() || reference["uid"] == claim.uid() {
                    bind(volume, claim, step);
                    return;
                }
                ("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")
            }
        };
        if claim.phase() != "Lost" {
            set_claim_status(claim, "Lost", None, step);
            step.event(claim, EventType::Warning, reason, message);
        }
    }

    /// A claim whose user asked for a volume by name (PV-20).
    fn sync_named(&self, claim: &Value, named: &str, step: &mut Step) {
        let Some(volume) = self.volume(named) else {
            set_claim_status(claim, "Pending", None, step);
            return;
        };
        if reserved_for(&volume, claim) {
            bind(&volume, claim, step);
            return;
        }
        if volume["spec"]["claimRef"].is_object() {
            let message = format!("volume {named:?} already bound to a different claim.");
            step.event_once(self.view, claim, EventType::Warning, "FailedBinding", message);
            if claim.annotation(BOUND_BY_CONTROLLER).is_none() {
                set_claim_status(claim, "Pending", None, step);
            }
            return;
        }
        match mismatch(&volume, claim) {
            None => bind(&volume, claim, step),
            Some(reason) => {
                let message = format!("Cannot bind to requested volume {named:?}: {reason}");
                step.event_once(self.view, claim, EventType::Warning, "VolumeMismatch", message);
                set_claim_status(claim, "Pending", None, step);
            }
        }
    }

    fn sync_unbound(&self, claim: &Value, step: &mut Step) {
        let delayed = delayed(self.view, claim);
        if let Some(volume) = best(claim, &self.view.list("PersistentVolume"), delayed).cloned() {
            bind(&volume, claim, step);
            return;
        }
        if let Some(class) = late_default(self.view, claim) {
            step.patch_unchanged(claim, json!({ "spec": { "storageClassName": class } }));
            return;
        }
        if delayed && claim.annotation(SELECTED_NODE).is_none() {
            let (reason, message) = waiting(self.view, claim);
            step.event_once(self.view, claim, EventType::Normal, reason, message);
        } else if class_of(claim).is_empty() {
            step.event_once(self.view, claim, EventType::Normal, "FailedBinding", NOTHING_TO_BIND);
        } else {
            provision(self.view, claim, step);
        }
        set_claim_status(claim, "Pending", None, step);
    }
}

/// The default class for a claim that names none, not even the empty one
/// (PV-11): the newest of several, then by name (PV-12).
fn late_default(view: &dyn View, claim: &Value) -> Option<String> {
    let unset = claim["spec"]["storageClassName"].is_null()
        && claim.annotation("volume.beta.kubernetes.io/storage-class").is_none();
    if !unset {
        return None;
    }
    let marked = |class: &Value| {
        ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
            .iter()
            .any(|key| class.annotation(key) == Some("true"))
    };
    let mut classes = view.list("StorageClass");
    classes.retain(|class| marked(class));
    classes.sort_by(|one, other| {
        let created = |class: &Value| class.instant("/metadata/creationTimestamp");
        created(other).cmp(&created(one)).then_with(|| one.name().cmp(other.name()))
    });
    classes.first().map(|class| class.name().to_owned())
}

fn waiting(view: &dyn View, claim: &Value) -> (&'static str, String) {
    let pods: Vec<String> = view
        .pods_with(claim.namespace(), claim.name())
        .iter()
        .filter(|pod| pod.text("/spec/nodeName").is_empty())
        .map(|pod| pod.name().to_owned())
        .collect();
    match pods.as_slice() {
        [] => ("WaitForFirstConsumer", "waiting for first consumer to be created before binding".to_owned()),
        [pod] => ("WaitForPodScheduled", format!("waiting for pod {pod} to be scheduled")),
        several => ("WaitForPodScheduled", format!("waiting for pods {} to be scheduled", several.join(","))),
    }
}

/// Asks the class's provisioner for a volume (PV-14, PV-15).
fn provision(view: &dyn View, claim: &Value, step: &mut Step) {
    let Some(class) = class_object(view, claim) else {
        let message = format!("storageclass.storage.k8s.io {:?} not found", class_of(claim));
        step.event_once(view, claim, EventType::Warning, "ProvisioningFailed", message);
        return;
    };
    let named = class.text("/provisioner");
    let provisioner = driver_of_former(named).unwrap_or(named);
    if provisioner.starts_with("kubernetes.io/") {
        let error = format!("no volume plugin matched name: {provisioner}");
        step.event_once(view, claim, EventType::Warning, "ProvisioningFailed", error);
        return;
    }
    if claim.annotation(PROVISIONER) != Some(provisioner) || claim.annotation(PROVISIONER_BETA) != Some(provisioner) {
        let annotations = json!({ PROVISIONER_BETA: provisioner, PROVISIONER: provisioner });
        step.patch_unchanged(claim, json!({ "metadata": { "annotations": annotations } }));
    }
    let message = format!(
        "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the \
         system administrator. If volume creation is delayed, please verify that the provisioner is running and \
         correctly registered."
    );
    step.event_once(view, claim, EventType::Normal, "ExternalProvisioning", message);
}
