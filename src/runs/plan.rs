//! What a runbook is going to do, as playing it on a copy of the cluster found
//! it: data for the screen, for `-o json` and for a file to run later.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::call::{Call, Phase};
use super::rehearsal::Rehearsed;
use super::rights::Reviewed;
use crate::effects::difference::said;
use crate::effects::purge::Purge;
use crate::effects::{Change, Effect, Preview};

/// The change of an effect whose goal holds already.
const ALREADY: &str = "already so";

/// The verb of claims that nothing brings back.
const GIVE_UP: &str = "give-up";

/// The whole plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    pub api_version: String,
    pub kind: String,
    pub run: String,
    /// Whether it is about what is left of that run, which has begun.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rest: bool,
    pub runbook: String,
    /// SHA-256 of the script, as 64 hexadecimal digits.
    pub script: String,
    pub parameters: Map<String, Value>,
    /// The cluster in words for people, and what tells it from others.
    pub cluster: String,
    pub cluster_uid: Option<String>,
    pub namespace: String,
    pub namespace_uid: Option<String>,
    pub lines: Vec<Line>,
    /// What the copy does not know.
    pub not_simulated: Vec<String>,
    /// What could not be read.
    pub unknown: Vec<String>,
    /// Who asked for it, as the cluster knows them; none where it does not say.
    #[serde(default)]
    pub by: Option<String>,
    /// What it takes, and whether the cluster says that it is there.
    #[serde(default)]
    pub rights: Vec<Reviewed>,
    /// Effects that the cluster has judged without storing them.
    #[serde(default)]
    pub dry_runs: Vec<Rehearsed>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
pub enum Line {
    Phase {
        phase: Phase,
    },
    Step {
        title: String,
    },
    #[serde(rename_all = "camelCase")]
    Effect {
        verb: String,
        /// `Kind/name`.
        object: String,
        uid: Option<String>,
        /// What changes, in words.
        change: String,
        /// Whether it can be taken back.
        undo: Undo,
        /// What would take it back, in words and in its order.
        #[serde(default)]
        undo_by: Vec<String>,
        /// Empty where nothing is to be compared.
        fingerprint: String,
        /// What is sent, for the dry run before its step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effect: Option<Box<Effect>>,
    },
    #[serde(rename_all = "camelCase")]
    Wait {
        what: String,
        /// Seconds.
        at_most: u64,
    },
    Caution {
        text: String,
    },
    Note {
        text: String,
    },
    Question {
        question: String,
        typed: Option<String>,
        /// The one flag that answers it, if there is one.
        #[serde(default)]
        flag: Option<String>,
    },
    Output {
        key: String,
        value: Value,
    },
    /// A question to a program in a pod; what the plan assumes, if it asked nobody.
    Query {
        pod: String,
        command: String,
        assumed: Option<String>,
    },
    /// Something is to be done at the end of `run`, also if that stops.
    Always {
        label: String,
    },
    /// What follows is that.
    AtEnd {
        label: String,
    },
    /// What an undo does beside the inverses, in words and in its order.
    Undo {
        label: String,
        writes: Vec<String>,
    },
}

/// Whether an effect can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    Possible,
    /// The goal held already, or the effect is no change to speak of.
    NotNeeded,
    Impossible,
    /// Nobody here knows what it does.
    Unknown,
}

impl Line {
    /// The line of a call that is no effect; none for reads.
    #[must_use]
    pub fn of(call: &Call) -> Option<Self> {
        let wait = |what: String, at_most: &u64| Some(Self::Wait { what, at_most: *at_most });
        match call {
            Call::Phase { phase } => Some(Self::Phase { phase: *phase }),
            Call::Step { title } => Some(Self::Step { title: title.clone() }),
            Call::AwaitGone { set, ordinal, volumes, at_most, .. } => {
                let detached = if volumes.is_empty() { "" } else { ", its volumes detached" };
                wait(format!("pod {}-{ordinal} gone{detached}", set.object.name), at_most)
            }
            Call::AwaitReady { replicas, at_most, .. } => wait(format!("{replicas} members ready"), at_most),
            Call::Settle { set, seconds, .. } if *seconds > 0 => {
                wait(format!("{} stands still", set.object.name), seconds)
            }
            Call::AwaitReleased { claim, volume, at_most } => {
                wait(format!("claim {} gone, volume {} kept", claim.object.name, volume.object.name), at_most)
            }
            Call::AwaitClaimGone { claim, at_most } => wait(format!("claim {} gone", claim.object.name), at_most),
            Call::AwaitObjectGone { object, at_most } => wait(format!("{object} gone"), at_most),
            Call::AwaitBound { claim, volume, at_most } => {
                wait(format!("claim {} bound to {}", claim.name, volume.object.name), at_most)
            }
            Call::AwaitPurged { volume, stays: None, at_most } => {
                wait(format!("volume {} gone with its data", volume.object.name), at_most)
            }
            Call::AwaitPurged { volume, stays: Some(place), at_most } => {
                wait(format!("object of volume {} gone, what is at {place} stays", volume.object.name), at_most)
            }
            Call::Say { text, caution: true } => Some(Self::Caution { text: text.clone() }),
            Call::Say { text, caution: false } => Some(Self::Note { text: text.clone() }),
            Call::Confirm { question, typed, flag } => {
                Some(Self::Question { question: question.clone(), typed: typed.clone(), flag: flag.clone() })
            }
            Call::Output { key, value } => Some(Self::Output { key: key.clone(), value: value.clone() }),
            Call::Always { label } => Some(Self::Always { label: label.clone() }),
            Call::Undo { label, effects } => {
                Some(Self::Undo { label: label.clone(), writes: effects.iter().map(in_words).collect() })
            }
            Call::AtEnd { label, stopped: false } => Some(Self::AtEnd { label: label.clone() }),
            // As long as a guard holds there is nothing to say about it.
            Call::Guard { .. }
            | Call::Query { .. }
            | Call::AtEnd { stopped: true, .. }
            | Call::AtEndFailed { .. }
            | Call::Settle { .. }
            | Call::Set { .. }
            | Call::Members { .. }
            | Call::Retired { .. }
            | Call::Leftovers { .. }
            | Call::Object { .. }
            | Call::Objects { .. }
            | Call::Effect { .. } => None,
        }
    }

    /// The line of an effect.
    #[must_use]
    pub fn of_effect(effect: &Effect, preview: &Preview, undo: &Value, fingerprint: &str) -> Self {
        let change = match &preview.change {
            Change::Changed(fields) => fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Change::New => match effect.says() {
                Some(manifest) => format!("new: {}", said(manifest)),
                None => "new".to_owned(),
            },
            Change::Unchanged | Change::Kept => ALREADY.to_owned(),
            Change::Gone => match effect {
                Effect::Purge(Purge { stays: Some(place), .. }) => format!("object deleted, what is at {place} stays"),
                Effect::GiveUp(_) => format!("deleted; {}", effect.fate()),
                Effect::DeleteObject(_) => "deleted; made again, it has another UID".to_owned(),
                _ => "deleted".to_owned(),
            },
            Change::Runs { container, command } => format!("in {container}: {command}"),
        };
        let back: Vec<Effect> = serde_json::from_value(undo.clone()).unwrap_or_default();
        let undo = match (effect, undo.as_array()) {
            _ if effect.destroys().or(effect.gives_up()).is_some() => Undo::Impossible,
            (Effect::Exec(_), _) => Undo::Unknown,
            (_, Some(list)) if !list.is_empty() => Undo::Possible,
            _ => Undo::NotNeeded,
        };
        Self::Effect {
            verb: effect.verb().to_owned(),
            object: effect.object().to_string(),
            uid: preview.uid.clone(),
            change,
            undo,
            undo_by: back.iter().map(in_words).collect(),
            fingerprint: fingerprint.to_owned(),
            effect: Some(Box::new(effect.clone())),
        }
    }

    /// Whether it is the end of data, and not only of a claim that nobody protects.
    #[must_use]
    pub fn destroys(&self) -> bool {
        matches!(self, Self::Effect { undo: Undo::Impossible, .. }) && !self.gives_up()
    }

    /// Whether a claim goes whose volume nobody has protected.
    #[must_use]
    pub fn gives_up(&self) -> bool {
        matches!(self, Self::Effect { undo: Undo::Impossible, verb, .. } if verb == GIVE_UP)
    }

    /// What a run is held to: an effect that changes something, or what an undo would do beside
    /// the inverses.
    #[must_use]
    pub fn to_hold(&self) -> Option<String> {
        match self {
            Self::Undo { label, writes } => Some(held(label, writes)),
            _ => self.to_compare().map(str::to_owned),
        }
    }

    /// What a run is held to, if it is an effect that changes something.
    #[must_use]
    pub fn to_compare(&self) -> Option<&str> {
        match self {
            Self::Effect { fingerprint, change, .. } if !fingerprint.is_empty() && change != ALREADY => {
                Some(fingerprint)
            }
            Self::Effect { .. }
            | Self::Phase { .. }
            | Self::Step { .. }
            | Self::Wait { .. }
            | Self::Caution { .. }
            | Self::Note { .. }
            | Self::Question { .. }
            | Self::Query { .. }
            | Self::Always { .. }
            | Self::AtEnd { .. }
            | Self::Undo { .. }
            | Self::Output { .. } => None,
        }
    }
}

/// How what is said for an undo begins where it is compared.
pub const SAID: &str = "at undo ";

/// What is compared of that: its title, and what it writes.
fn held(label: &str, writes: &[String]) -> String {
    format!("{SAID}{label}: {}", writes.join(", "))
}

/// What a run is held to when it says this for an undo.
#[must_use]
pub fn held_to(label: &str, effects: &[Effect]) -> String {
    held(label, &effects.iter().map(in_words).collect::<Vec<_>>())
}

/// An effect in a few words.
fn in_words(effect: &Effect) -> String {
    match effect {
        Effect::Scale(scale) => format!("scale {} to {}", effect.object(), scale.to),
        Effect::Exec(exec) => {
            let place = exec.container.as_ref().map(|container| format!(" in {container}")).unwrap_or_default();
            format!("exec {}{place}: {}", effect.object(), exec.command.shown())
        }
        _ => format!("{} {}", effect.verb(), effect.object()),
    }
}

impl Plan {
    /// What a run is held to, in its order: the fingerprints of its effects, and what is said
    /// for an undo.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<String> {
        self.lines.iter().filter_map(Line::to_hold).collect()
    }

    /// Whether everything in it can be taken back.
    #[must_use]
    pub fn can_be_undone(&self) -> bool {
        !self.lines.iter().any(|line| matches!(line, Line::Effect { undo: Undo::Impossible, .. }))
    }

    /// Whether data are destroyed by what it does itself.
    #[must_use]
    pub fn destroys(&self) -> bool {
        self.lines.iter().any(Line::destroys)
    }

    /// Whether programs are run in pods: what they do is not part of any copy.
    #[must_use]
    pub fn runs_programs(&self) -> bool {
        self.lines.iter().any(|line| matches!(line, Line::Effect { undo: Undo::Unknown, .. }))
    }

    /// Whether its script has something of its own for an undo.
    #[must_use]
    pub fn has_undos(&self) -> bool {
        self.lines.iter().any(|line| matches!(line, Line::Undo { .. }))
    }

    /// Whether it assumes what programs in pods would answer.
    #[must_use]
    pub fn assumes_answers(&self) -> bool {
        self.lines.iter().any(|line| matches!(line, Line::Query { assumed: Some(_), .. }))
    }

    /// How many writes it has.
    #[must_use]
    pub fn effects(&self) -> usize {
        self.lines.iter().filter_map(Line::to_compare).count()
    }
}
