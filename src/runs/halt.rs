//! Why a runbook stops before its end. A script cannot catch any of these.

use std::io;

use super::call::{Call, Phase};
use super::reads::ReadError;
use super::waits::WaitFailed;
use crate::effects::{Effect, EffectError};

/// Why it stops.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    #[error("interrupted")]
    Interrupted,
    /// A guard of the script.
    #[error("{message}")]
    Guard { message: String },
    #[error("declined")]
    Declined,
    /// A question without anybody to ask.
    #[error("nobody can be asked: {question}")]
    Unasked { question: String, flag: String },
    /// A plan comes to a question that it may not ask.
    #[error("the plan ends here: nobody has said what to assume of `{command}` in pod `{pod}`")]
    Unassumed { pod: String, command: String },
    #[error("`{object}`: {error}")]
    Effect { object: String, error: Box<EffectError> },
    #[error("`{verb}` is an effect, and `{}` may only read", phase.function())]
    EffectInPhase { verb: &'static str, phase: Phase },
    #[error("`{verb}` is not among the effects that the script declares")]
    Undeclared { verb: &'static str },
    /// It is about to do something else than what was approved.
    #[error("the next effect is not the approved one")]
    Diverged { approved: String, now: String },
    /// The script asks for something else than what the journal has.
    #[error("the script asks for something else than before")]
    Replay { recorded: Box<Call>, asked: Box<Call> },
    #[error("{0}")]
    Wait(#[from] WaitFailed),
    #[error("{0}")]
    Read(#[from] ReadError),
    #[error("the run's journal cannot be written: {0}")]
    Journal(io::Error),
}

impl Halt {
    pub(super) fn effect(effect: &Effect, error: EffectError) -> Self {
        Self::Effect { object: effect.object().to_string(), error: Box::new(error) }
    }
}
