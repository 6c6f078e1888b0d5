//! The node lifecycle controller: a node whose kubelet has fallen silent is
//! `Unknown` after its grace period, what is wrong with a node stands in its
//! taints, and pods on a node that is not ready are not ready either.
//!
//! Heartbeats are not stored one by one: a kubelet that works is heard all the
//! time, and one that goes down leaves behind when (`DOWN_SINCE`).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fields::{Fields, later, with_condition};
use super::kubelet::{DOWN_SINCE, is_up};
use super::{Change, Controller, EventType, Step, Target, View, Write};
use crate::simulator::clock::clock_text;

/// How long a node may be silent, in seconds.
const GRACE: i64 = 50;

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Conditions that the kubelet keeps, and whose state nobody knows without it.
const OF_KUBELET: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// Which state of a condition keeps new pods away, by which taint.
const REPELS: [(&str, &str, &str); 6] = [
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
];

/// `node-lifecycle-controller`, which signs as `node-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeLifecycle;

impl Controller for NodeLifecycle {
    fn name(&self) -> &'static str {
        "node-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        match change.kind {
            "Node" => !change.is_of_volumes_alone(),
            "Pod" => change
                .after
                .is_some_and(|pod| pod.holds("Ready") && change.before.is_none_or(|pod| !pod.holds("Ready"))),
            _ => false,
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        let nodes = view.list("Node");
        // Where no node at all is heard of, the trouble is thought to be ours.
        let evicts = nodes.iter().any(|node| node.holds("Ready"));
        let mut passes: Vec<Step> = nodes.iter().map(|node| keep(node, evicts, now)).collect();
        if nodes.iter().any(|node| is_known_unready(node)) {
            for pod in &view.list("Pod") {
                let home = nodes.iter().find(|node| node.name() == pod.text("/spec/nodeName"));
                if home.is_some_and(|node| is_known_unready(node)) && pod.holds("Ready") {
                    passes.push(unready(pod, now));
                }
            }
        }
        passes.retain(|pass| !pass.is_idle());
        passes
    }
}

fn is_known_unready(node: &Value) -> bool {
    node.condition("Ready").is_some_and(|ready| ready["status"] != "True")
}

fn keep(node: &Value, evicts: bool, now: Timestamp) -> Step {
    let mut step = Step::default();
    let silent_since = node.annotation(DOWN_SINCE).filter(|_| !is_up(node)).and_then(|since| since.parse().ok());
    if let Some(since) =
        silent_since.filter(|_| node.condition("Ready").is_none_or(|ready| ready["status"] != "Unknown"))
    {
        let end = later(since, GRACE);
        if now < end {
            step.wake_at(end);
        } else {
            lose(node, now, &mut step);
            return step;
        }
    }
    if let Some(taints) = taints(node, evicts, now) {
        step.patch_unchanged(node, json!({ "spec": { "taints": taints } }));
    }
    step
}

/// Nothing that the kubelet said about the node counts any more.
fn lose(node: &Value, now: Timestamp, step: &mut Step) {
    let mut conditions = node.clone();
    for kind in OF_KUBELET {
        let (reason, message) = match node.condition(kind) {
            Some(_) => ("NodeStatusUnknown", "Kubelet stopped posting node status."),
            None => ("NodeStatusNeverUpdated", "Kubelet never posted node status."),
        };
        let heartbeat =
            node.condition(kind).map_or(&node["metadata"]["creationTimestamp"], |held| &held["lastHeartbeatTime"]);
        let unknown = json!({
            "type": kind, "status": "Unknown", "reason": reason, "message": message, "lastHeartbeatTime": heartbeat,
        });
        conditions["status"]["conditions"] = with_condition(&conditions, unknown, now).into();
    }
    step.patch_status(node, json!({ "conditions": conditions["status"]["conditions"] }));
    if node.holds("Ready") {
        let message = format!("Node {} status is now: NodeNotReady", node.name());
        step.event(node, EventType::Normal, "NodeNotReady", message);
    }
}

/// The taints that the node should have, if it has others.
fn taints(node: &Value, evicts: bool, now: Timestamp) -> Option<Vec<Value>> {
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    for (kind, status, key) in REPELS {
        if node.condition(kind).is_some_and(|held| held["status"] == status) {
            wanted.push((key, "NoSchedule"));
            if kind == "Ready" && evicts {
                wanted.push((key, "NoExecute"));
            }
        }
    }
    if node["spec"]["unschedulable"] == true {
        wanted.push((UNSCHEDULABLE, "NoSchedule"));
    }
    let held = node.items("/spec/taints");
    let is = |taint: &Value, (key, effect): &(&str, &str)| taint["key"] == *key && taint["effect"] == *effect;
    // A node that has never said how it is keeps what admission gave it.
    let is_silent = node.condition("Ready").is_none();
    let kept = |taint: &&Value| !is_ours(taint) || is_silent || wanted.iter().any(|wanted| is(taint, wanted));
    let mut taints: Vec<Value> = held.iter().filter(kept).cloned().collect();
    for new in wanted.iter().filter(|new| !held.iter().any(|taint| is(taint, new))) {
        taints.push(json!({ "key": new.0, "effect": new.1, "timeAdded": clock_text(now) }));
    }
    (taints != held).then_some(taints)
}

/// A taint that this controller puts on and takes off.
fn is_ours(taint: &Value) -> bool {
    let key = taint.text("/key");
    match taint.text("/effect") {
        "NoSchedule" => key == UNSCHEDULABLE || REPELS.iter().any(|(_, _, known)| *known == key),
        "NoExecute" => matches!(key, NOT_READY | UNREACHABLE),
        _ => false,
    }
}

fn unready(pod: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    let mut condition = pod.condition("Ready").cloned().unwrap_or_default();
    condition["status"] = json!("False");
    step.patch_status(pod, json!({ "conditions": with_condition(pod, condition, now) }));
    step.event(pod, EventType::Warning, "NodeNotReady", "Node is not ready");
    step
}

/// The event by which a node that is gone is known; pods are left on it.
pub(super) fn removal(name: &str) -> Write {
    Write::Event {
        target: Target { kind: "Node".to_owned(), namespace: String::new(), name: name.to_owned() },
        kind: EventType::Normal,
        reason: REMOVING.to_owned(),
        message: format!("Removing Node {name} from Controller"),
    }
}

/// The reason of that event.
pub(super) const REMOVING: &str = "RemovingNode";
