//! What a run tells while it goes. Work emits events; `report` alone turns
//! them into lines, a progress display or JSON.

use std::time::Duration;

use serde::Serialize;

use super::plan::Plan;
use super::review::Review;
pub use crate::effects::Outcome;
use crate::error::Failure;

/// One thing that happened. Strings may come from the cluster and are raw.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// The run has a folder from here on.
    Started { run: String },
    /// The intent of an effect is on disk; its write is sent next.
    Intent { object: String },
    /// One effect is done. `object` is `Kind/name`.
    Effect { object: String, outcome: Outcome },
    /// A part of a runbook begins.
    Step { title: String },
    /// A plan is being made and has come to this step or object.
    Planning { at: String },
    /// The plan is made, or cannot be.
    Planned,
    /// A wait began; `what` says for what, such as `claim data-web-0`.
    Waiting { what: String },
    /// News during a wait: why it is not over yet.
    Progress { what: String, detail: String },
    /// The wait is over; `detail` says how, such as `bound to pvc-51f0 (10Gi)`.
    Reached { what: String, detail: String, after: Duration },
    /// A `Warning:` header of the server, each text once per command.
    ServerWarning { text: String },
    /// Something worth knowing that stops nothing.
    Note { text: String },
    /// Something to think about before the next answer.
    Caution { text: String },
    /// What is about to happen, before anybody is asked.
    Review(Review),
    /// The same of a runbook.
    Plan(Box<Plan>),
    /// The command is over; always the last event.
    Ended(Ending),
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    pub exit_code: u8,
    /// What went wrong; null if nothing did.
    pub failure: Option<Told>,
}

/// A failure as programs read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    pub code: &'static str,
    pub message: String,
    /// What exists or was changed by then.
    pub changed: Vec<String>,
    pub hints: Vec<String>,
}

impl From<&Failure> for Told {
    fn from(failure: &Failure) -> Self {
        let Failure { kind: _, code, message, changed, hints } = failure.clone();
        Self { code, message, changed, hints }
    }
}

impl Event {
    /// Whether it says only that work goes on, which a record need not hold.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Planning { .. } | Self::Planned)
    }

    /// The last event of a command.
    #[must_use]
    pub fn ended(result: &Result<(), Failure>) -> Self {
        Self::Ended(Ending {
            exit_code: result.as_ref().map_or_else(|failure| failure.kind.exit_code(), |()| 0),
            failure: result.as_ref().err().map(Told::from),
        })
    }
}

/// Receives events. `report` implements it.
pub trait Observer: Send + Sync {
    fn event(&self, event: Event);
}
