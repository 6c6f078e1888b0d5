//! Answers files: YAML with one kebab-case key for each parameter. A secret is
//! there as `{generate: true}`, `{env: NAME}` or `{file: PATH}`, never as a
//! value, neither on the way in nor on the way out.

mod reading;
#[cfg(test)]
mod tests;
mod writing;

use std::path::PathBuf;

use thiserror::Error;

pub use reading::read;
pub use writing::{document, write};

/// Why an answers file cannot be used.
#[derive(Debug, Error)]
pub enum AnswersFileError {
    #[error("cannot read `{}`: {reason}", path.display())]
    Read { path: PathBuf, reason: String },
    /// `at` is `FILE:LINE:COLUMN`, as far as it is known.
    #[error("`{at}`: {reason}")]
    Yaml { at: String, reason: String },
    #[error("cannot save the answers to `{}`: {reason}; no file was changed", path.display())]
    Write { path: PathBuf, reason: String },
}
