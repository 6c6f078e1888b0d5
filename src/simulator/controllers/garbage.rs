//! The garbage collector: an object goes when all its owners are gone, by UID
//! (SS-81); foreground and orphan deletion by their finalizers (SS-95, SS-97).
//! Owners of kinds that are not simulated cannot be judged and count as alive.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Fields, targets};
use super::{Change, Controller, Dependents, Keyed, Step, Target, View};
use crate::objects::kinds::{ApiKind, key_of};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// `garbage-collector-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct GarbageCollector;

/// What one look works on.
struct Graph<'a> {
    view: &'a dyn View,
}

/// What has become of an owner.
#[derive(PartialEq, Eq)]
enum Owner {
    Alive,
    Gone,
    /// Waits for its dependents to go first.
    Waiting,
}

impl Controller for GarbageCollector {
    fn name(&self) -> &'static str {
        "garbage-collector-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    /// It goes by a graph of its own and looks at one object at a time: it is
    /// through with what depends on each other before a set notices anything.
    fn notices_after(&self, _place: usize) -> Duration {
        Duration::from_millis(1)
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        let ends = change.after.is_none_or(Fields::terminating);
        change.kind != "Event" && (ends || owners(change.before) != owners(change.after))
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }
}

impl Keyed for GarbageCollector {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        view.kinds().iter().flat_map(|known| targets(&view.list(known.kind))).collect()
    }

    /// Itself, if it begins to wait or an owner is gone; what depends on it, if
    /// it is gone or begins to wait; and the owners that it no longer holds up.
    /// Nobody else is looked at, as by the real one: what is made for an owner
    /// that waits already stays until another dependent of it goes.
    fn concerned(&self, view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        let mut concerned = Vec::new();
        let waits = begins(change, FOREGROUND);
        if let Some(object) = change.after {
            let graph = Graph { view };
            let has_lost_one = || object.owners().iter().any(|owner| graph.fate(owner, object) == Owner::Gone);
            if waits || begins(change, ORPHAN) || has_lost_one() {
                concerned.push(object.target());
            }
        }
        if waits || change.after.is_none() {
            let uid = change.before.or(change.after)?.uid();
            concerned.extend(targets(&view.dependents(uid)));
        }
        for owner in let_go(change) {
            let Some(kind) = kind_of(view, owner) else { continue };
            let namespace = change.before.map_or("", Fields::namespace);
            concerned.push(Target {
                kind: kind.kind.to_owned(),
                namespace: if kind.namespaced { namespace.to_owned() } else { String::new() },
                name: owner.text("/name").to_owned(),
            });
        }
        Some(concerned)
    }

    fn passes_about(&self, view: &dyn View, target: &Target, _now: Timestamp) -> Vec<Step> {
        let Some(object) = view.get(&target.kind, &target.namespace, &target.name) else { return Vec::new() };
        let pass = Graph { view }.look(&object);
        pass.if_any()
    }
}

fn owners(object: Option<&Value>) -> &[Value] {
    object.map_or(&[][..], Fields::owners)
}

/// Whether the deletion of an object begins to wait by this finalizer.
fn begins(change: &Change<'_>, finalizer: &str) -> bool {
    let waits = |object: &Value| object.terminating() && object.has_finalizer(finalizer);
    change.after.is_some_and(waits) && !change.before.is_some_and(waits)
}

/// The owners that an object held up before this change, and now no more.
fn let_go<'a>(change: &Change<'a>) -> impl Iterator<Item = &'a Value> {
    let before = change.before.map_or(&[][..], |object| object.owners());
    let after = change.after;
    let blocks = |owner: &Value| owner["blockOwnerDeletion"] == true;
    before.iter().filter(move |owner| {
        after.is_none_or(|object| {
            let mut held = object.owners().iter();
            blocks(owner) && !held.any(|held| held["uid"] == owner["uid"] && blocks(held))
        })
    })
}

/// The kind of an owner, if there is such a kind. Custom kinds may be named in
/// any version.
fn kind_of(view: &dyn View, owner: &Value) -> Option<&'static ApiKind> {
    let version = owner.text("/apiVersion");
    let key = key_of(version, owner.text("/kind"));
    let custom = || view.custom_kinds().into_iter().find(|kind| kind.kind == key);
    ApiKind::named(&key).filter(|known| known.api_version() == version).or_else(custom)
}

impl Graph<'_> {
    fn look(&self, object: &Value) -> Step {
        let mut step = Step::default();
        if object.terminating() {
            if object.has_finalizer(ORPHAN) {
                self.orphan_dependents(object, &mut step);
            } else if object.has_finalizer(FOREGROUND) {
                self.delete_dependents_first(object, &mut step);
            }
            return step;
        }
        self.collect(object, &mut step);
        step
    }

    /// An owner of an unknown kind may be alive; so may one in a namespace that
    /// an object of no namespace names, since nobody knows which is meant.
    fn fate(&self, owner: &Value, dependent: &Value) -> Owner {
        let key = key_of(owner.text("/apiVersion"), owner.text("/kind"));
        if self.view.is_gone(&key) {
            return Owner::Gone;
        }
        let Some(known) = kind_of(self.view, owner) else { return Owner::Alive };
        let namespace = if known.namespaced { dependent.namespace() } else { "" };
        if known.namespaced && namespace.is_empty() {
            return Owner::Alive;
        }
        let found = self.view.get(known.kind, namespace, owner.text("/name"));
        match found.filter(|found| found.uid() == owner.text("/uid")) {
            None => Owner::Gone,
            Some(found) if found.terminating() && found.has_finalizer(FOREGROUND) => Owner::Waiting,
            Some(_) => Owner::Alive,
        }
    }

    /// Deletes an object none of whose owners is alive. As long as one is,
    /// references to the others are dropped.
    fn collect(&self, object: &Value, step: &mut Step) {
        let owners = object.owners();
        if owners.is_empty() {
            return;
        }
        let fates: Vec<Owner> = owners.iter().map(|owner| self.fate(owner, object)).collect();
        let with_fates = owners.iter().zip(&fates);
        let alive: Vec<&Value> =
            with_fates.filter(|(_, fate)| **fate == Owner::Alive).map(|(owner, _)| owner).collect();
        if alive.is_empty() && fates.contains(&Owner::Waiting) {
            self.delete_in_its_turn(object, step);
        } else if alive.is_empty() {
            step.delete(object, None);
        } else if alive.len() < owners.len() {
            step.patch_unchanged(object, json!({ "metadata": { "ownerReferences": alive } }));
        }
    }

    /// Deletes an object whose owner waits for it. One with dependents of its own
    /// waits for them in turn. If one of those waits as well it may be for this
    /// very object, so it no longer holds its owners up.
    fn delete_in_its_turn(&self, object: &Value, step: &mut Step) {
        let dependents = self.view.dependents(object.uid());
        if dependents.is_empty() {
            step.delete(object, None);
            return;
        }
        if dependents.iter().any(|dependent| dependent.terminating() && dependent.has_finalizer(FOREGROUND)) {
            let unblocked: Vec<Value> = object.owners().iter().cloned().map(unblocked).collect();
            step.patch(object, json!({ "metadata": { "ownerReferences": unblocked } }));
        }
        step.delete_with(object, Dependents::Foreground);
    }

    fn orphan_dependents(&self, owner: &Value, step: &mut Step) {
        for dependent in &self.view.dependents(owner.uid()) {
            let kept: Vec<&Value> = dependent.owners().iter().filter(|held| held["uid"] != owner.uid()).collect();
            step.patch_unchanged(dependent, json!({ "metadata": { "ownerReferences": kept } }));
        }
        step.patch_unchanged(owner, json!({ "metadata": { "finalizers": owner.finalizers_without(ORPHAN) } }));
    }

    /// The owner is let go when no dependent holds it up any more. Those that do
    /// are collected, if they do not go already.
    fn delete_dependents_first(&self, owner: &Value, step: &mut Step) {
        let mut dependents = self.view.dependents(owner.uid());
        dependents.retain(|dependent| {
            dependent.owners().iter().any(|held| held["uid"] == owner.uid() && held["blockOwnerDeletion"] == true)
        });
        let is_free = dependents.is_empty();
        dependents.retain(|dependent| !dependent.terminating());
        let units = dependents.iter().map(|dependent| {
            let mut unit = Step::default();
            self.collect(dependent, &mut unit);
            unit
        });
        step.batch(units.collect());
        if is_free {
            let finalizers = owner.finalizers_without(FOREGROUND);
            step.patch_unchanged(owner, json!({ "metadata": { "finalizers": finalizers } }));
        }
    }
}

fn unblocked(mut owner: Value) -> Value {
    if owner["blockOwnerDeletion"] == true {
        owner["blockOwnerDeletion"] = json!(false);
    }
    owner
}
