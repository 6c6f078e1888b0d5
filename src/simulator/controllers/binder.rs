//! The volume binder (semantics 3.1 to 3.5): brings claims and volumes
//! together, keeps their phases, and gives volumes back. What an external
//! provisioner does (making and deleting its volumes) is not here.

mod bind;
mod claims;
mod matching;
mod volumes;

use jiff::Timestamp;
use serde_json::Value;

use super::fields::{Fields, claim_names, targets};
use super::{Change, Controller, Keyed, Step, Target, View};

pub(super) use self::bind::volume_patch;
pub(super) use self::matching::{best_on_node, class_of};

pub(super) const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
pub(super) const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
pub(super) const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// On a claim whose class waits for a pod: the node that was chosen for it.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
pub(super) const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
pub(super) const PROVISIONER_BETA: &str = "volume.beta.kubernetes.io/storage-provisioner";
pub(super) const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// `persistentvolume-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Binder;

/// What one look of the binder works on.
struct Binding<'a> {
    view: &'a dyn View,
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

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }
}

impl Keyed for Binder {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        [targets(&view.list("PersistentVolumeClaim")), targets(&view.list("PersistentVolume"))].concat()
    }

    /// A claim and its volume concern each other; a volume that is nobody's
    /// concerns all claims.
    fn concerned(&self, _view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        let target = |kind: &str, namespace: &str, name: &str| Target {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        let mut concerned: Vec<Target> = Vec::new();
        for object in change.before.into_iter().chain(change.after) {
            match change.kind {
                "PersistentVolumeClaim" => {
                    concerned.push(object.target());
                    match object.text("/spec/volumeName") {
                        "" if change.after.is_none() => return None,
                        "" => {}
                        volume => concerned.push(target("PersistentVolume", "", volume)),
                    }
                }
                "PersistentVolume" => {
                    let claim = &object["spec"]["claimRef"];
                    if !claim.is_object() {
                        return None;
                    }
                    concerned.push(target("PersistentVolumeClaim", claim.text("/namespace"), claim.text("/name")));
                    concerned.push(object.target());
                }
                "Pod" => {
                    let claims = claim_names(object);
                    let claim = |name: &String| target("PersistentVolumeClaim", object.namespace(), name);
                    concerned.extend(claims.iter().map(claim));
                }
                _ => return None,
            }
        }
        Some(concerned)
    }

    fn passes_about(&self, view: &dyn View, target: &Target, _now: Timestamp) -> Vec<Step> {
        let Some(object) = view.get(&target.kind, &target.namespace, &target.name) else { return Vec::new() };
        let binding = Binding { view };
        vec![if target.kind == "PersistentVolume" { binding.sync_volume(&object) } else { binding.sync_claim(&object) }]
    }
}

/// Whether a claim has been bound once (PV-31).
pub(super) fn bound_once(claim: &Value) -> bool {
    claim.annotation(BIND_COMPLETED).is_some()
}

/// Whether a claim says itself that it is bound and usable, and it is.
pub(in crate::simulator) fn is_in_use(claim: &Value) -> bool {
    is_bound(claim) && claim.phase() == "Bound"
}

/// Whether a claim is bound and usable.
pub(super) fn is_bound(claim: &Value) -> bool {
    bound_once(claim) && !claim.text("/spec/volumeName").is_empty()
}
