//! What a runbook may ask of the program. Every call has a number in the
//! journal, its arguments and its answer; that is what a run is resumed from.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::effects::exec::Exec;
use crate::effects::{Effect, Target};
use crate::objects::kinds::ObjectRef;

/// One call of a script, as it stands in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum Call {
    /// The next phase begins.
    Phase { phase: Phase },
    /// The set of this name; null if there is none, unless there must be one.
    Set {
        name: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        must: bool,
    },
    /// Its members with this ordinal and above, the highest first, with their claims and volumes.
    Members { set: Target, from: u64 },
    /// Retired volumes of a set, by ordinal and template; of one ordinal if it is named.
    Retired { set: String, ordinal: Option<u64> },
    /// Claims of ordinals that the set does not want.
    Leftovers { set: Target },
    /// An object of another kind; null if there is none.
    Object { object: ObjectRef },
    /// All objects of a kind that have these labels.
    Objects {
        /// `name` is empty.
        of: ObjectRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        labels: Option<String>,
    },
    /// A write.
    Effect { effect: Effect },
    /// Until the pod is gone, nothing else uses its claims and its volumes are detached.
    AwaitGone { set: Target, ordinal: u64, claims: Vec<Target>, volumes: Vec<Target>, at_most: u64 },
    /// Until the set has this many ready members, as its controller says.
    AwaitReady { set: Target, replicas: u64, at_most: u64 },
    /// The set stands still for so many seconds.
    Settle { set: Target, replicas: u64, seconds: u64 },
    /// Until a claim is gone and its volume is Released.
    AwaitReleased { claim: Target, volume: Target, at_most: u64 },
    /// Until a claim is gone, whatever becomes of its volume.
    AwaitClaimGone { claim: Target, at_most: u64 },
    /// Until a deleted object of another kind is gone.
    AwaitObjectGone { object: ObjectRef, at_most: u64 },
    /// Until a claim is bound to this volume.
    AwaitBound { claim: ObjectRef, volume: Target, at_most: u64 },
    /// Until a volume is gone; what lies at `stays` does so.
    AwaitPurged {
        volume: Target,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stays: Option<String>,
        at_most: u64,
    },
    /// What a program in a pod prints that only reads; what is assumed of it in plans.
    Query {
        exec: Exec,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assume: Option<String>,
    },
    /// A part of the work begins.
    Step { title: String },
    /// Something that is to be done at the end of `run`, whatever comes.
    Always { label: String },
    /// It begins; after a stop if the run has not come to its end.
    AtEnd {
        label: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stopped: bool,
    },
    /// Its own script has failed after a stop.
    AtEndFailed { label: String, why: String },
    /// What an undo does beside the inverses, at the place where this was said. Nothing of it is written now.
    Undo { label: String, effects: Vec<Effect> },
    /// A check of the script's own.
    Guard { holds: bool, message: String },
    /// Something to know; `caution` if it should be thought about.
    Say { text: String, caution: bool },
    /// A question; with `typed` only that very text is a yes, and with `flag` no
    /// other flag answers it.
    Confirm { question: String, typed: Option<String>, flag: Option<String> },
    /// A result of the run.
    Output { key: String, value: Value },
}

/// The functions of a script, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    Preflight,
    Run,
    Verify,
}

impl Phase {
    /// The name of its function.
    #[must_use]
    pub const fn function(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Run => "run",
            Self::Verify => "verify",
        }
    }
}

/// A set as a script sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetAnswer {
    pub target: Target,
    pub replicas: u64,
    pub start: u64,
    pub ready: u64,
    pub templates: Vec<String>,
    pub management: String,
    pub when_scaled: String,
    pub when_deleted: String,
}

/// A member of a set as a script sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberAnswer {
    pub ordinal: u64,
    /// The name that its pod has or would have.
    pub pod: String,
    pub claims: Vec<ClaimAnswer>,
}

/// A claim with the volume that it is bound to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimAnswer {
    pub template: String,
    pub ordinal: u64,
    pub claim: Target,
    /// `None`: not bound, or its volume may not be read.
    pub volume: Option<Target>,
    /// Reclaim policy of the volume; empty where it is not known.
    pub policy: String,
    /// As written.
    pub size: String,
}

/// A retired volume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetiredAnswer {
    pub volume: Target,
    pub set: String,
    pub template: String,
    pub ordinal: u64,
    pub phase: String,
    pub size: String,
    pub former_policy: String,
    pub run: String,
    pub at: String,
    /// The claim as it would be made anew.
    pub claim: Value,
    /// What lies behind it, such as `csi ebs.csi.aws.com vol-1`.
    pub source: String,
    /// Whether somebody takes its disk away when it is purged.
    pub provisioned: bool,
}
