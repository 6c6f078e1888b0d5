//! Which pods, attachments and nodes a change gives something to do about.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::has_turned;
use crate::simulator::controllers::attachments::{
    attachment_to, is_managed, needs_volumes, users, volume_of, volumes_of,
};
use crate::simulator::controllers::fields::{Fields, claim_names, targets};
use crate::simulator::controllers::kubelet::is_up;
use crate::simulator::controllers::{Change, Target, View};

/// Whether a change of a node can let volumes go, or attach some.
pub(super) fn of_node(change: &Change<'_>) -> bool {
    let (Some(before), Some(after)) = (change.before, change.after) else { return true };
    is_of_its_state(before, after) || given_up(change).next().is_some()
}

fn is_of_its_state(before: &Value, after: &Value) -> bool {
    before.holds("Ready") != after.holds("Ready")
        || is_up(before) != is_up(after)
        || is_managed(before) != is_managed(after)
        || before["spec"]["taints"] != after["spec"]["taints"]
}

/// The volumes that the node was using and is not using any more.
fn given_up<'a>(change: &Change<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let listed = |node: Option<&'a Value>| node.map_or(&[][..], |node| node.items("/status/volumesInUse"));
    let (before, after) = (listed(change.before), listed(change.after));
    let kept: BTreeSet<&str> = if before == after { BTreeSet::new() } else { texts(after).collect() };
    let candidates = if before == after { &[][..] } else { before };
    texts(candidates).filter(move |volume| !kept.contains(volume))
}

fn texts(list: &[Value]) -> impl Iterator<Item = &str> {
    list.iter().filter_map(Value::as_str)
}

pub(super) fn concerned(view: &dyn View, change: &Change<'_>) -> Vec<Target> {
    match change.kind {
        "Pod" => of_pod(view, change),
        "Node" => of_volumes_of_node(view, change),
        "PersistentVolumeClaim" => {
            let Some(place) = change.target() else { return Vec::new() };
            let mut pods = view.pods_with(&place.namespace, &place.name);
            pods.retain(|pod| needs_volumes(pod));
            targets(&pods)
        }
        _ => of_attachment(view, change),
    }
}

/// A pod that needs its volumes; or the attachments of one that does not any more.
fn of_pod(view: &dyn View, change: &Change<'_>) -> Vec<Target> {
    if let Some(pod) = change.after.filter(|pod| needs_volumes(pod)) {
        return vec![pod.target()];
    }
    let Some(pod) = change.before else { return Vec::new() };
    let node = pod.text("/spec/nodeName");
    let claims = claim_names(pod);
    let volumes = volumes_of(view, pod);
    if volumes.len() == claims.len() {
        let held: Vec<Arc<Value>> =
            volumes.iter().filter_map(|(_, volume)| attachment_to(view, volume, node)).collect();
        return targets(&held);
    }
    // A claim is gone already, and the volume remembers it.
    let mut held = view.attachments_to(node);
    held.retain(|attachment| is_of(view, attachment, pod, &claims));
    targets(&held)
}

fn is_of(view: &dyn View, attachment: &Value, pod: &Value, claims: &[String]) -> bool {
    let volume = view.get("PersistentVolume", "", attachment.text("/spec/source/persistentVolumeName"));
    volume.is_some_and(|volume| {
        let claim = &volume["spec"]["claimRef"];
        claim["namespace"] == pod.namespace() && claims.iter().any(|name| claim["name"] == name.as_str())
    })
}

fn of_volumes_of_node(view: &dyn View, change: &Change<'_>) -> Vec<Target> {
    let Some(node) = change.target() else { return Vec::new() };
    if let (Some(before), Some(after)) = (change.before, change.after)
        && !is_of_its_state(before, after)
    {
        let volumes = given_up(change).flat_map(|unique| view.volumes_called(unique));
        let mut attached: Vec<Arc<Value>> = volumes.flat_map(|volume| view.attachments_of(volume.name())).collect();
        attached.retain(|held| held.text("/spec/nodeName") == node.name && volume_of(view, held).is_some());
        // In the order of a list.
        attached.sort_by(|one, other| one.name().cmp(other.name()));
        return targets(&attached);
    }
    let mut concerned = targets(&view.attachments_to(&node.name));
    if !change.before.is_some_and(is_managed) {
        concerned.extend(targets(&view.pods_on(&node.name)));
        concerned.push(node);
    }
    concerned
}

/// The attachment itself; its node's list, when it begins or ceases to hold;
/// and then also the pods that it stood in the way of.
fn of_attachment(view: &dyn View, change: &Change<'_>) -> Vec<Target> {
    let Some(attachment) = change.after.or(change.before) else { return Vec::new() };
    let mut concerned = vec![attachment.target()];
    if !has_turned(change) && change.after.is_some() {
        return concerned;
    }
    let node = attachment.text("/spec/nodeName").to_owned();
    concerned.push(Target { kind: "Node".to_owned(), namespace: String::new(), name: node });
    let volume = view.get("PersistentVolume", "", attachment.text("/spec/source/persistentVolumeName"));
    let pods: Vec<Arc<Value>> = volume.map(|volume| users(view, &volume)).unwrap_or_default();
    concerned.extend(targets(&pods));
    concerned
}
