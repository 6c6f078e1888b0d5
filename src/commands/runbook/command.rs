//! The commands that take the parameters of a runbook as their flags.

use std::path::PathBuf;

use clap::{Arg, Args as _, Command, ValueHint, value_parser};

use super::flags::RunFlags;
use crate::error::Failure;
use crate::runbook::header::Header;
use crate::runbook::script::Runbook;
use crate::wizard::flags as wizard_flags;

/// A short name: the command, what comes before it, and the runbook whose parameters it takes.
pub const SHORT: &[(&str, Option<&str>, &str)] = &[
    ("scale", None, "scale-down"),
    ("retire", Some("volumes"), "retire-leftovers"),
    ("restore", Some("volumes"), "restore-volumes"),
    ("purge", Some("volumes"), "purge-volumes"),
];

/// `run` without its runbooks.
#[must_use]
pub fn run() -> Command {
    let file = Arg::new("plan")
        .long("plan")
        .value_name("FILE")
        .value_hint(ValueHint::FilePath)
        .value_parser(value_parser!(PathBuf))
        .help("Run this plan, which `plan … --out FILE` wrote; it runs once");
    whole("run", "Plan a runbook, ask, run it and check the outcome").arg(file)
}

/// `plan` without its runbooks.
#[must_use]
pub fn plan() -> Command {
    whole("plan", "Show what a runbook would do, played on a copy of the namespace")
}

fn whole(name: &'static str, about: &'static str) -> Command {
    RunFlags::augment_args(Command::new(name))
        .mut_args(|arg| arg.hide(true))
        .about(about)
        .subcommand_value_name("RUNBOOK")
        .subcommand_help_heading("Runbooks")
        .disable_help_subcommand(true)
        .allow_external_subcommands(true)
}

/// `volumes` with what belongs to it.
///
/// # Errors
/// A shipped runbook declares what cannot be a flag.
pub fn volumes() -> Result<Command, Failure> {
    let mut volumes = Command::new("volumes")
        .about("Volumes that were kept when their members went: list, restore, purge")
        .disable_help_subcommand(true)
        .subcommand_required(true)
        .subcommand(list());
    for (name, _, runbook) in SHORT.iter().filter(|(_, parent, _)| *parent == Some("volumes")) {
        volumes = volumes.subcommand(short(name, runbook)?);
    }
    Ok(volumes)
}

fn list() -> Command {
    let output = Arg::new("output").short('o').long("output").value_name("FORMAT");
    let output = output.value_parser(["name"]).help("`name`: one line for each retired volume, and nothing else");
    Command::new("list").about("Show the volumes that were retired, and by which run").arg(output)
}

/// `scale`.
///
/// # Errors
/// A shipped runbook declares what cannot be a flag.
pub fn scale() -> Result<Command, Failure> {
    Ok(short("scale", "scale-down")?.about("Change the number of replicas, one member at a time, without losing data"))
}

fn short(name: &'static str, runbook: &str) -> Result<Command, Failure> {
    match Runbook::shipped_headers().iter().find(|(known, _)| known == runbook) {
        Some((_, header)) => of_runbook(name, header),
        None => Ok(Command::new(name)),
    }
}

/// Adds one subcommand for each known runbook.
///
/// # Errors
/// One declares what cannot be a flag.
pub fn with_runbooks<'a>(
    mut command: Command,
    runbooks: impl Iterator<Item = (&'a str, &'a Header)>,
) -> Result<Command, Failure> {
    for (name, header) in runbooks {
        command = command.subcommand(of_runbook(name, header)?);
    }
    Ok(command)
}

fn of_runbook(name: &str, header: &Header) -> Result<Command, Failure> {
    let command = RunFlags::augment_args(Command::new(name.to_owned())).about(header.summary.clone());
    let command = match header.description.as_str() {
        "" => command,
        description => command.long_about(format!("{}. {description}", header.summary)),
    };
    let arguments = wizard_flags::arguments(&header.parameters)
        .map_err(|why| Failure::usage("bad-runbook", format!("runbook `{name}`: {why}")))?;
    let scales = header.effects.iter().any(|effect| effect == "scale");
    Ok(command.args(arguments).mut_arg("no_app_check", |arg| arg.hide(!scales)))
}
