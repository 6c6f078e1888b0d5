//! Which volume a claim gets (PV-01 to PV-07, PV-10).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::simulator::controllers::amount::amount;
use crate::simulator::controllers::fields::Fields;
use crate::simulator::controllers::{View, selector};

/// The class that counts: the old annotation, else the field, else none.
pub(in crate::simulator::controllers) fn class_of(claim: &Value) -> &str {
    let annotated = claim.annotation("volume.beta.kubernetes.io/storage-class");
    annotated.unwrap_or_else(|| claim.text("/spec/storageClassName"))
}

/// A volume's class, by the same rule.
pub(super) fn class_of_volume(volume: &Value) -> &str {
    class_of(volume)
}

/// Whether the volume's `claimRef` names this claim, with its UID or with none
/// (PV-03).
pub(super) fn reserved_for(volume: &Value, claim: &Value) -> bool {
    let reference = &volume["spec"]["claimRef"];
    let uid = reference.text("/uid");
    reference.is_object()
        && reference["name"] == claim.name()
        && reference["namespace"] == claim.namespace()
        && (uid.is_empty() || uid == claim.uid())
}

/// All access modes that the claim asks for are offered.
pub(super) fn access_modes_fit(volume: &Value, claim: &Value) -> bool {
    let offered = volume.items("/spec/accessModes");
    claim.items("/spec/accessModes").iter().all(|mode| offered.contains(mode))
}

/// The claim's `volumeMode` and the volume's differ; unset is `Filesystem`.
pub(super) fn modes_differ(volume: &Value, claim: &Value) -> bool {
    let mode = |object: &Value| {
        let text = object.text("/spec/volumeMode");
        if text.is_empty() { "Filesystem".to_owned() } else { text.to_owned() }
    };
    mode(volume) != mode(claim)
}

/// The claim's class delays binding until a pod is scheduled.
pub(super) fn delayed(view: &dyn View, claim: &Value) -> bool {
    class_object(view, claim).is_some_and(|class| class["volumeBindingMode"] == "WaitForFirstConsumer")
}

pub(super) fn class_object(view: &dyn View, claim: &Value) -> Option<Arc<Value>> {
    view.get("StorageClass", "", class_of(claim))
}

/// The volume for a claim, seen by the binder: groups of equal access modes,
/// fewest modes first, the smallest volume within the first group that has
/// one. Node affinity is not looked at (PV-06). Groups of equal size go in
/// alphabetical order here; the real order is unspecified.
pub(super) fn best<'a>(claim: &Value, volumes: &'a [Arc<Value>], delayed: bool) -> Option<&'a Arc<Value>> {
    let is_others = |volume: &Value| volume["spec"]["claimRef"].is_object() && !reserved_for(volume, claim);
    let candidates: Vec<&Arc<Value>> =
        volumes.iter().filter(|volume| !is_others(volume) && access_modes_fit(volume, claim)).collect();
    let groups: BTreeSet<(usize, Vec<String>)> = candidates.iter().map(|volume| mode_set(volume)).collect();
    groups.into_iter().find_map(|group| {
        let members = candidates.iter().copied().filter(|volume| mode_set(volume) == group);
        smallest(claim, members, delayed, None)
    })
}

/// The volume for a delayed claim on a node, seen by the scheduler: node
/// affinity counts, groups do not (PV-05).
pub(in crate::simulator::controllers) fn best_on_node<'a>(
    claim: &Value,
    volumes: &'a [Arc<Value>],
    taken: &BTreeSet<String>,
    node: &Value,
) -> Option<&'a Arc<Value>> {
    let free = volumes.iter().filter(|volume| !taken.contains(volume.name()));
    smallest(claim, free, true, Some(node)).filter(|volume| access_modes_fit(volume, claim))
}

fn mode_set(volume: &Value) -> (usize, Vec<String>) {
    let modes: BTreeSet<String> =
        volume.items("/spec/accessModes").iter().filter_map(|mode| mode.as_str().map(str::to_owned)).collect();
    (modes.len(), modes.into_iter().collect())
}

/// The reserved volume at once, whatever its phase, class and labels; else the
/// smallest available one that agrees in all of them.
fn smallest<'a>(
    claim: &Value,
    volumes: impl Iterator<Item = &'a Arc<Value>>,
    delayed: bool,
    node: Option<&Value>,
) -> Option<&'a Arc<Value>> {
    let mut found: Option<&Arc<Value>> = None;
    for volume in volumes {
        let reserved = reserved_for(volume, claim);
        if (volume["spec"]["claimRef"].is_object() && !reserved) || !large_enough(volume, claim) {
            continue;
        }
        let attributes = "/spec/volumeAttributesClassName";
        if modes_differ(volume, claim) || claim.text(attributes) != volume.text(attributes) || volume.terminating() {
            continue;
        }
        let reachable =
            node.is_none_or(|node| selector::node_matches(&volume["spec"]["nodeAffinity"]["required"], node));
        if reserved {
            return reachable.then_some(volume);
        }
        if (node.is_none() && delayed) || volume.phase() != "Available" || !reachable {
            continue;
        }
        let wanted = &claim["spec"]["selector"];
        if (wanted.is_object() && !selector::matches(wanted, volume)) || class_of_volume(volume) != class_of(claim) {
            continue;
        }
        if node.is_some() && !access_modes_fit(volume, claim) {
            continue;
        }
        if found.is_none_or(|best| capacity(best) > capacity(volume)) {
            found = Some(volume);
        }
    }
    found
}

pub(super) fn capacity(volume: &Value) -> i128 {
    amount(volume.text("/spec/capacity/storage"))
}

fn large_enough(volume: &Value, claim: &Value) -> bool {
    capacity(volume) >= amount(claim.text("/spec/resources/requests/storage"))
}

/// Why a volume that the user asked for by name cannot be had (PV-20);
/// selector and node affinity are not checked.
pub(super) fn mismatch(volume: &Value, claim: &Value) -> Option<String> {
    let attributes = "/spec/volumeAttributesClassName";
    if volume.terminating() {
        return Some(format!("the volume is marked for deletion {:?}", volume.name()));
    }
    let reason = if !large_enough(volume, claim) {
        "requested PV is too small"
    } else if class_of_volume(volume) != class_of(claim) {
        "storageClassName does not match"
    } else if claim.text(attributes) != volume.text(attributes) {
        "volumeAttributesClassName does not match"
    } else if modes_differ(volume, claim) {
        "incompatible volumeMode"
    } else if !access_modes_fit(volume, claim) {
        "incompatible accessMode"
    } else {
        return None;
    };
    Some(reason.to_owned())
}
