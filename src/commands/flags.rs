//! Flags that `init` and `create` share.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};

use crate::wizard::check::duration;

/// How to make objects, and what to show of them.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[derive(Args, Clone, Debug)]
pub struct MakeFlags {
    /// Take the default for each open question and apply without asking
    #[arg(short = 'y', long, help_heading = "Applying")]
    pub yes: bool,

    /// Only show what would be made: `client` asks no server, `server` lets it check everything
    #[arg(long, value_enum, default_value_t = DryRun::None, num_args = 0..=1, default_missing_value = "client",
          require_equals = true, help_heading = "Applying")]
    pub dry_run: DryRun,

    /// Do not wait for claims and pods
    #[arg(long, help_heading = "Applying")]
    pub no_wait: bool,

    /// How long to wait for each claim and pod; `0` looks once
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration, help_heading = "Applying")]
    pub timeout: Duration,

    /// Use claims that an earlier set of this name left behind, with the data in them
    #[arg(long, help_heading = "Applying")]
    pub adopt_claims: bool,

    /// Read answers from this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Answers")]
    pub answers: Option<PathBuf>,

    /// Write the answers to this file, never with secret values
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Answers")]
    pub save_answers: Option<PathBuf>,

    /// Print the objects
    #[arg(short, long, value_enum, value_name = "FORMAT", help_heading = "Output")]
    pub output: Option<Format>,

    /// Write the objects as YAML files into this folder, without Secrets
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Output")]
    pub save: Option<PathBuf>,

    /// Let secret values appear on the screen and in `-o`
    #[arg(long, help_heading = "Output")]
    pub show_secrets: bool,
}

/// kubectl's three kinds of dry run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    None,
    Client,
    Server,
}

/// How objects are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Yaml,
    Json,
    Name,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_kubectl_writes_them() {
        assert_eq!(duration("95"), Ok(Duration::from_secs(95)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!((duration("0"), duration("0s")), (Ok(Duration::ZERO), Ok(Duration::ZERO)));
        assert!(duration("-5s").is_err());
        assert!(duration("soon").is_err());
    }
}
