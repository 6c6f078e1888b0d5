//! The retention policy as owner references on claims (SS-80 to SS-86). What
//! deletes a claim is the garbage collector, when the owner is gone.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Pass;
use super::identity::claim_name;
use super::set::{Retention, Set};
use crate::simulator::controllers::EventType;
use crate::simulator::controllers::fields::{Fields, controller_reference};

/// Who should own a claim.
enum Wanted {
    Nobody,
    Set,
    Pod,
}

impl Pass<'_> {
    /// Whether a claim of the ordinal still names a pod of that name that is
    /// gone; the new pod has to wait until the claim is collected (SS-74).
    pub(super) fn has_stale_claim(&self, ordinal: i64) -> bool {
        if self.set.when_scaled == Retention::Retain {
            return false;
        }
        let pod = super::identity::pod_name(&self.set, ordinal);
        self.set.claim_templates().iter().any(|template| {
            self.claim(&claim_name(&self.set, template, ordinal))
                .is_some_and(|claim| claim.owners().iter().any(|owner| names_pod(owner, &pod)))
        })
    }

    /// Brings the owner references of a pod's existing claims in line. Answers
    /// whether any had to change. That somebody else controls one is told when
    /// one of them changes, and otherwise only of a pod that is `fresh`.
    pub(super) fn own_claims(&mut self, pod: &Value, ordinal: i64, fresh: bool) -> bool {
        if self.owns_nothing() {
            return false;
        }
        let templates = self.set.claim_templates();
        let claims: Vec<Arc<Value>> =
            templates.iter().filter_map(|template| self.claim(&claim_name(&self.set, template, ordinal))).collect();
        let owners: Vec<_> = claims.iter().map(|claim| wanted_owners(claim, &self.set, pod, ordinal)).collect();
        let changed = owners.iter().any(Option::is_some);
        if !changed && !fresh {
            return false;
        }
        for (claim, owners) in claims.iter().zip(owners) {
            if has_foreign_controller(claim, &self.set, pod) {
                let message = format!(
                    "PersistentVolumeClaim {} has a conflicting OwnerReference that acts as a manging controller, \
                     the retention policy is ignored for this claim",
                    claim.name()
                );
                self.step.event_once(self.view, self.set.object, EventType::Warning, "ConflictingController", message);
            }
            if let Some(owners) = owners {
                self.step.patch_unchanged(claim, json!({ "metadata": { "ownerReferences": owners } }));
            }
        }
        changed
    }

    /// Nobody is to own a claim of this set, and nobody owns one in its namespace:
    /// so no claim has to be looked at.
    fn owns_nothing(&self) -> bool {
        keeps_all(&self.set) && !self.has_owned_claims
    }

    /// Phase B: the claims of all condemned pods, before any of them is
    /// deleted (SS-35, SS-84). Claims without a pod are left alone (SS-83).
    pub(super) fn own_condemned_claims(&mut self) {
        for (ordinal, pod) in self.members.condemned.clone() {
            self.own_claims(&pod.pod, ordinal, false);
        }
    }
}

/// The owner references that a claim should have; `None` if they are right, or
/// if the claim belongs to an earlier set or pod of the same name and must not
/// be touched (SS-82).
fn wanted_owners(claim: &Value, set: &Set, pod: &Value, ordinal: i64) -> Option<Vec<Value>> {
    if claim.owners().iter().any(|owner| is_stale(owner, set, pod)) {
        return None;
    }
    let mut owners: Vec<Value> = claim
        .owners()
        .iter()
        .filter(|owner| !names_set(owner, set) && !names_pod(owner, pod.name()))
        .cloned()
        .collect();
    if !has_foreign_controller(claim, set, pod) {
        match wanted(set, ordinal) {
            Wanted::Nobody => {}
            Wanted::Set => owners.push(controller_reference(set.object, "apps/v1", "StatefulSet")),
            Wanted::Pod => owners.push(controller_reference(pod, "v1", "Pod")),
        }
    }
    (!same_owners(&owners, claim.owners())).then_some(owners)
}

/// The table of SS-80.
fn wanted(set: &Set, ordinal: i64) -> Wanted {
    let condemned = !set.range().contains(&ordinal);
    match (set.when_scaled, set.when_deleted) {
        (Retention::Delete, Retention::Retain | Retention::Delete) if condemned => Wanted::Pod,
        (Retention::Retain | Retention::Delete, Retention::Delete) => Wanted::Set,
        (Retention::Retain | Retention::Delete, Retention::Retain) => Wanted::Nobody,
    }
}

/// The same owners with the same controller flags, in any order.
fn same_owners(wanted: &[Value], held: &[Value]) -> bool {
    if wanted.len() != held.len() {
        return false;
    }
    let key = |owner: &Value| (owner.text("/uid").to_owned(), owner["controller"] == true);
    let sorted = |owners: &[Value]| {
        let mut keys: Vec<_> = owners.iter().map(key).collect();
        keys.sort();
        keys
    };
    sorted(wanted) == sorted(held)
}

/// Another controller, or a set or pod of the same name that is gone, under
/// any policy that would want a reference of ours.
fn has_foreign_controller(claim: &Value, set: &Set, pod: &Value) -> bool {
    if keeps_all(set) {
        return false;
    }
    let foreign = |owner: &Value| {
        let ours = names_set(owner, set) || names_pod(owner, pod.name());
        is_stale(owner, set, pod) || !ours && owner["controller"] == true
    };
    claim.owners().iter().any(foreign)
}

/// Its claims outlive both their members and the set.
fn keeps_all(set: &Set) -> bool {
    set.when_scaled == Retention::Retain && set.when_deleted == Retention::Retain
}

/// A set or pod of the same name that is gone.
fn is_stale(owner: &Value, set: &Set, pod: &Value) -> bool {
    (names_set(owner, set) && owner["uid"] != set.uid) || (names_pod(owner, pod.name()) && owner["uid"] != pod.uid())
}

fn names_set(owner: &Value, set: &Set) -> bool {
    owner["kind"] == "StatefulSet" && owner["apiVersion"] == "apps/v1" && owner["name"] == set.name
}

fn names_pod(owner: &Value, pod: &str) -> bool {
    owner["kind"] == "Pod" && owner["apiVersion"] == "v1" && owner["name"] == pod
}
