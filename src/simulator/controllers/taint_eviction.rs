//! The taint eviction controller: deletes pods from nodes whose `NoExecute`
//! taints they do not tolerate, or no longer. On a node that is lost nobody
//! ends them, so they stay Terminating until it returns or somebody forces it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Fields, later, with_condition};
use super::taints::tolerates;
use super::{Change, Controller, EventType, Step, View};

/// `taint-eviction-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaintEviction;

impl Controller for TaintEviction {
    fn name(&self) -> &'static str {
        "taint-eviction-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        let held = |object: Option<&Value>| object.is_some_and(|node| !node.items("/spec/taints").is_empty());
        match change.kind {
            "Node" => held(change.before) || held(change.after),
            "Pod" => change.before.map(spec) != change.after.map(spec),
            _ => false,
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        let mut nodes = view.list("Node");
        nodes.retain(|node| taints(node).next().is_some());
        if nodes.is_empty() {
            return Vec::new();
        }
        let pods = view.list("Pod");
        let on_tainted = pods.iter().filter(|pod| !pod.terminating()).filter_map(|pod| {
            let home = nodes.iter().find(|node| node.name() == pod.text("/spec/nodeName"))?;
            Some(judge(pod, home, now))
        });
        on_tainted.filter(|pass| !pass.is_idle()).collect()
    }
}

fn spec(pod: &Value) -> &Value {
    &pod["spec"]
}

fn taints(node: &Value) -> impl Iterator<Item = &Value> {
    node.items("/spec/taints").iter().filter(|taint| taint["effect"] == "NoExecute")
}

/// How long a pod stands its node's taints.
enum Patience {
    Forever,
    Seconds(i64),
}

fn judge(pod: &Value, node: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    let seconds = match patience(pod, node) {
        Patience::Forever => return step,
        Patience::Seconds(seconds) => seconds,
    };
    let end = later(since(pod, node), seconds);
    if seconds > 0 && now < end {
        step.wake_at(end);
        return step;
    }
    let message = format!("Marking for deletion Pod {}/{}", pod.namespace(), pod.name());
    step.event(pod, EventType::Normal, "TaintManagerEviction", message);
    let condition = json!({
        "type": "DisruptionTarget", "status": "True", "lastProbeTime": null, "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint",
    });
    step.patch_status(pod, json!({ "conditions": with_condition(pod, condition, now) }));
    step.delete(pod, None);
    step
}

/// A taint that nothing tolerates ends it at once; else the shortest of the
/// tolerations that are needed.
fn patience(pod: &Value, node: &Value) -> Patience {
    let mut used: Vec<&Value> = Vec::new();
    for taint in taints(node) {
        let Some(found) = pod.items("/spec/tolerations").iter().find(|one| is_for(one, taint)) else {
            return Patience::Seconds(0);
        };
        used.push(found);
    }
    let shortest = used.iter().filter_map(|one| one.number("/tolerationSeconds")).min();
    shortest.map_or(Patience::Forever, |seconds| Patience::Seconds(seconds.max(0)))
}

fn is_for(toleration: &Value, taint: &Value) -> bool {
    tolerates(toleration, taint.text("/key"), taint.text("/value"), taint.text("/effect"))
}

/// Since when the pod has been on a node with such a taint. A taint that does
/// not say when it came is as old as the last change of the taints.
fn since(pod: &Value, node: &Value) -> Timestamp {
    let owners = node.items("/metadata/managedFields").iter();
    let changed = owners.filter(|owner| owner["fieldsV1"]["f:spec"]["f:taints"].is_object());
    let changed = changed.filter_map(|owner| owner.instant("/time")).max();
    let oldest = taints(node).filter_map(|taint| taint.instant("/timeAdded").or(changed)).min();
    let placed = pod.condition("PodScheduled").and_then(|held| held.instant("/lastTransitionTime"));
    oldest.max(placed).unwrap_or(Timestamp::MIN)
}
