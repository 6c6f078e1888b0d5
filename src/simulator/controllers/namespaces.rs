//! Terminating namespaces: pods are deleted first, then all the rest, and the
//! `kubernetes` finalizer goes when nothing is left (KEP-5080). Conditions of
//! the namespace tell what remains and which finalizers hold it.
//! ServiceAccounts and the root CA map that real namespaces are born with are
//! not made here.

mod conditions;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::conditions::{Found, told};
use super::fields::{Fields, later, targets};
use super::{Change, Controller, Dependents, Keyed, Step, Target, View, Write};
use crate::objects::kinds::{ApiKind, KINDS};

const FINALIZER: &str = "kubernetes";

/// For how long a namespace is left alone at first, in seconds: whoever has not
/// heard of its end yet may still put something in.
const FIRST_LOOK: i64 = 5;

/// What the garbage collector would wait for; deleting in the background ends
/// that.
const OF_DEPENDENTS: [&str; 2] = ["foregroundDeletion", "orphan"];

/// `namespace-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Namespaces;

impl Controller for Namespaces {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        let finalizers = |object: Option<&Value>| object.map(|object| object["metadata"]["finalizers"].clone());
        change.kind == "Namespace" || change.after.is_none() || finalizers(change.before) != finalizers(change.after)
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }
}

impl Keyed for Namespaces {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        targets(&view.list("Namespace"))
    }

    fn concerned(&self, _view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        let place = change.target()?;
        let name = if change.kind == "Namespace" { place.name } else { place.namespace };
        let concerned = Target { kind: "Namespace".to_owned(), namespace: String::new(), name };
        Some(if concerned.name.is_empty() { Vec::new() } else { vec![concerned] })
    }

    fn passes_about(&self, view: &dyn View, target: &Target, now: Timestamp) -> Vec<Step> {
        let Some(namespace) = view.get("Namespace", "", &target.name) else { return Vec::new() };
        let Some(since) = namespace.instant("/metadata/deletionTimestamp") else { return Vec::new() };
        if namespace.items("/spec/finalizers").is_empty() {
            return Vec::new();
        }
        let first = later(since, FIRST_LOOK);
        if now < first {
            let mut step = Step::default();
            step.wake_at(first);
            return vec![step];
        }
        empty(view, &namespace, since, now)
    }
}

/// A pass for each object, so that one that cannot be deleted does not keep
/// the others; at last one for the namespace.
fn empty(view: &dyn View, namespace: &Value, since: Timestamp, now: Timestamp) -> Vec<Step> {
    let pods = view.list_in("Pod", namespace.name());
    let mut passes = deletions(&pods);
    let mut last = Step::default();
    let mut found = Found::default();
    let staying: Vec<&Arc<Value>> = pods.iter().filter(|pod| stays(pod)).collect();
    if staying.is_empty() {
        let kinds: Vec<&ApiKind> =
            KINDS.iter().chain(view.custom_kinds()).filter(|known| known.namespaced && known.kind != "Pod").collect();
        for kind in kinds {
            let contents = view.list_in(kind.kind, namespace.name());
            passes.extend(deletions(&contents));
            let staying: Vec<&Arc<Value>> = contents.iter().filter(|object| stays(object)).collect();
            found.remain(kind, staying.len(), &finalizers(&staying));
        }
    } else if finalizers(&staying).is_empty() {
        // What is left of pods that should have gone by now is an error.
        let until = later(since, longest_grace(&pods));
        if now < until {
            last.wake_at(until);
        } else {
            found.should_be_gone(namespace.name());
        }
    }
    let is_empty = staying.is_empty() && found.is_nothing();
    if let Some(conditions) = told(namespace, &found, now) {
        last.patch_status(namespace, json!({ "conditions": conditions }));
    }
    let held = namespace.items("/spec/finalizers");
    if is_empty && held.iter().any(|finalizer| finalizer == FINALIZER) {
        let left: Vec<&Value> = held.iter().filter(|finalizer| *finalizer != FINALIZER).collect();
        let mut freed = namespace.clone();
        freed["spec"]["finalizers"] = json!(left);
        if let Some(meta) = freed["metadata"].as_object_mut() {
            meta.remove("resourceVersion");
        }
        last.push(Write::Finalize(freed));
    }
    passes.push(last);
    passes.retain(|pass| !pass.is_idle());
    passes
}

fn deletions(objects: &[Arc<Value>]) -> Vec<Step> {
    let waits = |object: &Value| OF_DEPENDENTS.iter().any(|finalizer| object.has_finalizer(finalizer));
    let doomed = objects.iter().filter(|object| !object.terminating() || waits(object));
    let pass = |object: &Arc<Value>| {
        let mut step = Step::default();
        step.delete_with(object, Dependents::Background);
        step
    };
    doomed.map(pass).collect()
}

/// Whether it is still there when it has been deleted.
fn stays(object: &Value) -> bool {
    let is_over = object.has_ended() || object.text("/spec/nodeName").is_empty();
    let grace = if object.terminating() {
        object.number("/metadata/deletionGracePeriodSeconds").unwrap_or(0)
    } else if object.kind() == "Pod" && !is_over {
        grace(object)
    } else {
        0
    };
    grace > 0 || holders(object).next().is_some()
}

fn grace(pod: &Value) -> i64 {
    pod.number("/spec/terminationGracePeriodSeconds").unwrap_or(0)
}

/// The finalizers that a deletion in the background leaves.
fn holders(object: &Value) -> impl Iterator<Item = &str> {
    let held = object.items("/metadata/finalizers").iter().filter_map(Value::as_str);
    held.filter(|finalizer| !OF_DEPENDENTS.contains(finalizer))
}

/// How many objects each finalizer holds.
fn finalizers(objects: &[&Arc<Value>]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finalizer in objects.iter().flat_map(|object| holders(object)) {
        *counts.entry(finalizer.to_owned()).or_default() += 1;
    }
    counts
}

fn longest_grace(pods: &[Arc<Value>]) -> i64 {
    let running = pods.iter().filter(|pod| !pod.has_ended());
    running.map(|pod| grace(pod)).max().unwrap_or(0)
}
