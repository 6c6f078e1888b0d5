//! The garbage collector: an object goes when all its owners are gone, by UID
//! (SS-81); foreground and orphan deletion by their finalizers (SS-95, SS-97).
//! Owners of kinds that are not simulated cannot be judged and count as alive.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Fields, targets};
use super::{Change, Controller, Keyed, Step, Target, View};
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

    fn minds(&self, change: &Change<'_>) -> bool {
        let owners = |object: Option<&'_ Value>| object.map_or(&[][..], |object| object.owners()).to_vec();
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

    /// Itself, if it is still there; what depends on it, if it is gone or has
    /// begun to go; and its owners, which may wait for it.
    fn concerned(&self, view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        let mut concerned: Vec<Target> = change.after.map(Fields::target).into_iter().collect();
        if change.after.is_none_or(Fields::terminating) {
            let gone = change.before.or(change.after)?;
            concerned.extend(targets(&view.dependents(gone.uid())));
        }
        for object in change.before.into_iter().chain(change.after) {
            for owner in object.owners() {
                let Some(kind) = kind_of(view, owner) else { continue };
                concerned.push(Target {
                    kind: kind.kind.to_owned(),
                    namespace: if kind.namespaced { object.namespace().to_owned() } else { String::new() },
                    name: owner.text("/name").to_owned(),
                });
            }
        }
        Some(concerned)
    }

    fn passes_about(&self, view: &dyn View, target: &Target, _now: Timestamp) -> Vec<Step> {
        let Some(object) = view.get(&target.kind, &target.namespace, &target.name) else { return Vec::new() };
        let pass = Graph { view }.look(&object);
        Some(pass).filter(|pass| !pass.is_idle()).into_iter().collect()
    }
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
        let alive: Vec<&Value> = owners.iter().filter(|owner| self.fate(owner, object) == Owner::Alive).collect();
        if alive.is_empty() {
            step.delete(object, None);
        } else if alive.len() < owners.len() {
            step.patch_unchanged(object, json!({ "metadata": { "ownerReferences": alive } }));
        }
    }

    fn orphan_dependents(&self, owner: &Value, step: &mut Step) {
        for dependent in &self.view.dependents(owner.uid()) {
            let kept: Vec<&Value> = dependent.owners().iter().filter(|held| held["uid"] != owner.uid()).collect();
            step.patch_unchanged(dependent, json!({ "metadata": { "ownerReferences": kept } }));
        }
        step.patch_unchanged(owner, json!({ "metadata": { "finalizers": owner.finalizers_without(ORPHAN) } }));
    }

    /// The dependents are collected by their own pass, which finds the owner
    /// waiting; here the owner is let go when no blocking one is left.
    fn delete_dependents_first(&self, owner: &Value, step: &mut Step) {
        let blocked = self.view.dependents(owner.uid()).iter().any(|dependent| {
            dependent.owners().iter().any(|held| held["uid"] == owner.uid() && held["blockOwnerDeletion"] == true)
        });
        if !blocked {
            let finalizers = owner.finalizers_without(FOREGROUND);
            step.patch_unchanged(owner, json!({ "metadata": { "finalizers": finalizers } }));
        }
    }
}
