//! The list of attached volumes in a node's status, and what its pods are told
//! of a volume that comes into it.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::simulator::controllers::attachments::{holds, unique_name, users, volume_of};
use crate::simulator::controllers::fields::Fields;
use crate::simulator::controllers::{EventType, Step, View};

/// Brings the list in line with the attachments that hold.
pub(super) fn list(view: &dyn View, node: &Value) -> Step {
    let mut step = Step::default();
    let wanted = view.disks_on(node.name());
    let listed: HashSet<&str> =
        node.items("/status/volumesAttached").iter().map(|volume| volume.text("/name")).collect();
    if listed.len() == wanted.len() && wanted.iter().all(|name| listed.contains(&**name)) {
        return step;
    }
    let mut attachments = view.attachments_to(node.name());
    attachments.retain(|attachment| holds(attachment));
    let attached: Vec<Arc<Value>> = attachments.iter().filter_map(|attachment| volume_of(view, attachment)).collect();
    let mut wanted: Vec<_> = wanted.into_iter().collect();
    wanted.sort_unstable();
    let told: Vec<Value> = wanted.iter().map(|name| json!({ "name": name, "devicePath": "" })).collect();
    let told = if told.is_empty() { Value::Null } else { told.into() };
    step.patch_status_field(node, "volumesAttached", told);
    for volume in attached.iter().filter(|volume| !listed.contains(unique_name(volume).as_str())) {
        let message = format!("AttachVolume.Attach succeeded for volume {:?} ", volume.name());
        for pod in users(view, volume).iter().filter(|pod| pod.text("/spec/nodeName") == node.name()) {
            step.event(pod, EventType::Normal, "SuccessfulAttachVolume", message.clone());
        }
    }
    step
}

/// The list without a volume that is in it.
pub(super) fn without(node: &Value, volume: &Value) -> Option<Value> {
    let unique = unique_name(volume);
    let listed = node.items("/status/volumesAttached");
    let is_other = |held: &&Value| held.text("/name") != unique;
    let left = listed.iter().filter(is_other).count();
    (left < listed.len()).then(|| match left {
        0 => Value::Null,
        _ => listed.iter().filter(is_other).cloned().collect(),
    })
}
