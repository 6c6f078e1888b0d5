//! Terminating namespaces: their contents are deleted, and the `kubernetes`
//! finalizer goes when nothing is left. ServiceAccounts and the root CA map
//! that real namespaces are born with are not made here.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::Fields;
use super::{Change, Controller, Step, View, Write};
use crate::objects::kinds::KINDS;

const FINALIZER: &str = "kubernetes";

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
        change.kind == "Namespace" || change.after.is_none()
    }

    fn passes(&self, view: &dyn View, _now: Timestamp) -> Vec<Step> {
        let namespaces = view.list("Namespace");
        let terminating = namespaces.iter().filter(|namespace| namespace.terminating());
        terminating.flat_map(|namespace| empty(view, namespace)).collect()
    }
}

/// A pass for each object, so that one that cannot be deleted does not keep
/// the others.
fn empty(view: &dyn View, namespace: &Value) -> Vec<Step> {
    let kinds = KINDS.iter().chain(view.custom_kinds()).filter(|known| known.namespaced);
    let contents: Vec<_> = kinds.flat_map(|known| view.list_in(known.kind, namespace.name())).collect();
    let mut passes: Vec<Step> = contents
        .iter()
        .filter(|object| !object.terminating())
        .map(|object| {
            let mut step = Step::default();
            step.delete(object, None);
            step
        })
        .collect();
    let held = namespace.items("/spec/finalizers");
    if contents.is_empty() && held.iter().any(|finalizer| finalizer == FINALIZER) {
        let left: Vec<&Value> = held.iter().filter(|finalizer| *finalizer != FINALIZER).collect();
        let mut freed = namespace.clone();
        freed["spec"]["finalizers"] = json!(left);
        passes.push(Step::from(vec![Write::Finalize(freed)]));
    }
    passes
}
