//! Keeping the played nodes: Ready, with room, and without the taint that new
//! nodes carry.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::NODE_DOWN;
use crate::simulator::controllers::Step;
use crate::simulator::controllers::fields::{Fields, stamp, with_condition};

const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// The node's kubelet works.
pub(super) fn is_up(node: &Value) -> bool {
    node.annotation(NODE_DOWN).is_none_or(|value| value == "false")
}

/// What a node's status should say. A node that is down says nothing more:
/// its condition is `Unknown`, as the lifecycle controller would write it.
pub(super) fn keep(node: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    let up = is_up(node);
    let wanted = if up { "True" } else { "Unknown" };
    if node.condition("Ready").is_none_or(|ready| ready["status"] != wanted) {
        // The taint follows in the next look, when the node reads Ready.
        step.patch_status(node, &status(node, up, now));
        return step;
    }
    let taints = node.items("/spec/taints");
    let ours = |taint: &Value| TAINTS.iter().any(|key| taint["key"] == *key);
    if up && taints.iter().any(ours) {
        let kept: Vec<&Value> = taints.iter().filter(|taint| !ours(taint)).collect();
        step.patch_unchanged(node, json!({ "spec": { "taints": kept } }));
    } else if !up && !taints.iter().any(ours) {
        let mut all = taints.to_vec();
        all.push(json!({ "key": TAINTS[1], "effect": "NoSchedule", "timeAdded": stamp(now) }));
        step.patch_unchanged(node, json!({ "spec": { "taints": all } }));
    }
    step
}

fn status(node: &Value, up: bool, now: Timestamp) -> Value {
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": stamp(now),
        })
    };
    let ready = if up {
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
    } else {
        condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
    };
    let mut conditions = with_condition(node, ready, now);
    if conditions.len() == 1 {
        for (kind, reason, message) in [
            ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ] {
            let mut quiet = condition(kind, "False", reason, message);
            quiet["lastTransitionTime"] = json!(stamp(now));
            conditions.push(quiet);
        }
    }
    let mut status = json!({ "conditions": conditions });
    if !node["status"]["capacity"]["cpu"].is_string() {
        let room = json!({ "cpu": "64", "memory": "256Gi", "pods": "250", "ephemeral-storage": "1Ti" });
        status["capacity"] = room.clone();
        status["allocatable"] = room;
    }
    status
}
