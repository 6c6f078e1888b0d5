//! The collector of pods that nobody else can end: those of a node that no
//! longer exists, those that end on a node that is out of service, and those
//! that end without ever having had a node.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Fields, later, targets, with_condition};
use super::node_lifecycle::{REMOVING, removal};
use super::taints::is_out_of_service;
use super::{Change, Controller, Keyed, Step, Target, View};

/// A node that is gone may come back for so long, in seconds.
const QUARANTINE: i64 = 40;

/// `pod-garbage-collector-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodGarbageCollector;

impl Controller for PodGarbageCollector {
    fn name(&self) -> &'static str {
        "pod-garbage-collector-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        match change.kind {
            "Node" => !change.is_of_volumes_alone(),
            "Pod" => change.after.is_some_and(|pod| {
                let node = pod.text("/spec/nodeName");
                let is_placed = change.before.is_none_or(|before| before.text("/spec/nodeName") != node);
                (is_placed && !node.is_empty()) || pod.terminating()
            }),
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

impl Keyed for PodGarbageCollector {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        targets(&view.list("Pod"))
    }

    fn concerned(&self, _view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        (change.kind == "Pod").then(|| change.target().into_iter().collect())
    }

    fn passes_about(&self, view: &dyn View, target: &Target, now: Timestamp) -> Vec<Step> {
        let Some(pod) = view.get("Pod", &target.namespace, &target.name) else { return Vec::new() };
        let name = pod.text("/spec/nodeName");
        let pass = match view.get("Node", "", name) {
            Some(node) => {
                (is_out_of_service(&node) && pod.terminating() && !node.holds("Ready")).then(|| end(&pod, false, now))
            }
            None if name.is_empty() => pod.terminating().then(|| end(&pod, false, now)),
            None => Some(orphan(view, &pod, name, now)),
        };
        pass.into_iter().collect()
    }
}

/// A pod whose node is gone: that is told, and when it has lasted, the pod goes.
fn orphan(view: &dyn View, pod: &Value, node: &str, now: Timestamp) -> Step {
    let told = removed(view, node, pod);
    let end_of_quarantine = later(told.unwrap_or(now), QUARANTINE);
    if told.is_some() && now >= end_of_quarantine {
        return end(pod, true, now);
    }
    let notice = if told.is_none() { vec![removal(node)] } else { Vec::new() };
    Step { wake: Some(end_of_quarantine), ..Step::from(notice) }
}

/// When it was noticed that a node is gone: the events say so. One from before
/// the pod came to the node is of an earlier node of this name.
fn removed(view: &dyn View, node: &str, pod: &Value) -> Option<Timestamp> {
    let placed = pod.condition("PodScheduled").and_then(|held| held.instant("/lastTransitionTime"));
    let events = view.events_named("default", node);
    let told = events.iter().filter(|event| event["reason"] == REMOVING && event["involvedObject"]["name"] == node);
    told.filter_map(|event| event.instant("/lastTimestamp"))
        .filter(|time| placed.is_none_or(|placed| *time >= placed))
        .max()
}

/// The pod has failed and goes at once.
fn end(pod: &Value, is_orphan: bool, now: Timestamp) -> Step {
    let mut step = Step::default();
    if !pod.has_ended() {
        let mut status = json!({ "phase": "Failed" });
        if is_orphan {
            let condition = json!({
                "type": "DisruptionTarget", "status": "True", "lastProbeTime": null, "reason": "DeletionByPodGC",
                "message": "PodGC: node no longer exists",
            });
            status["conditions"] = with_condition(pod, condition, now).into();
        }
        step.patch_status(pod, status);
    }
    step.delete(pod, Some(0));
    step
}
