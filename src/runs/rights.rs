//! The rights that a run needs, from what its playthrough asked for: one per
//! verb, resource and namespace. What it only likes to see, and does without, is
//! told apart.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::call::Call;
use crate::effects::object::owned;
use crate::effects::{Change, Effect};
use crate::facts::reader::Reader;
use crate::objects::kinds::{ApiKind, KINDS};

/// One right, in the words of an access review.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Right {
    pub verb: String,
    /// Empty for the core group.
    pub group: String,
    /// `pods`, `statefulsets/scale`.
    pub resource: String,
    /// Empty for what lives in no namespace.
    pub namespace: String,
    /// Whether the run stops without it.
    pub needed: bool,
}

/// What the server says to a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    Allowed,
    Denied,
    /// The server could not be asked, or could not find out.
    Unknown,
}

/// A right with what the server says to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    #[serde(flatten)]
    pub right: Right,
    pub answer: Answer,
}

impl Reviewed {
    /// Whether a run would stop for want of it.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.right.needed && self.answer == Answer::Denied
    }

    /// `patch persistentvolumes`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} {}", self.right.verb, self.right.resource)
    }
}

/// Verbs on a kind, and whether they are needed.
type Wanted = (&'static [&'static str], &'static str, bool);

const GET_SET: Wanted = (&["get"], "StatefulSet", true);
const GET_CLAIM: Wanted = (&["get"], "PersistentVolumeClaim", true);
const GET_VOLUME: Wanted = (&["get"], "PersistentVolume", true);
const PATCH_VOLUME: Wanted = (&["get", "patch"], "PersistentVolume", true);
const LIST_CLAIMS: Wanted = (&["list"], "PersistentVolumeClaim", true);
const LIST_PODS: Wanted = (&["list"], "Pod", true);
/// Where attachments may not be read, nobody waits for them.
const LIST_ATTACHMENTS: Wanted = (&["list"], "VolumeAttachment", false);

/// What a call needs. The scale of a set is a resource of its own, written
/// `StatefulSet/scale`.
fn wanted(call: &Call) -> Vec<Wanted> {
    match call {
        Call::Set { .. } | Call::AwaitReady { .. } | Call::Settle { .. } => vec![GET_SET],
        // Without volumes their claims are told without them, and guards refuse to go on where that counts.
        Call::Members { .. } | Call::Leftovers { .. } => {
            vec![GET_SET, LIST_CLAIMS, (&["list"], "PersistentVolume", false)]
        }
        Call::Retired { .. } => vec![(&["list"], "PersistentVolume", true)],
        Call::AwaitGone { .. } => vec![GET_SET, (&["get"], "Pod", true), LIST_PODS, LIST_ATTACHMENTS],
        Call::AwaitReleased { .. } => vec![GET_CLAIM, GET_VOLUME],
        Call::AwaitBound { .. } | Call::AwaitClaimGone { .. } => vec![GET_CLAIM],
        Call::AwaitPurged { .. } => vec![GET_VOLUME],
        Call::Object { object } | Call::AwaitObjectGone { object, .. } => vec![(&["get"], object.kind.kind, true)],
        Call::Objects { of, .. } => vec![(&["list"], of.kind.kind, true)],
        Call::Query { .. } => vec![(&["get"], "Pod", true), (&["get", "create"], "Pod/exec", true)],
        // Whoever never takes the run back needs none of it.
        Call::Undo { effects, .. } => {
            let all = effects.iter().flat_map(|effect| of_effect(effect, &Change::Unchanged));
            all.map(|(verbs, resource, _)| (verbs, resource, false)).collect()
        }
        // What an effect writes is known when it was looked at.
        Call::Effect { .. }
        | Call::Phase { .. }
        | Call::Step { .. }
        | Call::Guard { .. }
        | Call::Say { .. }
        | Call::Confirm { .. }
        | Call::Always { .. }
        | Call::AtEnd { .. }
        | Call::AtEndFailed { .. }
        | Call::Output { .. } => Vec::new(),
    }
}

/// What an effect needs that would change this.
fn of_effect(effect: &Effect, change: &Change) -> Vec<Wanted> {
    match effect {
        Effect::Scale(_) => {
            let scalers: Wanted = (&["list"], "HorizontalPodAutoscaler", false);
            let budgets: Wanted = (&["list"], "PodDisruptionBudget", false);
            vec![GET_SET, (&["update"], "StatefulSet/scale", true), scalers, budgets]
        }
        Effect::Protect(_) | Effect::Unprotect(_) => vec![PATCH_VOLUME, GET_CLAIM],
        Effect::Retention(_) => {
            let scalers: Wanted = (&["list"], "HorizontalPodAutoscaler", false);
            let budgets: Wanted = (&["list"], "PodDisruptionBudget", false);
            vec![(&["get", "patch"], "StatefulSet", true), scalers, budgets]
        }
        // Without nodes nobody knows whether one of them can reach the volume.
        Effect::Reserve(_) => vec![PATCH_VOLUME, GET_CLAIM, (&["list"], "Node", false)],
        Effect::DeleteClaim(_) => {
            let sets: Wanted = (&["list"], "StatefulSet", true);
            let delete: Wanted = (&["get", "delete"], "PersistentVolumeClaim", true);
            vec![delete, GET_VOLUME, sets, LIST_PODS, LIST_ATTACHMENTS]
        }
        // Who may not read the volume was told that nobody knows what becomes of it.
        Effect::GiveUp(_) => {
            let sets: Wanted = (&["list"], "StatefulSet", true);
            let delete: Wanted = (&["get", "delete"], "PersistentVolumeClaim", true);
            vec![delete, (&["get"], "PersistentVolume", false), sets, LIST_PODS, LIST_ATTACHMENTS]
        }
        Effect::CreateClaim(_) => vec![(&["get", "create"], "PersistentVolumeClaim", true)],
        // A volume made by hand is deleted, every other one patched.
        Effect::Purge(_) => match change {
            Change::Gone => vec![(&["get", "list", "delete"], "PersistentVolume", true)],
            Change::New | Change::Changed(_) | Change::Unchanged | Change::Kept | Change::Runs { .. } => {
                vec![(&["get", "list", "patch"], "PersistentVolume", true)]
            }
        },
        // Which of the two a server asks for depends on its version.
        Effect::Exec(_) => vec![(&["get"], "Pod", true), (&["get", "create"], "Pod/exec", true)],
        Effect::Lock(_) => vec![(&["get", "create", "update", "delete"], "Lease", true)],
        Effect::ApplyObject(_) => written(effect, &["get", "create", "patch"]),
        Effect::CreateObject(_) => written(effect, &["get", "create"]),
        Effect::PatchObject(_) => written(effect, &["get", "patch"]),
        // What it owns is looked for.
        Effect::DeleteObject(_) => {
            let own: Wanted = (&["get", "delete"], effect.object().kind.kind, true);
            let lists = |kinds: &[&'static str], must: bool| -> Vec<Wanted> {
                kinds.iter().map(|kind| -> Wanted { (&["list"], kind, must) }).collect()
            };
            [vec![own], lists(&owned::NEEDED, true), lists(&owned::OTHERS, false)].concat()
        }
        Effect::Apply(_) => vec![(&["get", "create", "patch"], effect.object().kind.kind, true)],
        Effect::CreateSecret(_) => vec![(&["get", "create"], "Secret", true)],
    }
}

/// An autoscaler is held against the set that it scales, a Service against the sets that name it.
fn written(effect: &Effect, verbs: &'static [&'static str]) -> Vec<Wanted> {
    let kind = effect.object().kind.kind;
    let scales = (kind == "HorizontalPodAutoscaler").then_some(GET_SET);
    let named: Option<Wanted> = (kind == "Service").then_some((&["list"], "StatefulSet", true));
    [Some((verbs, kind, true)), scales, named].into_iter().flatten().collect()
}

/// Rights without repetition: needed once is needed.
#[derive(Clone, Debug, Default)]
pub struct Rights(BTreeSet<Right>);

impl Rights {
    /// Adds what a call that is no effect needs in `namespace`.
    pub fn of_call(&mut self, call: &Call, namespace: &str) {
        for wanted in wanted(call) {
            self.add(wanted, namespace);
        }
    }

    /// Adds what an effect needs that would change this.
    pub fn of_effect(&mut self, effect: &Effect, change: &Change, namespace: &str) {
        for wanted in of_effect(effect, change) {
            self.add(wanted, namespace);
        }
    }

    fn add(&mut self, (verbs, resource, needed): Wanted, namespace: &str) {
        let Some((kind, sub)) = kind_of(resource) else { return };
        let namespace = if kind.namespaced { namespace } else { "" };
        for verb in verbs {
            let right = Right {
                verb: (*verb).to_owned(),
                group: kind.group.to_owned(),
                resource: if sub.is_empty() { kind.plural.to_owned() } else { format!("{}/{sub}", kind.plural) },
                namespace: namespace.to_owned(),
                needed,
            };
            let twin = Right { needed: !needed, ..right.clone() };
            if needed {
                self.0.remove(&twin);
            }
            if !self.0.contains(&twin) {
                self.0.insert(right);
            }
        }
    }

    /// Asks the server for each of them.
    pub async fn review(self, reader: &Reader) -> Vec<Reviewed> {
        let mut reviewed = Vec::new();
        for right in self.0 {
            let (plural, sub) = right.resource.split_once('/').unwrap_or((&right.resource, ""));
            let kind = KINDS.iter().find(|kind| kind.plural == plural && kind.group == right.group);
            let said = match kind {
                Some(kind) => reader.review(&right.verb, kind, sub, &right.namespace).await.ok().flatten(),
                None => None,
            };
            let answer = match said {
                Some(true) => Answer::Allowed,
                Some(false) => Answer::Denied,
                None => Answer::Unknown,
            };
            reviewed.push(Reviewed { right, answer });
        }
        reviewed
    }
}

fn kind_of(resource: &'static str) -> Option<(&'static ApiKind, &'static str)> {
    let (kind, sub) = resource.split_once('/').unwrap_or((resource, ""));
    Some((ApiKind::named(kind)?, sub))
}
