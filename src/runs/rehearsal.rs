//! What the cluster itself is asked about a plan, which was played on a copy:
//! whether the rights are there, and what its admission says to the effects of
//! the first step and to the first of each further kind.

use serde::{Deserialize, Serialize};

use super::call::Call;
use super::rights::{Reviewed, Rights};
use crate::cluster::Connection;
use crate::effects::{Change, Effect, EffectError};
use crate::facts::reader::Reader;

/// The most effects of the first step that are tried.
const MOST: usize = 16;

/// What a playthrough needs, collected while it is played.
#[derive(Default)]
pub struct Needs {
    rights: Rights,
    effects: Vec<Effect>,
    steps: usize,
    /// The step of the first effect.
    first: Option<usize>,
}

impl Needs {
    /// A call that is no effect.
    pub fn call(&mut self, call: &Call, namespace: &str) {
        if matches!(call, Call::Step { .. } | Call::AtEnd { .. }) {
            self.steps += 1;
        }
        self.rights.of_call(call, namespace);
    }

    /// An effect that changes something.
    pub fn effect(&mut self, effect: &Effect, change: &Change, namespace: &str) {
        self.rights.of_effect(effect, change, namespace);
        // A program has no dry run.
        if matches!(effect, Effect::Lock(_) | Effect::Exec(_)) {
            return;
        }
        let is_first = *self.first.get_or_insert(self.steps) == self.steps && self.effects.len() < MOST;
        if is_first || !self.effects.iter().any(|known| known.verb() == effect.verb()) {
            self.effects.push(effect.clone());
        }
    }

    /// Asks the cluster.
    pub async fn ask(self, connection: &Connection) -> (Vec<Reviewed>, Vec<Rehearsed>) {
        let rights = self.rights.review(&Reader::new(connection.client.clone())).await;
        let mut tried = Vec::new();
        for effect in self.effects {
            tried.push(Rehearsed::of(&effect, effect.rehearse(connection).await));
        }
        (rights, tried)
    }
}

/// An effect that was sent as a dry run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsed {
    pub verb: String,
    /// `Kind/name`.
    pub object: String,
    pub answer: Verdict,
    /// The server's words, or why it could not judge; empty where it said yes.
    pub why: String,
}

/// What the server said to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Accepted,
    Refused,
    Unknown,
}

impl Rehearsed {
    fn of(effect: &Effect, said: Result<(), EffectError>) -> Self {
        let (answer, why) = match said {
            Ok(()) => (Verdict::Accepted, String::new()),
            Err(EffectError::Api(error)) => judged(&error),
            // It was played on a copy of this very moment: what comes before makes it.
            Err(EffectError::Vanished) => (Verdict::Unknown, "it is not there yet".to_owned()),
            Err(error) => (Verdict::Unknown, error.to_string()),
        };
        Self { verb: effect.verb().to_owned(), object: effect.object().to_string(), answer, why }
    }
}

fn judged(error: &kube::Error) -> (Verdict, String) {
    let verdict = if is_refusal(error) { Verdict::Refused } else { Verdict::Unknown };
    let why = match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    };
    (verdict, why)
}

/// A refusal counts where it would come to the real request too: not a webhook
/// that takes part in no dry run, nor a server that is busy.
pub(super) fn is_refusal(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => {
            [400, 403, 422].contains(&status.code) && !status.message.contains("does not support dry run")
        }
        _ => false,
    }
}
