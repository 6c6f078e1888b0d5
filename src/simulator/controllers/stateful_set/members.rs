//! Which pods belong to a set: adoption, release, and the split into slots of
//! the range and condemned pods (SS-04, SS-30), with the predicates of SS-20.

use std::collections::BTreeMap;
use std::ops::Deref;
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
    pub replicas: BTreeMap<i64, Member>,
    /// Pods outside the range, highest ordinal first.
    pub condemned: Vec<(i64, Member)>,
}

/// One pod of a set, with what every phase asks of it.
#[derive(Clone)]
pub(super) struct Member {
    pod: Arc<Value>,
    pub phase: Phase,
    /// Phase Running and condition Ready.
    pub is_ready: bool,
    pub is_terminating: bool,
    /// When a Ready pod becomes available: just after `minReadySeconds` have
    /// passed. `None` if it is not Ready.
    pub available_from: Option<Timestamp>,
}

/// The phase of a pod, as far as it matters to its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has none yet.
    Unset,
    Pending,
    Running,
    /// Succeeded or failed.
    Ended,
    Unknown,
}

impl Phase {
    fn of(pod: &Value) -> Self {
        match pod.phase() {
            "" => Self::Unset,
            "Pending" => Self::Pending,
            "Running" => Self::Running,
            "Succeeded" | "Failed" => Self::Ended,
            _ => Self::Unknown,
        }
    }
}

impl Deref for Member {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.pod
    }
}

impl Member {
    fn new(pod: Arc<Value>, set: &Set) -> Self {
        let phase = Phase::of(&pod);
        let condition = pod.condition("Ready").filter(|condition| condition["status"] == "True");
        let available_from = match condition {
            None => None,
            Some(_) if set.min_ready_seconds == 0 => Some(Timestamp::MIN),
            Some(condition) => condition.instant("/lastTransitionTime").and_then(|since| {
                later(since, set.min_ready_seconds).checked_add(jiff::SignedDuration::from_millis(1)).ok()
            }),
        };
        let (is_ready, is_terminating) = (phase == Phase::Running && condition.is_some(), pod.terminating());
        Self { pod, phase, is_ready, is_terminating, available_from }
    }

    pub(super) fn is_available(&self, now: Timestamp) -> bool {
        self.available_from.is_some_and(|time| time <= now)
    }

    /// Not available, or going away.
    pub(super) fn is_unavailable(&self, now: Timestamp) -> bool {
        self.is_terminating || !self.is_available(now)
    }
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
            let member = Member::new(pod, set);
            if set.range().contains(&ordinal) {
                members.replicas.insert(ordinal, member);
            } else {
                members.condemned.push((ordinal, member));
            }
        }
        members.condemned.sort_by_key(|(ordinal, _)| std::cmp::Reverse(*ordinal));
        members
    }

    /// All pods of the set.
    pub(super) fn all(&self) -> impl Iterator<Item = &Member> {
        self.replicas.values().chain(self.condemned.iter().map(|(_, pod)| pod))
    }

    /// The lowest unavailable pod of the range, a missing one counting as
    /// unavailable; only if there is none, the lowest condemned one (SS-31).
    /// Answers the ordinal.
    pub(super) fn first_unavailable(&self, set: &Set, now: Timestamp) -> Option<i64> {
        set.range()
            .find(|ordinal| self.replicas.get(ordinal).is_none_or(|pod| pod.is_unavailable(now)))
            .or_else(|| self.condemned.iter().rev().find(|(_, pod)| pod.is_unavailable(now)).map(|(at, _)| *at))
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
