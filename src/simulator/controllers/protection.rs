//! The two protection controllers: a claim that a pod uses and a volume that
//! is bound outlive their deletion (PV-50 to PV-55).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Fields, claim_names, ephemeral_claim_name, is_made_for, targets};
use super::{Change, Controller, Keyed, Step, Target, View};

pub(super) const CLAIM: &str = "kubernetes.io/pvc-protection";
const VOLUME: &str = "kubernetes.io/pv-protection";

/// `persistentvolumeclaim-protection-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClaimProtection;

/// `persistentvolume-protection-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct VolumeProtection;

impl Controller for ClaimProtection {
    fn name(&self) -> &'static str {
        "persistentvolumeclaim-protection-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        match change.kind {
            "PersistentVolumeClaim" => change.after.is_some_and(|claim| !is_kept(claim, CLAIM)),
            // Gone, or held by a finalizer alone.
            "Pod" => change.after.is_none_or(Fields::terminating),
            _ => false,
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }
}

impl Keyed for ClaimProtection {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        targets(&view.list("PersistentVolumeClaim"))
    }

    /// A pod concerns the claims that it mounts.
    fn concerned(&self, _view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        let place = change.target()?;
        let claim = |name: String| Target {
            kind: "PersistentVolumeClaim".to_owned(),
            namespace: place.namespace.clone(),
            name,
        };
        let pod = change.after.or(change.before).filter(|_| change.kind == "Pod");
        Some(pod.map_or_else(|| vec![place.clone()], |pod| claim_names(pod).into_iter().map(claim).collect()))
    }

    fn passes_about(&self, view: &dyn View, target: &Target, _now: Timestamp) -> Vec<Step> {
        let claim = view.get(&target.kind, &target.namespace, &target.name);
        let pass = claim.map(|claim| {
            let is_used = || view.pods_with(&target.namespace, &target.name).iter().any(|pod| uses(pod, &claim));
            protect(&claim, CLAIM, is_used)
        });
        pass.map(Step::if_any).unwrap_or_default()
    }
}

impl Controller for VolumeProtection {
    fn name(&self) -> &'static str {
        "persistentvolume-protection-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        change.kind == "PersistentVolume" && change.after.is_some_and(|volume| !is_kept(volume, VOLUME))
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }
}

impl Keyed for VolumeProtection {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        targets(&view.list("PersistentVolume"))
    }

    fn concerned(&self, _view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        Some(change.target().into_iter().collect())
    }

    fn passes_about(&self, view: &dyn View, target: &Target, _now: Timestamp) -> Vec<Step> {
        let volume = view.get(&target.kind, &target.namespace, &target.name);
        let pass = volume.map(|volume| protect(&volume, VOLUME, || volume.phase() == "Bound"));
        pass.map(Step::if_any).unwrap_or_default()
    }
}

/// Alive and protected: nothing to do.
fn is_kept(object: &Value, finalizer: &str) -> bool {
    !object.terminating() && object.has_finalizer(finalizer)
}

/// Adds the finalizer to what lives, removes it from what dies unused.
fn protect(object: &Value, finalizer: &str, in_use: impl Fn() -> bool) -> Step {
    let mut step = Step::default();
    let held = object.has_finalizer(finalizer);
    if object.terminating() && held && !in_use() {
        step.patch_unchanged(object, json!({ "metadata": { "finalizers": object.finalizers_without(finalizer) } }));
    } else if !object.terminating() && !held {
        let mut finalizers = object.items("/metadata/finalizers").to_vec();
        finalizers.push(json!(finalizer));
        step.patch_unchanged(object, json!({ "metadata": { "finalizers": finalizers } }));
    }
    step
}

/// A pod that is on a node and lists the claim, also when it has long
/// completed; a pod that waits for a node does not count (PV-51, PV-52). An
/// ephemeral volume is used until its pod has been stopped.
fn uses(pod: &Value, claim: &Value) -> bool {
    if pod.namespace() != claim.namespace() || pod.text("/spec/nodeName").is_empty() {
        return false;
    }
    let is_stopped = pod.terminating() && pod.number("/metadata/deletionGracePeriodSeconds") == Some(0);
    pod.items("/spec/volumes").iter().any(|volume| {
        volume["persistentVolumeClaim"]["claimName"] == claim.name()
            || !is_stopped
                && volume["ephemeral"].is_object()
                && ephemeral_claim_name(pod, volume) == claim.name()
                && is_made_for(pod, claim)
    })
}
