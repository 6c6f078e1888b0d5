//! What an effect would do and what it came to, in one word each.

use serde::Serialize;

use super::difference::Difference;

/// What an effect came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Created,
    Changed,
    /// The goal already held.
    Unchanged,
    /// It exists and is never overwritten (Secrets).
    Kept,
    /// Gone, or on its way out.
    Deleted,
    /// A program ran to its end.
    Ran,
}

impl Outcome {
    /// All of them, for pages that name them.
    pub const ALL: [Self; 6] = [Self::Created, Self::Changed, Self::Unchanged, Self::Kept, Self::Deleted, Self::Ran];
}

/// What performing would do to one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    New,
    /// The fields that would change.
    Changed(Vec<Difference>),
    Unchanged,
    /// Exists and stays as it is (Secrets).
    Kept,
    /// It would be there no more.
    Gone,
    /// It stays as it is, and a program is run in it.
    Runs {
        container: String,
        command: String,
    },
}
