//! The garbage collector: an object goes when all its owners are gone, by UID
//! (SS-81); foreground and orphan deletion by their finalizers (SS-95, SS-97).
//! Owners of kinds that are not simulated cannot be judged and count as alive.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::Fields;
use super::{Change, Controller, Step, View};
use crate::objects::kinds::{ApiKind, KINDS};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// `garbage-collector-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct GarbageCollector;

/// All objects of one look.
struct Graph<'a> {
    view: &'a dyn View,
    objects: Vec<Arc<Value>>,
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

    fn passes(&self, view: &dyn View, _now: Timestamp) -> Vec<Step> {
        let graph = Graph::read(view);
        let mut passes: Vec<Step> = graph.objects.iter().map(|object| graph.look(object)).collect();
        passes.retain(|pass| !pass.is_idle());
        passes
    }
}

impl<'a> Graph<'a> {
    fn read(view: &'a dyn View) -> Self {
        let kinds = KINDS.iter().filter(|known| known.kind != "Event");
        Self { view, objects: kinds.flat_map(|known| view.list(known.kind)).collect() }
    }

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

    fn fate(&self, owner: &Value, dependent: &Value) -> Owner {
        let known = ApiKind::named(owner.text("/kind"));
        if known.is_none_or(|known| known.api_version() != owner.text("/apiVersion")) {
            return Owner::Alive;
        }
        let found = self.view.get(owner.text("/kind"), dependent.namespace(), owner.text("/name"));
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

    fn dependents(&self, owner: &Value) -> impl Iterator<Item = &Arc<Value>> {
        self.objects.iter().filter(move |object| object.owners().iter().any(|held| held["uid"] == owner.uid()))
    }

    fn orphan_dependents(&self, owner: &Value, step: &mut Step) {
        for dependent in self.dependents(owner) {
            let kept: Vec<&Value> = dependent.owners().iter().filter(|held| held["uid"] != owner.uid()).collect();
            step.patch_unchanged(dependent, json!({ "metadata": { "ownerReferences": kept } }));
        }
        step.patch_unchanged(owner, json!({ "metadata": { "finalizers": owner.finalizers_without(ORPHAN) } }));
    }

    /// The dependents are collected by their own pass, which finds the owner
    /// waiting; here the owner is let go when no blocking one is left.
    fn delete_dependents_first(&self, owner: &Value, step: &mut Step) {
        let blocked = self.dependents(owner).any(|dependent| {
            dependent.owners().iter().any(|held| held["uid"] == owner.uid() && held["blockOwnerDeletion"] == true)
        });
        if !blocked {
            let finalizers = owner.finalizers_without(FOREGROUND);
            step.patch_unchanged(owner, json!({ "metadata": { "finalizers": finalizers } }));
        }
    }
}
