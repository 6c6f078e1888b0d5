//! The root command and kubectl's global flags. No work is done here: the spine
//! adds the verbs whose flags are only known at run time (`init`, `create`).

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::cluster::flags::ConnectionFlags;
use crate::commands::completion::CompletionArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::explain::ExplainArgs;
use crate::commands::runbooks::RunbookArgs;
use crate::commands::runs::{ReportArgs, ResumeArgs, RunsArgs, UndoArgs};
use crate::commands::sandbox::SandboxArgs;
use crate::commands::status::StatusArgs;

/// Guided and safe work on StatefulSets and their volumes
#[derive(Parser, Debug)]
#[command(
    name = "kubectl-stateful",
    bin_name = "kubectl stateful",
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Try it without a cluster: kubectl stateful init couchdb --sandbox"
)]
pub struct Root {
    #[command(flatten)]
    pub global: GlobalFlags,

    #[command(subcommand)]
    pub verb: Verb,
}

/// Flags that every verb takes.
#[derive(Args, Clone, Debug)]
pub struct GlobalFlags {
    #[command(flatten)]
    pub connection: ConnectionFlags,

    /// Work on the simulated cluster inside the binary instead of a real one
    #[arg(long, global = true, value_name = "NAME", num_args = 0..=1, require_equals = true,
          default_missing_value = "default", env = "KUBECTL_STATEFUL_SANDBOX", help_heading = "Connection")]
    pub sandbox: Option<String>,

    /// Write progress as JSON lines on stderr, or with `jsonl=FILE` beside the usual progress
    #[arg(long, global = true, value_name = "jsonl[=FILE]", help_heading = "Output")]
    pub events: Option<String>,
}

/// The verbs with flags that are known when the program is built.
#[derive(Subcommand, Clone, Debug)]
pub enum Verb {
    /// Show sets with their pods, claims and volumes, and what is wrong
    Status(StatusArgs),
    Doctor(DoctorArgs),
    Explain(ExplainArgs),
    Sandbox(SandboxArgs),
    Completion(CompletionArgs),
    Resume(ResumeArgs),
    Undo(UndoArgs),
    Report(ReportArgs),
    Runs(RunsArgs),
    Runbook(RunbookArgs),
}

/// The root command without the verbs that are added at run time.
#[must_use]
pub fn command() -> clap::Command {
    Root::command()
}
