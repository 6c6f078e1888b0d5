//! The StatefulSet controller (semantics 2). One look does one reconcile pass
//! per set in the order of SS-30 to SS-38 and stops where the real one waits.
//!
//! It works from the objects alone and shares no arithmetic with the rest of
//! the program: it is an independent opinion.

mod claims;
mod events;
mod identity;
mod members;
mod ownership;
mod replicas;
mod revisions;
mod set;
mod standing;
mod status;
mod update;

use jiff::Timestamp;
use serde_json::Value;

use self::members::Members;
use self::revisions::Revisions;
use self::set::Set;
use super::fields::{Fields, targets};
use super::play::Refusal;
use super::{Change, Controller, Keyed, Part, Step, Target, View, Write, selector};

pub use self::standing::Standing;

/// The controller, with the one feature that differs between releases.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatefulSets {
    /// Whether `rollingUpdate.maxUnavailable` counts (SS-63). Off in 1.36.
    pub max_unavailable: bool,
}

impl Controller for StatefulSets {
    fn name(&self) -> &'static str {
        "statefulset-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        match change.kind {
            // Its own counters do not matter to it.
            "StatefulSet" => {
                change.by != self.name() || differs(change, &["/status/currentRevision", "/status/updateRevision"])
            }
            "Pod" => {
                differs(change, &["/metadata/labels", "/metadata/annotations", "/metadata/ownerReferences"])
                    || differs(change, &["/metadata/deletionTimestamp", "/spec/volumes", "/status/phase"])
                    || change.before.is_some_and(|pod| pod.holds("Ready"))
                        != change.after.is_some_and(|pod| pod.holds("Ready"))
            }
            // A claim in the way, which the real one tries again and again, or
            // one that a waiting pod has lost, of which it hears through the
            // pod. That a stale claim is gone it is not told (SS-39, SS-74).
            "PersistentVolumeClaim" => change.after.is_none() && !change.before.is_some_and(is_of_pod),
            _ => false,
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }

    fn refused(&self, view: &dyn View, rest: &[Part], refusals: &[Refusal]) -> Vec<Write> {
        events::refused(view, rest, refusals)
    }
}

impl Keyed for StatefulSets {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        targets(&view.list("StatefulSet"))
    }

    /// What belongs to a set concerns it; a pod that belongs to nobody, the sets
    /// that select it; a claim, the sets that want one of its name.
    fn concerned(&self, view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        if change.kind == "StatefulSet" {
            return Some(change.target().into_iter().collect());
        }
        let mut sets = Vec::new();
        for object in change.before.into_iter().chain(change.after) {
            match object.controller().filter(|_| change.kind != "PersistentVolumeClaim") {
                Some(owner) if owner["kind"] == "StatefulSet" => sets.push(Target {
                    kind: "StatefulSet".to_owned(),
                    namespace: object.namespace().to_owned(),
                    name: owner.text("/name").to_owned(),
                }),
                Some(_) => {}
                None => {
                    let mut all = view.list_in("StatefulSet", object.namespace());
                    all.retain(|set| match change.kind {
                        "Pod" => selector::matches(&set["spec"]["selector"], object),
                        _ => Set::new(set).wants_claim(object.name()),
                    });
                    sets.extend(targets(&all));
                }
            }
        }
        Some(sets)
    }

    fn passes_about(&self, view: &dyn View, target: &Target, now: Timestamp) -> Vec<Step> {
        let set = view.get(&target.kind, &target.namespace, &target.name);
        set.map(|set| self.reconcile(view, &set, now)).unwrap_or_default()
    }
}

/// An owner is a pod: the claim was to go with it.
fn is_of_pod(claim: &Value) -> bool {
    claim.owners().iter().any(|owner| owner["kind"] == "Pod")
}

/// One of these places holds something else than before.
fn differs(change: &Change<'_>, pointers: &[&str]) -> bool {
    pointers.iter().any(|pointer| held(change.before, pointer) != held(change.after, pointer))
}

fn held<'a>(object: Option<&'a Value>, pointer: &str) -> Option<&'a Value> {
    object.and_then(|object| object.pointer(pointer))
}

/// Whether a phase lets the pass go on (SS-33, SS-36).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Continue,
    Stop,
}

/// What all phases of a pass look at.
struct Pass<'a> {
    view: &'a dyn View,
    now: Timestamp,
    set: Set<'a>,
    revisions: Revisions,
    members: Members,
    /// Whether any claim of the namespace has an owner.
    has_owned_claims: bool,
    max_unavailable: bool,
    step: Step,
}

impl StatefulSets {
    /// The work, the status and the history of one set. They are passes of
    /// their own because a refused write stops the work only: the real
    /// controller still writes the status and trims the history.
    fn reconcile(self, view: &dyn View, object: &Value, now: Timestamp) -> Vec<Step> {
        let set = Set::new(object);
        let mut step = Step::default();
        let revisions = Revisions::resolve(view, &set, &mut step);
        let members = Members::claim(view, &set, &mut step);
        let status = status::pass(&set, &revisions, &members, now);
        let history = revisions.truncate(&set, &members);
        let has_owned_claims = view.has_owned_claims(set.namespace);
        let max_unavailable = self.max_unavailable;
        let mut pass = Pass { view, now, set, revisions, members, has_owned_claims, max_unavailable, step };
        pass.work();
        vec![pass.step, status, history]
    }
}

impl Pass<'_> {
    /// SS-32 to SS-38.
    fn work(&mut self) {
        if self.set.terminating {
            return;
        }
        if self.process_replicas() == Flow::Stop {
            return;
        }
        self.own_condemned_claims();
        if self.process_condemned() == Flow::Stop {
            return;
        }
        self.roll();
    }
}
