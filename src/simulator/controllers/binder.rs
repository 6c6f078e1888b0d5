//! The volume binder (semantics 3.1 to 3.5): brings claims and volumes
//! together, keeps their phases, and gives volumes back. What an external
//! provisioner does (making and deleting its volumes) is not here.

mod bind;
mod claims;
mod matching;
mod volumes;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::fields::Fields;
use super::{Change, Controller, Step, View};

pub(super) use self::bind::volume_patch;
pub(super) use self::matching::{best_on_node, class_of};

pub(super) const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
pub(super) const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
pub(super) const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
pub(super) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
pub(super) const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
pub(super) const PROVISIONER_BETA: &str = "volume.beta.kubernetes.io/storage-provisioner";
pub(super) const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// `persistentvolume-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Binder;

/// What one look of the binder works on.
struct Binding<'a> {
    view: &'a dyn View,
    volumes: Vec<Arc<Value>>,
    /// Volumes that this look has given to a claim already.
    taken: BTreeSet<String>,
}

impl Controller for Binder {
    fn name(&self) -> &'static str {
        "persistentvolume-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        let is_placed = |pod: &Value| !pod.text("/spec/nodeName").is_empty();
        match change.kind {
            // Whom a claim waits for is told of it.
            "Pod" => {
                change.before.is_some_and(is_placed) != change.after.is_some_and(is_placed) || change.before.is_none()
            }
            // A bond that it has finished itself needs no second look.
            "PersistentVolumeClaim" | "PersistentVolume" => {
                change.by != self.name() || change.after.is_none_or(|object| object.phase() != "Bound")
            }
            kind => kind == "StorageClass",
        }
    }

    fn passes(&self, view: &dyn View, _now: Timestamp) -> Vec<Step> {
        let mut binding = Binding { view, volumes: view.list("PersistentVolume"), taken: BTreeSet::new() };
        let mut passes: Vec<Step> =
            view.list("PersistentVolumeClaim").iter().map(|claim| binding.sync_claim(claim)).collect();
        for volume in &binding.volumes {
            // A volume that a claim has just taken is in the middle of its
            // binding; its phase is part of that pass.
            if !binding.taken.contains(volume.name()) {
                passes.push(binding.sync_volume(volume));
            }
        }
        passes
    }
}

/// Whether a claim has been bound once (PV-31).
pub(super) fn bound_once(claim: &Value) -> bool {
    claim.annotation(BIND_COMPLETED).is_some()
}

/// Whether a claim is bound and usable.
pub(super) fn is_bound(claim: &Value) -> bool {
    bound_once(claim) && !claim.text("/spec/volumeName").is_empty()
}
