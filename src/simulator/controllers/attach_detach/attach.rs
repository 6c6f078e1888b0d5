//! Attaching the volumes of a pod to its node.

use std::sync::Arc;

use serde_json::Value;

use crate::simulator::controllers::attachments::{
    attachment, attachment_to, holds, is_managed, is_shared, needs_volumes, users, volume_of, volumes_of,
};
use crate::simulator::controllers::fields::Fields;
use crate::simulator::controllers::{EventType, Step, View, Write};

const FAILED: &str = "FailedAttachVolume";

/// Asks for what the pod's volumes lack; a node without a kubelet gets nothing.
pub(super) fn attach(view: &dyn View, pod: &Value) -> Step {
    let mut step = Step::default();
    let node = pod.text("/spec/nodeName");
    if !needs_volumes(pod) || !view.get("Node", "", node).is_some_and(|node| is_managed(&node)) {
        return step;
    }
    for (_, volume) in volumes_of(view, pod) {
        if attachment_to(view, &volume, node).is_some() {
            continue;
        }
        let others = if is_shared(&volume) { Vec::new() } else { elsewhere(view, &volume, node) };
        if others.is_empty() {
            step.push(Write::Create(attachment(&volume, node)));
        } else if others.iter().any(|other| holds(other) || other.terminating()) {
            refuse(view, pod, &volume, &others, &mut step);
        }
    }
    step
}

/// The attachments of a volume to other nodes.
fn elsewhere(view: &dyn View, volume: &Value, node: &str) -> Vec<Arc<Value>> {
    let mut others = view.attachments_of(volume.name());
    others.retain(|other| other.text("/spec/nodeName") != node && volume_of(view, other).is_some());
    others
}

/// Tells once who is in the way.
fn refuse(view: &dyn View, pod: &Value, volume: &Value, others: &[Arc<Value>], step: &mut Step) {
    let prefix = format!("Multi-Attach error for volume {:?} ", volume.name());
    let is_told = view.events_named(pod.namespace(), pod.name()).iter().any(|event| {
        event["reason"] == FAILED
            && event["involvedObject"]["uid"] == pod.uid()
            && event.text("/message").starts_with(&prefix)
    });
    if is_told {
        return;
    }
    let nodes: Vec<&str> = others.iter().map(|other| other.text("/spec/nodeName")).collect();
    let mut pods = users(view, volume);
    pods.retain(|user| nodes.contains(&user.text("/spec/nodeName")));
    let names: Vec<&str> = pods.iter().map(|user| user.name()).collect();
    let why = if names.is_empty() {
        "Volume is already exclusively attached to one node and can't be attached to another".to_owned()
    } else {
        format!("Volume is already used by pod(s) {}", names.join(", "))
    };
    step.event(pod, EventType::Warning, FAILED, format!("{prefix}{why}"));
}
