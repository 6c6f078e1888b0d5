//! What a runbook is going to do, as playing it on a copy of the cluster found
//! it: data for the screen, for `-o json` and for a file to run later.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::call::{Call, Phase};
use crate::effects::{Change, Effect, Preview};

/// The whole plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    pub api_version: String,
    pub kind: String,
    pub run: String,
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
        /// Whether it can be taken back, and how.
        undo: Undo,
        /// Empty where nothing is to be compared.
        fingerprint: String,
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
}

/// Whether an effect can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    Possible,
    /// The goal held already, or the effect is no change to speak of.
    NotNeeded,
    Impossible,
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
            Call::AwaitBound { claim, volume, at_most } => {
                wait(format!("claim {} bound to {}", claim.name, volume.object.name), at_most)
            }
            Call::AwaitPurged { volume, at_most } => {
                wait(format!("volume {} gone with its data", volume.object.name), at_most)
            }
            Call::Say { text, caution: true } => Some(Self::Caution { text: text.clone() }),
            Call::Say { text, caution: false } => Some(Self::Note { text: text.clone() }),
            Call::Confirm { question, typed, flag } => {
                Some(Self::Question { question: question.clone(), typed: typed.clone(), flag: flag.clone() })
            }
            Call::Output { key, value } => Some(Self::Output { key: key.clone(), value: value.clone() }),
            // As long as a guard holds there is nothing to say about it.
            Call::Guard { .. }
            | Call::Settle { .. }
            | Call::Set { .. }
            | Call::Members { .. }
            | Call::Retired { .. }
            | Call::Leftovers { .. }
            | Call::Effect { .. } => None,
        }
    }

    /// The line of an effect.
    #[must_use]
    pub fn of_effect(effect: &Effect, preview: &Preview, undo: &Value, fingerprint: &str) -> Self {
        let change = match &preview.change {
            Change::Changed(fields) => fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Change::New => "new".to_owned(),
            Change::Unchanged | Change::Kept => "already so".to_owned(),
            Change::Gone => "deleted".to_owned(),
        };
        let undo = match (effect, undo.as_array()) {
            (Effect::Purge(_), _) => Undo::Impossible,
            (_, Some(list)) if !list.is_empty() => Undo::Possible,
            _ => Undo::NotNeeded,
        };
        Self::Effect {
            verb: effect.verb().to_owned(),
            object: effect.object().to_string(),
            uid: preview.uid.clone(),
            change,
            undo,
            fingerprint: fingerprint.to_owned(),
        }
    }
}

impl Plan {
    /// What a run is held to: the fingerprints of its effects, in their order.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<String> {
        let fingerprint = |line: &Line| match line {
            Line::Effect { fingerprint, change, .. } if !fingerprint.is_empty() && change != "already so" => {
                Some(fingerprint.clone())
            }
            _ => None,
        };
        self.lines.iter().filter_map(fingerprint).collect()
    }

    /// Whether everything in it can be taken back.
    #[must_use]
    pub fn can_be_undone(&self) -> bool {
        !self.lines.iter().any(|line| matches!(line, Line::Effect { undo: Undo::Impossible, .. }))
    }

    /// How many writes it has.
    #[must_use]
    pub fn effects(&self) -> usize {
        self.fingerprints().len()
    }
}
