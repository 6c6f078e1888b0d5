//! What a pod says to its set. A set with many members asks all of them in each
//! of its passes, so the store reads it once for each version of a pod.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::identity::{self, claim_of, parent_and_ordinal};
use crate::simulator::controllers::fields::Fields;

/// A version of a pod, as its set sees it.
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts about a pod")]
#[derive(Clone, Debug)]
pub struct Standing {
    pub(super) pod: Arc<Value>,
    /// What its name says: whose member it is, and which one.
    pub(super) place: Option<(String, i64)>,
    pub(super) phase: Phase,
    /// Phase Running and condition Ready.
    pub(super) is_ready: bool,
    /// The condition Ready holds, whatever the phase.
    pub(super) says_ready: bool,
    /// Since when it holds, if it says so.
    pub(super) ready_since: Option<Timestamp>,
    pub(super) is_terminating: bool,
    pub(super) has_node: bool,
    pub(super) revision: String,
    /// The UID of its controller.
    pub(super) controller: Option<String>,
    pub(super) labels: Value,
    /// Its label names it as its name does (SS-05).
    pub(super) is_labelled: bool,
    /// The claim templates whose claims of this member it mounts (SS-08).
    pub(super) mounted: Vec<String>,
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

impl Standing {
    pub(in crate::simulator) fn of(pod: &Arc<Value>) -> Self {
        let place = parent_and_ordinal(pod.name()).map(|(parent, ordinal)| (parent.to_owned(), ordinal));
        let phase = Phase::of(pod);
        let ready = pod.condition("Ready").filter(|condition| condition["status"] == "True");
        Self {
            is_labelled: place.as_ref().is_some_and(|(set, ordinal)| identity::is_labelled(pod, set, *ordinal)),
            mounted: place.as_ref().map(|(set, ordinal)| mounted(pod, set, *ordinal)).unwrap_or_default(),
            place,
            phase,
            is_ready: phase == Phase::Running && ready.is_some(),
            says_ready: ready.is_some(),
            ready_since: ready.and_then(|condition| condition.instant("/lastTransitionTime")),
            is_terminating: pod.terminating(),
            has_node: !pod.text("/spec/nodeName").is_empty(),
            revision: identity::revision(pod).to_owned(),
            controller: pod.controller().map(|owner| owner.text("/uid").to_owned()),
            labels: pod["metadata"]["labels"].clone(),
            pod: Arc::clone(pod),
        }
    }
}

fn mounted(pod: &Value, set: &str, ordinal: i64) -> Vec<String> {
    let volumes = pod.items("/spec/volumes").iter().map(|volume| (volume.text("/name"), volume));
    volumes
        .filter(|(name, volume)| volume.text("/persistentVolumeClaim/claimName") == claim_of(name, set, ordinal))
        .map(|(name, _)| name.to_owned())
        .collect()
}
