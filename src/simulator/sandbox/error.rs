//! What can be wrong with a sandbox's file.

use std::io;
use std::path::{Path, PathBuf};

/// The lock of a sandbox was not waited for any longer; nothing was done.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the sandbox is in use by another process and was not waited for")]
pub struct GivenUp;

/// Why a sandbox cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot {doing} `{path}`: {source}")]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("the sandbox `{path}` is damaged at line {line}: {why}")]
    Damaged { path: PathBuf, line: usize, why: String },
    #[error("the sandbox `{path}` was written by a newer version (format {found}, known is {known})")]
    Newer { path: PathBuf, found: u64, known: u64 },
    #[error("the sandbox `{path}` was removed while it was in use")]
    Gone { path: PathBuf },
    #[error("the sandbox is being served by process {process}")]
    Served { process: u32 },
    #[error("there is a sandbox at `{path}` already")]
    Exists { path: PathBuf },
    #[error(transparent)]
    GivenUp(#[from] GivenUp),
}

impl OpenError {
    /// For `map_err` on file operations.
    pub(super) fn io<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}
