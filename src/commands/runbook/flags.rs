//! Flags that all runbooks share.

use std::path::PathBuf;

use clap::{ArgMatches, Args, FromArgMatches as _, ValueEnum, ValueHint};

use crate::error::Failure;

/// What somebody says beforehand to a plan: all that there is to say to a run that
/// is there already.
#[derive(Args, Clone, Debug, Default)]
pub struct ApprovalFlags {
    /// Approve what is planned, also commands in pods, and take the default for each open question; never the end of data
    #[arg(short = 'y', long, help_heading = "Running")]
    pub yes: bool,

    /// The typed confirmation of what cannot be undone: the name that is asked for
    #[arg(long, value_name = "NAME", help_heading = "Running")]
    pub confirm: Option<String>,

    /// Nobody asks the application whether its members may go
    #[arg(long, help_heading = "Running")]
    pub no_app_check: bool,

    /// Show the plan and change nothing
    #[arg(long, help_heading = "Running")]
    pub plan_only: bool,
}

/// How to run, and what to show.
#[derive(Args, Clone, Debug, Default)]
pub struct RunFlags {
    #[command(flatten)]
    pub approval: ApprovalFlags,

    /// Let the plan run the queries of the script in the real pods; else what the script assumes stands in for the answers
    #[arg(long, help_heading = "Running")]
    pub allow_queries: bool,

    /// Set by `resume` and `undo` alone
    #[arg(skip)]
    pub run_again: bool,

    /// Set by `undo` alone
    #[arg(skip)]
    pub leave_out: Vec<String>,

    /// Write the plan to this file, to run it later
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub out: Option<PathBuf>,

    /// Print the plan as a document
    #[arg(short, long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    pub output: Option<PlanFormat>,
}

impl From<ApprovalFlags> for RunFlags {
    fn from(approval: ApprovalFlags) -> Self {
        Self { approval, ..Self::default() }
    }
}

/// How a plan is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    Yaml,
    Json,
}

impl RunFlags {
    /// Those among the words of a command.
    ///
    /// # Errors
    /// clap could not read them.
    pub fn read(matches: &ArgMatches) -> Result<Self, Failure> {
        Self::from_arg_matches(matches).map_err(|why| Failure::usage("flags", why.to_string()))
    }
}
