//! Detaching what no pod on its node needs any more.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::listed::without;
use crate::simulator::clock::clock_text;
use crate::simulator::controllers::attachments::{unique_name, users, volume_of};
use crate::simulator::controllers::fields::{Fields, later};
use crate::simulator::controllers::kubelet::is_up;
use crate::simulator::controllers::taints::is_out_of_service;
use crate::simulator::controllers::{Step, View};

/// How long a node that is not ready may keep a volume that nobody needs there,
/// in seconds.
const LONGEST: i64 = 360;

/// Since when a volume waits to be given up by a node that is lost. The real
/// controller keeps this in mind.
const UNWANTED_SINCE: &str = "sandbox.kubectl-stateful/unwanted-since";

/// Keeps an attachment that is needed, and ends one that is not.
pub(super) fn look_after(view: &dyn View, attachment: &Value, now: Timestamp) -> Step {
    let mut step = Step::default();
    let name = attachment.text("/spec/nodeName");
    let Some(volume) = volume_of(view, attachment).filter(|_| !attachment.terminating()) else { return step };
    let since = attachment.annotation(UNWANTED_SINCE);
    if users(view, &volume).iter().any(|pod| pod.text("/spec/nodeName") == name) {
        if since.is_some() {
            step.patch(attachment, json!({ "metadata": { "annotations": { UNWANTED_SINCE: null } } }));
        }
        return step;
    }
    let node = view.get("Node", "", name);
    if !is_given_up(node.as_deref(), &volume) {
        let is_lost = node.as_deref().is_none_or(|node| !is_up(node) || !node.holds("Ready"));
        let Some(since) = since.and_then(|since| since.parse().ok()) else {
            if is_lost {
                step.patch(attachment, json!({ "metadata": { "annotations": { UNWANTED_SINCE: clock_text(now) } } }));
            }
            return step;
        };
        let end = later(since, LONGEST);
        if now < end {
            step.wake_at(end);
            return step;
        }
        if node.as_deref().is_some_and(|node| node.holds("Ready")) {
            return step;
        }
    }
    // A node must not begin to use what is about to go.
    if let Some(left) = node.as_deref().and_then(|node| without(node, &volume)) {
        step.patch_status_field(node.as_deref().unwrap_or(&Value::Null), "volumesAttached", left);
    }
    step.delete(attachment, None);
    step
}

/// The node says that it does not use the volume, or somebody says that the
/// node uses nothing. Of a node that is gone nobody knows.
fn is_given_up(node: Option<&Value>, volume: &Value) -> bool {
    let Some(node) = node else { return false };
    let unique = unique_name(volume);
    is_out_of_service(node) || !node.items("/status/volumesInUse").iter().any(|used| *used == unique)
}
