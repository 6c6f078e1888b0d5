//! The resizer: a bound claim that asks for more gets it, first in its volume,
//! then, while a pod runs with it, in its file system (PV-57).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::amount::amount;
use super::binder::{PROVISIONED_BY, class_of, is_bound};
use super::fields::{Fields, claim_names, targets, with_condition};
use super::kubelet::{AS_CAPTURED, is_up};
use super::migrated::driver_and_handle;
use super::provisioner::driver_of;
use super::{Change, Controller, EventType, Keyed, Step, Target, View};

/// The resizer beside one provisioner, or beside all.
#[derive(Clone, Debug)]
pub struct Resizer {
    provisioner: Option<String>,
}

impl Resizer {
    /// A resizer for the volumes of the driver of `provisioner`.
    pub fn new(provisioner: &str) -> Self {
        Self { provisioner: Some(provisioner.to_owned()) }
    }

    /// A resizer for every volume of a driver.
    pub fn of_all() -> Self {
        Self { provisioner: None }
    }

    fn owns(&self, volume: &Value) -> bool {
        match &self.provisioner {
            Some(own) => {
                volume.text("/spec/csi/driver") == driver_of(own) || volume.annotation(PROVISIONED_BY) == Some(own)
            }
            None => driver_and_handle(volume).is_some(),
        }
    }
}

impl Controller for Resizer {
    fn name(&self) -> &'static str {
        "external-resizer"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        match change.kind {
            "PersistentVolumeClaim" => change.after.is_some_and(wants_more),
            "Pod" => change.after.is_some_and(|pod| pod.phase() == "Running"),
            "Node" => change.before.is_some_and(is_up) != change.after.is_some_and(is_up),
            kind => matches!(kind, "PersistentVolume" | "StorageClass"),
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }
}

impl Keyed for Resizer {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        targets(&view.list("PersistentVolumeClaim"))
    }

    fn concerned(&self, _view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        let object = change.after?;
        let claim = |namespace: &str, name: &str| Target {
            kind: "PersistentVolumeClaim".to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        match change.kind {
            "PersistentVolumeClaim" => Some(vec![object.target()]),
            "PersistentVolume" => {
                let reference = &object["spec"]["claimRef"];
                Some(vec![claim(reference.text("/namespace"), reference.text("/name"))])
            }
            "Pod" => Some(claim_names(object).iter().map(|name| claim(object.namespace(), name)).collect()),
            _ => None,
        }
    }

    fn passes_about(&self, view: &dyn View, target: &Target, now: Timestamp) -> Vec<Step> {
        let claim = view.get(&target.kind, &target.namespace, &target.name);
        claim.and_then(|claim| self.grow(view, &claim, now)).into_iter().collect()
    }
}

impl Resizer {
    fn grow(&self, view: &dyn View, claim: &Value, now: Timestamp) -> Option<Step> {
        if !wants_more(claim) {
            return None;
        }
        let wanted = claim.text("/spec/resources/requests/storage");
        let volume = view.get("PersistentVolume", "", claim.text("/spec/volumeName"))?;
        let class = view.get("StorageClass", "", class_of(claim));
        if !self.owns(&volume) || !class.is_some_and(|class| class["allowVolumeExpansion"] == true) {
            return None;
        }
        let mut step = Step::default();
        if amount(volume.text("/spec/capacity/storage")) < amount(wanted) {
            grow_volume(claim, &volume, wanted, now, &mut step);
        } else if in_use(view, claim) {
            let left = claim.items("/status/conditions").iter().filter(|held| !of_resizing(held));
            let conditions: Vec<&Value> = left.collect();
            let conditions = if conditions.is_empty() { Value::Null } else { json!(conditions) };
            // It may have been asked for more meanwhile than it is asked for now.
            let made = &volume["spec"]["capacity"]["storage"];
            step.patch_status(claim, json!({ "capacity": { "storage": made }, "conditions": conditions }));
            let message = "MountVolume.NodeExpandVolume succeeded for volume";
            step.event(claim, EventType::Normal, "FileSystemResizeSuccessful", message);
        } else if !claim.holds("FileSystemResizePending") {
            let message = "Waiting for user to (re-)start a pod to finish file system resize of volume on node.";
            set_condition(claim, "FileSystemResizePending", message, now, &mut step);
            step.event(
                claim,
                EventType::Normal,
                "FileSystemResizeRequired",
                "Require file system resize of volume on node",
            );
        }
        Some(step).filter(|step| !step.is_idle())
    }
}

/// A bound claim that asks for more than it has, and was not copied as one that
/// asks in vain.
fn wants_more(claim: &Value) -> bool {
    let wanted = claim.text("/spec/resources/requests/storage");
    let held = claim.text("/status/capacity/storage");
    wanted != held
        && is_bound(claim)
        && claim.phase() == "Bound"
        && amount(wanted) > amount(held)
        && !claim.terminating()
        && claim.annotation(AS_CAPTURED).is_none()
}

fn grow_volume(claim: &Value, volume: &Value, wanted: &str, now: Timestamp, step: &mut Step) {
    if !claim.holds("Resizing") {
        set_condition(claim, "Resizing", "", now, step);
        let message = format!("External resizer is resizing volume {}", volume.name());
        step.event(claim, EventType::Normal, "Resizing", message);
    }
    step.patch_unchanged(volume, json!({ "spec": { "capacity": { "storage": wanted } } }));
}

/// Sets one of the two resizing conditions and drops the other.
fn set_condition(claim: &Value, kind: &str, message: &str, now: Timestamp, step: &mut Step) {
    let mut condition = json!({ "type": kind, "status": "True", "lastProbeTime": null });
    if !message.is_empty() {
        condition["message"] = json!(message);
    }
    let conditions: Vec<Value> = with_condition(claim, condition, now)
        .into_iter()
        .filter(|held| held["type"] == kind || !of_resizing(held))
        .collect();
    step.patch_status(claim, json!({ "conditions": conditions }));
}

fn of_resizing(condition: &Value) -> bool {
    condition["type"] == "Resizing" || condition["type"] == "FileSystemResizePending"
}

/// A pod that runs with the claim, on a node whose kubelet is there to grow the
/// file system.
fn in_use(view: &dyn View, claim: &Value) -> bool {
    let on_live_node = |pod: &Value| view.get("Node", "", pod.text("/spec/nodeName")).is_some_and(|node| is_up(&node));
    view.list_in("Pod", claim.namespace()).iter().any(|pod| {
        pod.phase() == "Running" && claim_names(pod).iter().any(|name| name == claim.name()) && on_live_node(pod)
    })
}
