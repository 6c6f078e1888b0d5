//! The error of this room: what is wrong with a script or with what it made,
//! where, and what to do. Every text in it may come from the script, so
//! `report` escapes it.

use std::fmt;

use thiserror::Error;

use crate::error::{Failure, Kind};

/// What went wrong, and so what the program's exit code and code word are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no recipe of that name.
    Unknown,
    /// The file cannot be read.
    Unreadable,
    /// It does not compile, or its header is wrong.
    Invalid,
    /// It failed while running.
    Broken,
    /// It threw: it does not want these answers.
    Declined,
    /// The objects that it made do not agree with one another.
    Inconsistent,
    /// Ctrl-C while it ran.
    Cancelled,
}

/// A place in a script. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// The text of the line.
    pub text: String,
}

/// One call on the way to the place of the error, innermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub function: String,
    /// `file:line:column` of the call.
    pub called_from: String,
}

/// A script or what it made is wrong. Boxed, because it travels in results.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ScriptError(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    trouble: Trouble,
    message: String,
    place: Option<Place>,
    frames: Vec<Frame>,
    hints: Vec<String>,
}

impl ScriptError {
    #[must_use]
    pub fn new(trouble: Trouble, message: impl Into<String>) -> Self {
        Self(Box::new(Details { trouble, message: message.into(), place: None, frames: Vec::new(), hints: Vec::new() }))
    }

    #[must_use]
    pub fn at(mut self, place: Option<Place>) -> Self {
        self.0.place = place;
        self
    }

    #[must_use]
    pub fn through(mut self, frames: Vec<Frame>) -> Self {
        self.0.frames = frames;
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    #[must_use]
    pub fn trouble(&self) -> Trouble {
        self.0.trouble
    }

    /// The message alone, without place and source line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.0.hints
    }
}

impl fmt::Display for Details {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        if let Some(place) = &self.place {
            super::diagnostics::write_excerpt(out, place)?;
        }
        for Frame { function, called_from } in &self.frames {
            write!(out, "\n in {function}, called from {called_from}")?;
        }
        Ok(())
    }
}

impl From<ScriptError> for Failure {
    fn from(error: ScriptError) -> Self {
        let (kind, code) = match error.0.trouble {
            Trouble::Unknown => (Kind::Usage, "recipe-unknown"),
            Trouble::Unreadable => (Kind::Usage, "script-unreadable"),
            Trouble::Invalid => (Kind::Usage, "script-invalid"),
            Trouble::Broken => (Kind::Failed, "script-failed"),
            Trouble::Declined => (Kind::Usage, "recipe-declined"),
            Trouble::Inconsistent => (Kind::Usage, "recipe-inconsistent"),
            Trouble::Cancelled => return Self::interrupted(),
        };
        let failure = Self::new(kind, code, error.to_string());
        error.0.hints.into_iter().fold(failure, Self::hint)
    }
}
