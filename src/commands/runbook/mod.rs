//! From a runbook to a cluster that it has changed: answers, a plan made by
//! playing it on a copy, the approval, the run, and how it ended. `run`, `plan`
//! and the short names (`scale`, `volumes …`) differ only in which script they
//! take; everything after that is here.

mod answers;
mod approve;
mod aside;
pub mod carry_out;
pub mod command;
pub mod flags;
mod halted;
mod later;
mod left_out;
mod listing;
mod place;
pub mod planning;
mod play;
mod report;
mod resume;
mod scale;
mod stands;
mod undo;
mod undo_plan;
mod undo_shown;
mod volumes;
mod way_out;

pub use answers::wrong_words;
pub use later::unlock;
pub use listing::list;
pub use report::report;
pub use resume::{replan, resume};
pub use scale::scale;
pub use undo::undo;
pub use volumes::volumes;

use std::collections::VecDeque;
use std::path::Path;

use clap::ArgMatches;

use self::flags::{PlanFormat, RunFlags};
use self::place::Place;
use super::Context;
use crate::error::{Failure, Kind};
use crate::runbook::script::Runbook;
use crate::runs::event::Event;
use crate::runs::folder::RunFolder;
use crate::runs::id::RunId;
use crate::runs::plan::Plan;

/// Whether the plan is only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    Plan,
    Run,
}

/// Runs a plan that was written to a file: it is made anew first, and must have
/// the same effects. What is shown and run is the new one: of the file only what
/// was compared counts, since anybody may have written in it.
///
/// # Errors
/// It belongs to another cluster, has run already, or would do something else
/// by now; or whatever stops the run.
pub async fn go_by(path: &Path, matches: &ArgMatches, context: &Context<'_>) -> Result<(), Failure> {
    let flags = RunFlags::read(matches)?;
    let (plan, runbook) = planning::read(path)?;
    let unfit = |why: String| Failure::usage("bad-plan", format!("cannot use `{}`: {why}", path.display()));
    let answers = planning::answers(&runbook.header.parameters, &plan.parameters).map_err(unfit)?;
    if !Place::of_plan(&plan).is(&Place::here(context.connection).await?) {
        let what = later::of_another("the plan", &plan.cluster, &plan.namespace, context);
        return Err(Failure::refused("another-cluster", what)
            .hint("choose its cluster with `--context` and its namespace with `-n`"));
    }
    if RunFolder::open(&context.places.runs(), &plan.run).is_ok() {
        let what = format!("the plan has been run: it is run {}; nothing was changed", plan.run);
        return Err(Failure::refused("plan-has-run", what)
            .hint(context.as_given().ours(&format!("report {}", plan.run)))
            .hint("or make a new plan, and look at it"));
    }
    let id = RunId::read(&plan.run).ok_or_else(|| unfit("it names no run".to_owned()))?;
    let now = planning::rest(&runbook, &answers, (&id, VecDeque::new()), &flags, context).await?;
    if now.fingerprints() != plan.fingerprints() {
        let first = |plan: &Plan, other: &Plan| {
            let others = other.fingerprints();
            let mut lines = plan.fingerprints().into_iter().enumerate();
            let differs = lines.find(|(index, line)| others.get(*index) != Some(line));
            differs.map_or_else(|| "nothing more".to_owned(), |(_, line)| line)
        };
        let sides = halted::both_sides(&first(&plan, &now), &first(&now, &plan), "now it would be");
        let what = format!("the cluster has changed: planned was {sides}; nothing was changed");
        return Err(Failure::new(Kind::Diverged, "diverged", what).hint("make a new plan, and look at it"));
    }
    context.screen.event(Event::Plan(Box::new(now.clone())));
    approve::approve(&now, &flags, context)?;
    carry_out::begin(&runbook, &answers, now, &flags, context).await
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
    let plan = planning::plan(runbook, &answers, &flags, context).await?;
    if let Some(path) = &flags.out {
        planning::save(&plan, runbook, path)?;
    }
    if intent == Intent::Plan || flags.approval.plan_only {
        return context.screen.plan(&plan, flags.output);
    }
    match flags.output {
        Some(PlanFormat::Json | PlanFormat::Yaml) => context.screen.plan(&plan, flags.output)?,
        None => context.screen.event(Event::Plan(Box::new(plan.clone()))),
    }
    approve::approve(&plan, &flags, context)?;
    carry_out::begin(runbook, &answers, plan, &flags, context).await
}
