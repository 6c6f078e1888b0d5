//! Phases A and C: pods of the range ascending, condemned pods descending
//! (SS-33, SS-36, SS-37).

use std::sync::Arc;

use serde_json::Value;

use super::identity::{new_pod, repair};
use super::members::Member;
use super::set::Strategy;
use super::standing::Phase;
use super::{Flow, Pass, events};
use crate::simulator::controllers::fields::Fields;
use crate::simulator::controllers::{Step, Write};

/// How many pods of a Parallel set wait for a node at most; the rest follow when
/// some have one. It bounds what a set with an absurd number of replicas makes.
const BATCH: usize = 500;

/// The batches in which a Parallel set works: 1, 2, 4, … pods. A refused write
/// lets its batch finish and stops the pass.
#[derive(Default)]
struct Batches {
    size: usize,
    units: Vec<Step>,
}

impl Batches {
    /// Takes in what is to be done about one pod. Whether that fills a batch,
    /// which then is in `step`.
    fn take(&mut self, unit: Step, step: &mut Step) -> bool {
        self.units.push(unit);
        let is_full = self.units.len() >= self.size.max(1);
        if is_full {
            self.size = (self.size.max(1) * 2).min(BATCH);
            self.end(step);
        }
        is_full
    }

    /// The last batch may be a smaller one.
    fn end(&mut self, step: &mut Step) {
        step.batch(std::mem::take(&mut self.units));
    }
}

/// What a slot of phase A came to.
enum Slot {
    Done,
    /// Nothing more for this slot; an OrderedReady pass stops here.
    Waiting,
    /// A failure: the pass stops in both modes.
    Failed,
}

impl Pass<'_> {
    /// Phase A.
    pub(super) fn process_replicas(&mut self) -> Flow {
        if self.set.monotonic {
            let mut slots = self.set.range();
            let all_done = slots.all(|ordinal| matches!(self.fill(ordinal), Slot::Done));
            return if all_done { Flow::Continue } else { Flow::Stop };
        }
        let mut waiting = self.members.replicas.values().filter(|pod| !pod.has_node).count();
        let mut failed = false;
        let mut batches = Batches::default();
        let mut step = std::mem::take(&mut self.step);
        for ordinal in self.set.range() {
            if !self.members.replicas.contains_key(&ordinal) {
                if waiting >= BATCH {
                    failed = true;
                    break;
                }
                waiting += 1;
            }
            failed |= matches!(self.fill(ordinal), Slot::Failed);
            if batches.take(std::mem::take(&mut self.step), &mut step) && failed {
                break;
            }
        }
        batches.end(&mut step);
        self.step = step;
        if failed { Flow::Stop } else { Flow::Continue }
    }

    fn fill(&mut self, ordinal: i64) -> Slot {
        match self.members.replicas.get(&ordinal).cloned() {
            Some(pod) => self.keep(&pod, ordinal),
            None => self.make(ordinal),
        }
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
    fn keep(&mut self, pod: &Member, ordinal: i64) -> Slot {
        if pod.phase == Phase::Ended {
            if !pod.is_terminating {
                self.remove(&pod.pod);
            }
            return Slot::Waiting;
        }
        if pod.phase == Phase::Pending {
            if self.make_claims(ordinal).is_err() {
                return Slot::Failed;
            }
            self.own_claims(&pod.pod, ordinal, true);
        }
        if self.set.monotonic && (pod.is_terminating || !pod.is_ready || !pod.is_available(self.now)) {
            return Slot::Waiting;
        }
        let repair = repair(&self.set, pod, ordinal);
        if repair.as_ref().is_some_and(|repair| !repair["spec"].is_null())
            && let Err(reason) = self.make_claims(ordinal)
        {
            events::pod_failed(self, "update", pod.pod.name(), &reason);
            return Slot::Failed;
        }
        let owned_anew = pod.phase != Phase::Pending && self.own_claims(&pod.pod, ordinal, false);
        if owned_anew || repair.is_some() {
            if let Some(patch) = repair {
                self.step.patch(&pod.pod, patch);
            }
            events::pod_done(self, "update", pod.pod.name());
        }
        Slot::Done
    }

    /// The revision of a new pod (SS-34).
    fn revision_for(&self, ordinal: i64) -> (String, Arc<Value>) {
        let old = match self.set.strategy {
            Strategy::OnDelete => false,
            Strategy::RollingUpdate { partition } => {
                let kept = partition.unwrap_or_else(|| self.set.object.number("/status/currentReplicas").unwrap_or(0));
                ordinal < self.set.start.saturating_add(kept)
            }
        };
        let revision = if old { &self.revisions.current } else { &self.revisions.update };
        (revision.name.clone(), Arc::clone(&revision.template))
    }

    /// Phase C. One deletion per pass in OrderedReady mode; with two or more
    /// unready condemned pods it waits for ever (SS-42).
    pub(super) fn process_condemned(&mut self) -> Flow {
        if !self.set.monotonic {
            self.remove_condemned();
            return Flow::Continue;
        }
        let Some((ordinal, pod)) = self.members.condemned.first().cloned() else { return Flow::Continue };
        let healthy = pod.is_ready && pod.is_available(self.now);
        let is_next = healthy || self.members.first_unavailable(&self.set, self.now) == Some(ordinal);
        if is_next && !pod.is_terminating {
            self.remove(&pod.pod);
        }
        Flow::Stop
    }

    /// In batches, whatever state they are in.
    fn remove_condemned(&mut self) {
        let mut batches = Batches::default();
        let mut step = std::mem::take(&mut self.step);
        for (_, pod) in self.members.condemned.clone() {
            if !pod.is_terminating {
                self.remove(&pod.pod);
            }
            batches.take(std::mem::take(&mut self.step), &mut step);
        }
        batches.end(&mut step);
        self.step = step;
    }

    /// A plain delete with the pod's own grace period; disruption budgets are
    /// not asked.
    pub(super) fn remove(&mut self, pod: &Value) {
        self.step.delete(pod, None);
        events::pod_done(self, "delete", pod.name());
    }

    /// Whether a pod is of the update revision.
    pub(super) fn is_updated(&self, pod: &Member) -> bool {
        pod.revision == self.revisions.update.name
    }
}
