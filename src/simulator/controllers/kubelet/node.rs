//! Keeping the played nodes: Ready, with room, and without the taint that new
//! nodes carry.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::knobs::{DOWN_SINCE, HANGING, NODE_DOWN};
use crate::simulator::clock::clock_text;
use crate::simulator::controllers::Step;
use crate::simulator::controllers::attachments::{MANAGED, is_managed};
use crate::simulator::controllers::fields::{Fields, with_condition};

const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// The node's kubelet works.
pub(in crate::simulator::controllers) fn is_up(node: &Value) -> bool {
    node.annotation(NODE_DOWN).is_none_or(|value| value == "false")
}

/// What a node's status should say. A node that is down says nothing more but
/// when it went; what becomes of its conditions is the lifecycle controller's.
pub(super) fn keep(node: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    let is_noted = node.annotation(DOWN_SINCE).is_some();
    if is_up(node) == is_noted {
        // One that comes up anew has no containers of before.
        let noted =
            if is_noted { json!({ DOWN_SINCE: null, HANGING: null }) } else { json!({ DOWN_SINCE: clock_text(now) }) };
        step.patch_unchanged(node, json!({ "metadata": { "annotations": noted } }));
        return step;
    }
    if is_noted {
        return step;
    }
    if !is_managed(node) {
        step.patch_unchanged(node, json!({ "metadata": { "annotations": { MANAGED: "true" } } }));
        return step;
    }
    if !node.holds("Ready") {
        // The taint follows in the next look, when the node reads Ready.
        step.patch_status(node, status(node, now));
        return step;
    }
    let taints = node.items("/spec/taints");
    let ours = |taint: &Value| TAINTS.iter().any(|key| taint["key"] == *key);
    if taints.iter().any(ours) {
        let kept: Vec<&Value> = taints.iter().filter(|taint| !ours(taint)).collect();
        step.patch_unchanged(node, json!({ "spec": { "taints": kept } }));
    }
    step
}

fn status(node: &Value, now: Timestamp) -> Value {
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": clock_text(now),
        })
    };
    let ready = condition("Ready", "True", "KubeletReady", "kubelet is posting ready status");
    let mut told = node.clone();
    told["status"]["conditions"] = with_condition(node, ready, now).into();
    for (kind, reason, message) in [
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ] {
        let quiet = condition(kind, "False", reason, message);
        told["status"]["conditions"] = with_condition(&told, quiet, now).into();
    }
    let conditions = &told["status"]["conditions"];
    let mut status = json!({ "conditions": conditions });
    if !node["status"]["capacity"]["cpu"].is_string() {
        let room = json!({ "cpu": "64", "memory": "256Gi", "pods": "250", "ephemeral-storage": "1Ti" });
        status["capacity"] = room.clone();
        status["allocatable"] = room;
    }
    status
}
