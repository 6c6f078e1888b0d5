//! The status of quotas: their limits, and what the objects of the namespace
//! count for. Admission adds to it what it lets in; what goes away is seen here.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::fields::{Fields, instead};
use super::{Change, Controller, Step, View};
use crate::objects::kinds::KINDS;
use crate::simulator::quantity::Quantity;
use crate::simulator::quota::scopes;
use crate::simulator::quota::usage::{self, Amounts};

/// `resourcequota-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quotas;

impl Controller for Quotas {
    fn name(&self) -> &'static str {
        "resourcequota-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        let (Some(before), Some(after)) = (change.before, change.after) else { return change.kind != "Event" };
        match change.kind {
            "ResourceQuota" => change.by != self.name(),
            "PersistentVolumeClaim" => {
                before["spec"] != after["spec"]
                    || before["status"]["allocatedResources"] != after["status"]["allocatedResources"]
            }
            "Service" => before["spec"] != after["spec"],
            "Pod" => before.phase() != after.phase() || before["spec"] != after["spec"],
            _ => false,
        }
    }

    fn passes(&self, view: &dyn View, _now: Timestamp) -> Vec<Step> {
        let quotas = view.list("ResourceQuota");
        quotas.iter().filter(|quota| !quota.terminating()).filter_map(|quota| sync(view, quota)).collect()
    }
}

fn sync(view: &dyn View, quota: &Arc<Value>) -> Option<Step> {
    let used = used(view, quota);
    let status = &quota["status"];
    let is_seen = status["hard"].is_object() && status["used"].is_object();
    let hard = &quota["spec"]["hard"];
    if is_seen && is_equal(&usage::read(hard), &status["hard"]) && is_equal(&used, &status["used"]) {
        return None;
    }
    let used: Map<String, Value> = used.into_iter().map(|(name, sum)| (name, json!(sum.canonical()))).collect();
    let limits = hard.as_object().cloned().unwrap_or_default();
    let mut step = Step::default();
    step.patch_status(quota, json!({"hard": instead(&status["hard"], limits), "used": instead(&status["used"], used)}));
    Some(step)
}

/// What the namespace's objects count for under the limits of the quota.
fn used(view: &dyn View, quota: &Value) -> Amounts {
    let hard = usage::read(&quota["spec"]["hard"]);
    // Kinds that are not simulated have no objects, but are counted.
    let is_counted = |name: &String| {
        name.starts_with("count/")
            || name == "replicationcontrollers"
            || KINDS.iter().any(|kind| usage::concerns(name, kind))
    };
    let mut sums: Amounts = hard.into_keys().filter(is_counted).map(|name| (name, Quantity::whole(0))).collect();
    for kind in KINDS.iter().chain(view.custom_kinds()).filter(|kind| usage::is_counted(kind)) {
        if !sums.keys().any(|name| usage::concerns(name, kind)) {
            continue;
        }
        let objects = view.list_in(kind.kind, quota.namespace());
        for object in objects.iter().filter(|object| scopes::take(quota, kind, object)) {
            for (name, amount) in usage::of(kind, object) {
                if let Some(sum) = sums.get_mut(&name) {
                    *sum = sum.plus(amount);
                }
            }
        }
    }
    sums
}

/// Equal amounts, however they are spelled.
fn is_equal(wanted: &Amounts, held: &Value) -> bool {
    let held = usage::read(held);
    wanted.len() == held.len()
        && wanted.iter().all(|(name, amount)| held.get(name).is_some_and(|held| held.nanos() == amount.nanos()))
}
