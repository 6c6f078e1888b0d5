//! What must hold whatever goes wrong: safety after every commit (D1, D2, D4,
//! S1) and every request (D3), the end of a run afterwards (L1 to L3). All are
//! pure functions; `Watcher` alone remembers, and hangs on the commit hook.
//!
//! Not here: what goes wrong (`faults`), and how a run is driven.

mod end;
mod identity;
mod safety;
mod secrecy;
mod there;
mod watcher;

pub use end::{Ended, honesty, idempotence, progress};
pub use identity::identity;
pub use secrecy::Secrets;
pub use watcher::{Confirmed, Watcher};

use std::fmt;

/// The rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// D1: data is lost that nobody gave up.
    DataLoss,
    /// D2: a claim is deleted that somebody uses or will use.
    DoomedClaim,
    /// D3: something is destroyed without the UID that was shown.
    Identity,
    /// D4: something is touched that was not shown.
    Surprise,
    /// S1: a secret stands where it must not.
    Secrecy,
    /// L1: no end is reached.
    Progress,
    /// L2: what is done is done again.
    Idempotence,
    /// L3: what is told is not what is.
    Honesty,
}

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub rule: Rule,
    pub what: String,
}

impl Violation {
    fn new(rule: Rule, what: impl Into<String>) -> Self {
        Self { rule, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}: {}", self.rule, self.what)
    }
}
