//! What a rule found: the evidence, why it is so, and what to do about it.
//! Text from manifests and clusters stays raw; `report` escapes it.

use serde_json::{Value, json};

use super::command::Command;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does not work, or data goes.
    Error,
    /// It may work, and is not what was wanted or will not last.
    Warning,
}

impl Severity {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place in a file, with its line where that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    pub file: String,
    pub line: u64,
    pub column: u64,
    /// `None` in a Secret, and beyond the end of the file.
    pub excerpt: Option<String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's code.
    pub code: &'static str,
    pub severity: Severity,
    /// Of what is live: the namespace that it was found in, or leads to.
    pub namespace: Option<String>,
    /// `StatefulSet/web`, where it is about one object.
    pub object: Option<String>,
    pub spot: Option<Spot>,
    /// What is wrong, as a fragment without a full stop.
    pub message: String,
    /// What was seen, a line each.
    pub evidence: Vec<String>,
    /// Why that is wrong.
    pub cause: String,
    /// What to do, in words.
    pub remedy: String,
    /// What to type, where a command does it.
    pub command: Option<Command>,
    /// The member of a live set below which `status` shows it.
    pub member: Option<String>,
}

impl Finding {
    #[must_use]
    pub fn evidence(mut self, line: impl Into<String>) -> Self {
        self.evidence.push(line.into());
        self
    }

    /// What was only likely is certain.
    #[must_use]
    pub fn certain(mut self) -> Self {
        self.severity = Severity::Error;
        self
    }

    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = cause.into();
        self
    }

    #[must_use]
    pub fn remedy(mut self, words: impl Into<String>) -> Self {
        self.remedy = words.into();
        self
    }

    #[must_use]
    pub fn command(mut self, command: Command) -> Self {
        self.command = Some(command);
        self
    }

    #[must_use]
    pub fn about(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }

    /// The machine form; `command` is the line to type, made by who knows the cluster.
    #[must_use]
    pub fn document(&self, command: Option<&str>) -> Value {
        let spot = self.spot.as_ref();
        json!({
            "code": self.code,
            "severity": self.severity.as_str(),
            "namespace": self.namespace,
            "object": self.object,
            "file": spot.map(|spot| &spot.file),
            "line": spot.map(|spot| spot.line),
            "column": spot.map(|spot| spot.column),
            "message": self.message,
            "evidence": self.evidence,
            "cause": self.cause,
            "remedy": self.remedy,
            "command": command,
        })
    }
}

/// What came of looking.
#[derive(Debug)]
pub struct Examined {
    /// In the order of the files and in them; of live sets causes first.
    pub findings: Vec<Finding>,
    pub looked_at: LookedAt,
    /// Resources that could not be read, as rights name them.
    pub unknown: Vec<&'static str>,
    /// Why the cluster was not looked at at all, although it matters.
    pub not_reached: Option<String>,
    /// What is worth to know and not wrong, a line each.
    pub notes: Vec<String>,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookedAt {
    /// `ignored` are custom resources.
    Files { files: usize, objects: usize, ignored: usize },
    Sets {
        sets: usize,
        /// Those of all namespaces.
        everywhere: bool,
    },
}

impl Examined {
    /// How many errors and warnings there are.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        (errors, self.findings.len() - errors)
    }
}
