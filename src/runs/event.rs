//! What a run tells while it goes. Work emits events; `report` alone turns
//! them into lines, a progress display or JSON.

use std::time::Duration;

use serde::Serialize;

pub use crate::effects::Outcome;

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
}

/// Receives events. `report` implements it.
pub trait Observer: Send + Sync {
    fn event(&self, event: Event);
}
