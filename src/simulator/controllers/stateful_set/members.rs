//! Which pods belong to a set: adoption, release, and the split into slots of
//! the range and condemned pods (SS-04, SS-30), with the predicates of SS-20.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::set::Set;
use super::standing::Standing;
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
    standing: Arc<Standing>,
    /// When a Ready pod becomes available: just after `minReadySeconds` have
    /// passed. `None` if it is not Ready.
    pub available_from: Option<Timestamp>,
}

impl Deref for Member {
    type Target = Standing;

    fn deref(&self) -> &Standing {
        &self.standing
    }
}

impl Member {
    fn new(standing: Arc<Standing>, set: &Set) -> Self {
        let available_from = if !standing.says_ready {
            None
        } else if set.min_ready_seconds == 0 {
            Some(Timestamp::MIN)
        } else {
            standing.ready_since.and_then(|since| {
                later(since, set.min_ready_seconds).checked_add(jiff::SignedDuration::from_millis(1)).ok()
            })
        };
        Self { standing, available_from }
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
        let selector = &set.object["spec"]["selector"];
        for standing in view.standings(set.namespace) {
            let Some((parent, ordinal)) = &standing.place else {
                release_stranger(set, &standing, step);
                continue;
            };
            let ordinal = *ordinal;
            let matches = || parent == set.name && selector::takes(selector, &standing.labels);
            if !belongs(set, &standing, matches, step) {
                continue;
            }
            let member = Member::new(standing, set);
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

fn belongs(set: &Set, standing: &Standing, matches: impl Fn() -> bool, step: &mut Step) -> bool {
    let pod = &standing.pod;
    match &standing.controller {
        Some(owner) if owner != set.uid => false,
        Some(_) if matches() => true,
        Some(_) => {
            release(set, pod, step);
            false
        }
        None if set.terminating || standing.is_terminating || !matches() => false,
        None => {
            let mut owners = pod.owners().to_vec();
            owners.push(controller_reference(set.object, "apps/v1", "StatefulSet"));
            step.patch_unchanged(pod, json!({ "metadata": { "ownerReferences": owners } }));
            true
        }
    }
}

fn release_stranger(set: &Set, standing: &Standing, step: &mut Step) {
    if standing.controller.as_deref() == Some(set.uid) {
        release(set, &standing.pod, step);
    }
}

fn release(set: &Set, pod: &Value, step: &mut Step) {
    if set.terminating {
        return;
    }
    let owners: Vec<&Value> = pod.owners().iter().filter(|owner| owner["uid"] != set.uid).collect();
    step.patch_unchanged(pod, json!({ "metadata": { "ownerReferences": owners } }));
}
