//! One StatefulSet with its Service, pods, claims and volumes, and what is
//! wrong with each: the answer of `status` as data. Pure: made from what was
//! read, at one moment. What could not be read is `None`.

mod build;

use jiff::Timestamp;

use super::blocking::Blocking;
use super::claim::Claim;
use super::inventory::Unreadable;
use super::leftovers::EarlierClaim;
use super::lock::Held;
use super::ordinals::Ordinal;
use super::pod::PodState;
use super::set::Set;
use super::volume::Volume;
use super::words::ClaimPhase;

pub use build::overviews;

/// All that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Statuses {
    /// `None`: all namespaces.
    pub namespace: Option<String>,
    pub sets: Vec<SetOverview>,
    /// What the caller may not read.
    pub unreadable: Vec<Unreadable>,
    /// The moment from which ages count.
    pub now: Timestamp,
    /// What to type next, as whole lines.
    pub hints: Vec<String>,
    /// Of one set that was asked for by name: the member that is in its way.
    pub blocking: Option<Blocking>,
}

/// One set and everything around it.
#[derive(Clone, Debug, PartialEq)]
pub struct SetOverview {
    pub set: Set,
    /// Members that are ready, counted from the pods; from the set's own
    /// status where pods cannot be read.
    pub ready: u64,
    pub service: ServiceState,
    /// Pods in range with the newest revision, of all pods in range.
    pub updated: Option<(u64, u64)>,
    /// By ordinal: pods in range or above it, and the first missing ones.
    pub pods: Option<Vec<PodOverview>>,
    /// Further members without a pod.
    pub more_missing: u64,
    /// Claims of ordinals that the set does not want and that have no pod.
    pub leftovers: Option<Vec<EarlierClaim>>,
    /// The run that works on it, or has left its lock; `None` as well if Leases cannot be read.
    pub lock: Option<Held>,
    /// What is wrong with the set as a whole, as `diagnosis` says; raw.
    pub problems: Vec<String>,
}

/// The governing Service of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceState {
    Headless(String),
    NotHeadless(String),
    Missing(String),
    /// Services could not be read.
    Unknown(String),
    /// The set names none.
    Unnamed,
}

/// One member of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct PodOverview {
    pub name: String,
    pub ordinal: Ordinal,
    /// Wanted by the set; otherwise it is to be removed.
    pub in_range: bool,
    /// `None`: there is no pod yet.
    pub pod: Option<PodFacts>,
    /// In the order of the templates, then other claims of the pod. `None` if
    /// claims cannot be read.
    pub claims: Option<Vec<ClaimOverview>>,
    /// What is wrong with it and its claims, as `diagnosis` says; raw.
    pub problems: Vec<String>,
}

/// What is shown of an existing pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodFacts {
    pub uid: String,
    pub state: PodState,
    pub created: Option<Timestamp>,
    pub restarts: u64,
    /// `None` until it is scheduled.
    pub node: Option<NodeOverview>,
}

/// The node of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeOverview {
    pub name: String,
    /// `None` if nodes cannot be read.
    pub facts: Option<NodeFacts>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// The node object is there.
    pub exists: bool,
    pub ready: bool,
    pub zone: Option<String>,
    pub address: Option<String>,
}

/// One claim of a member, existing or not.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimOverview {
    /// The template's name, or the pod's name for a claim from elsewhere.
    pub template: String,
    pub name: String,
    /// `None`: there is no such claim.
    pub claim: Option<Claim>,
    pub volume: VolumeState,
    /// A released volume that the claim could have if somebody freed it.
    pub released: Option<Box<Volume>>,
    /// Older than the set itself: its data may be somebody else's (H-40).
    pub predates_set: bool,
}

/// The volume of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum VolumeState {
    /// The claim has none yet, or is missing itself.
    None,
    /// Volumes could not be read.
    Unknown,
    /// The claim names one that does not exist.
    Gone,
    There(Box<Volume>),
}

impl SetOverview {
    /// Whether events could say more about what is not as it should be.
    #[must_use]
    pub fn needs_events(&self) -> bool {
        let pods = self.pods.iter().flatten();
        let unsettled = |claim: &ClaimOverview| {
            claim.claim.as_ref().is_none_or(|claim| claim.phase != ClaimPhase::Bound || claim.meta.deleting.is_some())
        };
        let mut restless = pods.filter(|member| {
            member.pod.as_ref().is_none_or(|pod| pod.state != PodState::Ready)
                || member.claims.iter().flatten().any(unsettled)
        });
        restless.next().is_some()
    }

    /// Pods of it have another revision than the newest, as far as pods can be read.
    #[must_use]
    pub fn is_rolling(&self) -> bool {
        self.updated.is_some_and(|(updated, all)| updated < all)
    }

    /// Released volumes that claims of the set wait for in vain, with the names of these.
    pub fn released(&self) -> impl Iterator<Item = (&Volume, &str)> {
        let claims = self.pods.iter().flatten().flat_map(|member| member.claims.iter().flatten());
        claims.filter_map(|claim| Some((claim.released.as_deref()?, claim.name.as_str())))
    }

    /// Whether anything at all is wrong.
    #[must_use]
    pub fn has_problems(&self) -> bool {
        !self.problems.is_empty() || self.pods.iter().flatten().any(|member| !member.problems.is_empty())
    }
}
