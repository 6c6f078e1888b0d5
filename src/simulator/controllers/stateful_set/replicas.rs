//! Phases A and C: pods of the range ascending, condemned pods descending
//! (SS-33, SS-36, SS-37).

use serde_json::Value;

use super::identity::{self, new_pod, repair};
use super::members::{available, ready};
use super::set::Strategy;
use super::{Flow, Pass, events};
use crate::simulator::controllers::Write;
use crate::simulator::controllers::fields::Fields;

/// How many pods a Parallel set makes in one pass; the rest follow in the
/// next. It bounds a pass over a set with an absurd number of replicas.
const BATCH: usize = 500;

/// What a slot of phase A came to.
enum Slot {
    Done,
    /// Nothing more for this slot; an OrderedReady pass stops here.
    Waiting,
    /// A failure: the pass stops in both modes.
    Failed,
}

impl Pass<'_> {
    /// Phase A. In Parallel mode the slots go in batches of 1, 2, 4, …; a
    /// failure lets its batch finish and stops the pass.
    pub(super) fn process_replicas(&mut self) -> Flow {
        let mut made = 0;
        let mut batch_end = 1_usize;
        let mut batch = 1_usize;
        let mut failed = false;
        for (index, ordinal) in self.set.range().enumerate() {
            if index == batch_end {
                if failed {
                    return Flow::Stop;
                }
                batch = (batch * 2).min(BATCH);
                batch_end = batch_end.saturating_add(batch);
            }
            let slot = match self.members.replicas.get(&ordinal).cloned() {
                Some(pod) => self.keep(&pod, ordinal),
                None if made == BATCH => return Flow::Stop,
                None => {
                    made += 1;
                    self.make(ordinal)
                }
            };
            match slot {
                Slot::Waiting | Slot::Failed if self.set.monotonic => return Flow::Stop,
                Slot::Done | Slot::Waiting => {}
                Slot::Failed => failed = true,
            }
        }
        if failed { Flow::Stop } else { Flow::Continue }
    }

    /// An empty slot: its claims, then its pod (SS-33 step 2).
    fn make(&mut self, ordinal: i64) -> Slot {
        if self.has_stale_claim(ordinal) {
            return Slot::Waiting;
        }
        let (revision, template) = self.revision_for(ordinal);
        let pod = new_pod(&self.set, &template, &revision, ordinal);
        if let Err(reason) = self.make_claims(ordinal) {
            events::pod_failed(self, "create", pod.name(), &reason);
            return Slot::Failed;
        }
        if let Some(reason) = events::too_long(&pod, &revision) {
            events::pod_failed(self, "create", pod.name(), &reason);
            return Slot::Failed;
        }
        let name = pod.name().to_owned();
        self.step.push(Write::Create(pod.clone()));
        self.own_claims(&pod, ordinal, true);
        events::pod_done(self, "create", &name);
        Slot::Waiting
    }

    /// An existing pod (SS-33 steps 1, 3, 4, 5).
    fn keep(&mut self, pod: &Value, ordinal: i64) -> Slot {
        if matches!(pod.phase(), "Failed" | "Succeeded") {
            if !pod.terminating() {
                self.remove(pod);
            }
            return Slot::Waiting;
        }
        if pod.phase() == "Pending" {
            if self.make_claims(ordinal).is_err() {
                return Slot::Failed;
            }
            self.own_claims(pod, ordinal, true);
        }
        if self.set.monotonic && (pod.terminating() || !ready(pod) || !available(pod, &self.set, self.now)) {
            return Slot::Waiting;
        }
        let repair = repair(&self.set, pod, ordinal);
        if repair.as_ref().is_some_and(|repair| !repair["spec"].is_null())
            && let Err(reason) = self.make_claims(ordinal)
        {
            events::pod_failed(self, "update", pod.name(), &reason);
            return Slot::Failed;
        }
        let owned_anew = pod.phase() != "Pending" && self.own_claims(pod, ordinal, false);
        if owned_anew || repair.is_some() {
            if let Some(patch) = repair {
                self.step.patch(pod, patch);
            }
            events::pod_done(self, "update", pod.name());
        }
        Slot::Done
    }

    /// The revision of a new pod (SS-34).
    fn revision_for(&self, ordinal: i64) -> (String, Value) {
        let old = match self.set.strategy {
            Strategy::OnDelete => false,
            Strategy::RollingUpdate { partition } => {
                let kept = partition.unwrap_or_else(|| self.set.object.number("/status/currentReplicas").unwrap_or(0));
                ordinal < self.set.start.saturating_add(kept)
            }
        };
        let revision = if old { &self.revisions.current } else { &self.revisions.update };
        (revision.name.clone(), revision.template.clone())
    }

    /// Phase C. One deletion per pass in OrderedReady mode; with two or more
    /// unready condemned pods it waits for ever (SS-42).
    pub(super) fn process_condemned(&mut self) -> Flow {
        let first_unavailable = self.members.first_unavailable(&self.set, self.now);
        for (ordinal, pod) in self.members.condemned.clone() {
            if pod.terminating() {
                if self.set.monotonic {
                    return Flow::Stop;
                }
                continue;
            }
            let healthy = ready(&pod) && available(&pod, &self.set, self.now);
            if self.set.monotonic && !healthy && first_unavailable != Some(ordinal) {
                return Flow::Stop;
            }
            self.remove(&pod);
            if self.set.monotonic {
                return Flow::Stop;
            }
        }
        Flow::Continue
    }

    /// A plain delete with the pod's own grace period; disruption budgets are
    /// not asked.
    pub(super) fn remove(&mut self, pod: &Value) {
        self.step.delete(pod, None);
        events::pod_done(self, "delete", pod.name());
    }

    /// Whether a pod is of the update revision.
    pub(super) fn is_updated(&self, pod: &Value) -> bool {
        identity::revision(pod) == self.revisions.update.name
    }
}
