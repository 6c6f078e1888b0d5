//! `resume`, `undo`, `runs`: what to type about a run that is there already.

use clap::{Args, Subcommand};

use super::runbook::flags::RunFlags;

/// Carry a stopped run on from where it stopped
#[derive(Args, Clone, Debug)]
pub struct ResumeArgs {
    /// The run; left out: the only one that can be resumed here
    pub run: Option<String>,
    #[command(flatten)]
    pub flags: RunFlags,
}

/// Take back what a run has done
#[derive(Args, Clone, Debug)]
pub struct UndoArgs {
    /// The run; left out: the only one that can be undone here
    pub run: Option<String>,
    #[command(flatten)]
    pub flags: RunFlags,
}

/// List runs, or remove the lock that one has left
#[derive(Args, Clone, Debug)]
pub struct RunsArgs {
    #[command(subcommand)]
    pub verb: Option<RunsVerb>,
}

/// What to do with them.
#[derive(Subcommand, Clone, Debug)]
pub enum RunsVerb {
    /// Remove the lock of a run that will not go on
    Unlock {
        /// The run that holds it
        run: String,
    },
}
