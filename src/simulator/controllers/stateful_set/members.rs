//! Which pods belong to a set: adoption, release, and the split into slots of
//! the range and condemned pods (SS-04, SS-30), with the predicates of SS-20.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::identity::parent_and_ordinal;
use super::set::Set;
use crate::simulator::controllers::fields::{Fields, controller_reference, later};
use crate::simulator::controllers::{Step, View, selector};

/// The pods of a set.
pub(super) struct Members {
    /// Existing pods by ordinal, inside the range.
    pub replicas: BTreeMap<i64, Arc<Value>>,
    /// Pods outside the range, highest ordinal first.
    pub condemned: Vec<(i64, Arc<Value>)>,
}

impl Members {
    /// Adopts and releases as the real controller does, and sorts the rest.
    pub(super) fn claim(view: &dyn View, set: &Set, step: &mut Step) -> Self {
        let mut members = Self { replicas: BTreeMap::new(), condemned: Vec::new() };
        for pod in view.list_in("Pod", set.namespace) {
            let Some((parent, ordinal)) = parent_and_ordinal(pod.name()) else {
                release_stranger(set, &pod, step);
                continue;
            };
            let matches = parent == set.name && selector::matches(&set.object["spec"]["selector"], &pod);
            if !belongs(set, &pod, matches, step) {
                continue;
            }
            if set.range().contains(&ordinal) {
                members.replicas.insert(ordinal, pod);
            } else {
                members.condemned.push((ordinal, pod));
            }
        }
        members.condemned.sort_by_key(|(ordinal, _)| std::cmp::Reverse(*ordinal));
        members
    }

    /// All pods of the set.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Value>> {
        self.replicas.values().chain(self.condemned.iter().map(|(_, pod)| pod))
    }

    /// The lowest unavailable pod of the range, a missing one counting as
    /// unavailable; only if there is none, the lowest condemned one (SS-31).
    /// Answers the ordinal.
    pub(super) fn first_unavailable(&self, set: &Set, now: Timestamp) -> Option<i64> {
        set.range()
            .find(|ordinal| self.replicas.get(ordinal).is_none_or(|pod| unavailable(pod, set, now)))
            .or_else(|| self.condemned.iter().rev().find(|(_, pod)| unavailable(pod, set, now)).map(|(at, _)| *at))
    }
}

fn belongs(set: &Set, pod: &Value, matches: bool, step: &mut Step) -> bool {
    match pod.controller() {
        Some(owner) if owner["uid"] != set.uid => false,
        Some(_) if matches => true,
        Some(_) => {
            release(set, pod, step);
            false
        }
        None if set.terminating || !matches || pod.terminating() => false,
        None => {
            let mut owners = pod.owners().to_vec();
            owners.push(controller_reference(set.object, "apps/v1", "StatefulSet"));
            step.patch_unchanged(pod, json!({ "metadata": { "ownerReferences": owners } }));
            true
        }
    }
}

fn release_stranger(set: &Set, pod: &Value, step: &mut Step) {
    if pod.controller().is_some_and(|owner| owner["uid"] == set.uid) {
        release(set, pod, step);
    }
}

fn release(set: &Set, pod: &Value, step: &mut Step) {
    if set.terminating {
        return;
    }
    let owners: Vec<&Value> = pod.owners().iter().filter(|owner| owner["uid"] != set.uid).collect();
    step.patch_unchanged(pod, json!({ "metadata": { "ownerReferences": owners } }));
}

/// Phase Running and condition Ready.
pub(super) fn ready(pod: &Value) -> bool {
    pod.phase() == "Running" && pod.holds("Ready")
}

/// When a Ready pod becomes available: just after `minReadySeconds` have
/// passed. `None` if it is not Ready.
pub(super) fn available_from(pod: &Value, set: &Set) -> Option<Timestamp> {
    if !pod.holds("Ready") {
        return None;
    }
    if set.min_ready_seconds == 0 {
        return Some(Timestamp::MIN);
    }
    let since = pod.condition("Ready")?.instant("/lastTransitionTime")?;
    later(since, set.min_ready_seconds).checked_add(jiff::SignedDuration::from_millis(1)).ok()
}

pub(super) fn available(pod: &Value, set: &Set, now: Timestamp) -> bool {
    available_from(pod, set).is_some_and(|time| time <= now)
}

/// Not available, or going away.
pub(super) fn unavailable(pod: &Value, set: &Set, now: Timestamp) -> bool {
    pod.terminating() || !available(pod, set, now)
}
