//! From a runbook to a cluster that it has changed: answers, a plan made by
//! playing it on a copy, the approval, the run, and how it ended. `run`, `plan`
//! and the short names (`scale`, `volumes …`) differ only in which script they
//! take; everything after that is here.

mod answers;
mod approve;
pub mod carry_out;
pub mod command;
pub mod flags;
mod halted;
mod later;
pub mod planning;
mod play;
mod scale;

pub use answers::wrong_words;
pub use later::{list, resume, undo, unlock, volumes};
pub use scale::scale;

use clap::ArgMatches;

use self::flags::{PlanFormat, RunFlags};
use super::Context;
use crate::error::Failure;
use crate::runbook::script::Runbook;
use crate::runs::event::Event;

/// Whether the plan is only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    Plan,
    Run,
}

/// Plans a runbook and, unless only the plan was asked for, runs it.
///
/// # Errors
/// Whatever stops it: its kind says whether anything was changed.
pub async fn go(
    runbook: &Runbook,
    verb: [&str; 2],
    intent: Intent,
    matches: &ArgMatches,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let flags = RunFlags::read(matches)?;
    let answers = answers::of(runbook, verb, &flags, matches, context).await?;
    let plan = planning::plan(runbook, &answers, context).await?;
    if let Some(path) = &flags.out {
        planning::save(&plan, runbook, path)?;
    }
    if intent == Intent::Plan || flags.plan_only {
        return context.screen.plan(&plan, flags.output);
    }
    match flags.output {
        Some(PlanFormat::Json | PlanFormat::Yaml) => context.screen.plan(&plan, flags.output)?,
        None => context.screen.event(Event::Plan(Box::new(plan.clone()))),
    }
    approve::approve(&plan, &flags, context)?;
    carry_out::begin(runbook, &answers, plan, &flags, context).await
}
