//! The collector of pods that nobody else can end: those of a node that no
//! longer exists, those that end on a node that is out of service, and those
//! that end without ever having had a node.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Fields, later, with_condition};
use super::node_lifecycle::{REMOVING, removal};
use super::{Change, Controller, Step, View};

/// A node that is gone may come back for so long, in seconds.
const QUARANTINE: i64 = 40;
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

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
            "Node" => true,
            "Pod" => change.after.is_some_and(|pod| {
                let node = pod.text("/spec/nodeName");
                let is_placed = change.before.is_none_or(|before| before.text("/spec/nodeName") != node);
                (is_placed && !node.is_empty()) || pod.terminating()
            }),
            _ => false,
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        let nodes = view.list("Node");
        let mut missed = BTreeSet::new();
        let mut passes = Vec::new();
        for pod in &view.list("Pod") {
            let name = pod.text("/spec/nodeName");
            let home = nodes.iter().find(|node| node.name() == name);
            match home {
                None if name.is_empty() => {
                    if pod.terminating() {
                        passes.push(end(pod, false, now));
                    }
                }
                None => match removed(view, name) {
                    None if missed.insert(name.to_owned()) => {
                        passes.push(Step { writes: vec![removal(name)], wake: Some(later(now, QUARANTINE)) });
                    }
                    None => {}
                    Some(since) if now < later(since, QUARANTINE) => {
                        passes.push(Step { writes: Vec::new(), wake: Some(later(since, QUARANTINE)) });
                    }
                    Some(_) => passes.push(end(pod, true, now)),
                },
                Some(node) => {
                    let is_out = node.items("/spec/taints").iter().any(|taint| taint["key"] == OUT_OF_SERVICE);
                    if is_out && pod.terminating() && !node.holds("Ready") {
                        passes.push(end(pod, false, now));
                    }
                }
            }
        }
        passes
    }
}

/// When it was noticed that a node is gone: the events say so.
fn removed(view: &dyn View, node: &str) -> Option<Timestamp> {
    let events = view.events_named("default", node);
    let told = events.iter().filter(|event| event["reason"] == REMOVING && event["involvedObject"]["name"] == node);
    told.filter_map(|event| event.instant("/lastTimestamp")).max()
}

/// The pod has failed and goes at once.
fn end(pod: &Value, is_orphan: bool, now: Timestamp) -> Step {
    let mut step = Step::default();
    if !matches!(pod.phase(), "Succeeded" | "Failed") {
        let mut status = json!({ "phase": "Failed" });
        if is_orphan {
            let condition = json!({
                "type": "DisruptionTarget", "status": "True", "lastProbeTime": null, "reason": "DeletionByPodGC",
                "message": "PodGC: node no longer exists",
            });
            status["conditions"] = with_condition(pod, condition, now).into();
        }
        step.patch_status(pod, &status);
    }
    step.delete(pod, Some(0));
    step
}
