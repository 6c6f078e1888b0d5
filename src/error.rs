//! The one error at the edge of the program. Each room has errors of its own;
//! whoever knows what has already changed turns them into a `Failure`, whose
//! kind alone decides the exit code. Printing it is the business of `report`.

use std::fmt;

/// Why a command ended; each kind has exactly one exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It failed and this invocation changed nothing, or was declined (1).
    Failed,
    /// Flags, answers or files are wrong (2).
    Usage,
    /// A safety check said no; nothing was changed (3).
    Refused,
    /// Stopped part-way after at least one write; can be resumed (4).
    Partial,
    /// Done, but a check afterwards found a problem (5).
    Problems,
    /// The world or the script differs from what was approved (6).
    Diverged,
    /// Interrupted before anything was changed (130).
    Interrupted,
}

impl Kind {
    /// The exit code of the table in the user guide.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Partial => 4,
            Self::Problems => 5,
            Self::Diverged => 6,
            Self::Interrupted => 130,
        }
    }
}

/// What happened, what had already changed, and what to type next.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: Kind,
    /// Stable kebab-case code, shared with the findings of `doctor`.
    pub code: &'static str,
    /// Lower-case fragment, names in backticks, no final full stop. May hold
    /// strings from the cluster: `report` escapes it.
    pub message: String,
    /// One line per thing that exists or changed because of this invocation.
    pub changed: Vec<String>,
    /// Each a thing to type or do next.
    pub hints: Vec<String>,
}

impl Failure {
    #[must_use]
    pub fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), changed: Vec::new(), hints: Vec::new() }
    }

    #[must_use]
    pub fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, code, message)
    }

    #[must_use]
    pub fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, code, message)
    }

    #[must_use]
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, code, message)
    }

    /// Ctrl-C or Esc before anything was written.
    #[must_use]
    pub fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted", "interrupted; nothing was changed")
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub fn changed(mut self, line: impl Into<String>) -> Self {
        self.changed.push(line.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_the_exit_code_of_the_user_guide() {
        let codes = [
            Kind::Failed,
            Kind::Usage,
            Kind::Refused,
            Kind::Partial,
            Kind::Problems,
            Kind::Diverged,
            Kind::Interrupted,
        ]
        .map(Kind::exit_code);
        assert_eq!(codes, [1, 2, 3, 4, 5, 6, 130]);
    }
}
