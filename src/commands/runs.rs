//! `resume`, `report`, `undo`, `runs`: what to type about a run that is there already.

use clap::{Args, Subcommand};

use super::runbook::flags::{ApprovalFlags, PlanFormat};

/// Carry a stopped run on from where it stopped
#[derive(Args, Clone, Debug)]
pub struct ResumeArgs {
    /// The run; left out: the only one that can be resumed here
    pub run: Option<String>,
    /// Plan what is left anew, on the cluster as it is by now, and ask
    #[arg(long, help_heading = "Running")]
    pub replan: bool,

    /// Run a command in a pod once more though nobody knows how it ended the first time
    #[arg(long, help_heading = "Running")]
    pub run_again: bool,

    #[command(flatten)]
    pub flags: ApprovalFlags,

    /// Print the plan as a document
    #[arg(short, long, value_enum, value_name = "FORMAT", requires = "plan_only", help_heading = "Output")]
    pub output: Option<PlanFormat>,
}

/// Say what a run did, object by object, what it kept and what can be taken back
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// The run; left out: the only one here
    pub run: Option<String>,
    /// Print it as a document
    #[arg(short, long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    pub output: Option<PlanFormat>,
}

/// Take back what a run has done
#[derive(Args, Clone, Debug)]
pub struct UndoArgs {
    /// The run; left out: the only one that can be undone here
    pub run: Option<String>,
    /// Run a command in a pod once more though nobody knows how it ended the first time
    #[arg(long, help_heading = "Running")]
    pub run_again: bool,

    /// Leave out what the script says for an undo under this title, such as a command that always fails; can be repeated
    #[arg(long, value_name = "TITLE", help_heading = "Running")]
    pub leave_out: Vec<String>,

    #[command(flatten)]
    pub flags: ApprovalFlags,
}

/// List the runs on this cluster, or remove the lock that one has left
#[derive(Args, Clone, Debug)]
pub struct RunsArgs {
    /// Also runs that changed nothing, and those on other clusters
    #[arg(long)]
    pub all: bool,
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
