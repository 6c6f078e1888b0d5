//! `resume`: a stopped run goes on, by its plan or by a new one for what is left.

use serde_json::Value;

use super::carry_out::{self, Going};
use super::flags::RunFlags;
use super::halted::while_replanning;
use super::later::{chosen, damaged, reopened, same_cluster, unreadable};
use super::way_out::anew;
use super::{approve, aside, planning};
use crate::commands::Context;
use crate::effects::Effect;
use crate::error::{Failure, Kind};
use crate::runbook::script::Runbook;
use crate::runs::ahead::approved;
use crate::runs::asking::NO_APP_CHECK;
use crate::runs::call::Call;
use crate::runs::detour::after_the_stop;
use crate::runs::event::Event;
use crate::runs::folder::{About, RunFolder, State};
use crate::runs::journal::is_aside;
use crate::runs::plan::{Line, Plan};
use crate::runs::querying::ALLOW_QUERIES;
use crate::runs::record::{self, Record};
use crate::runs::undoing::Step;
use crate::wizard::parameter::Answers;

/// A run that can go on.
struct Unfinished {
    folder: RunFolder,
    lines: Vec<Value>,
    runbook: Runbook,
    plan: Plan,
    answers: Answers,
    /// The flags that were given when it began, and count as long as it lasts.
    answered: Vec<String>,
}

impl Unfinished {
    /// The flags it goes on with: who answered beforehand need not do so again.
    fn flags(&self, given: &RunFlags) -> RunFlags {
        let mut flags = given.clone();
        let was = |flag: &str| self.answered.iter().any(|known| known == flag);
        flags.approval.no_app_check |= was(NO_APP_CHECK);
        flags.allow_queries |= was(ALLOW_QUERIES);
        flags
    }
}

/// Carries a stopped run on from where its journal ends.
///
/// # Errors
/// It cannot be found or read, belongs to another cluster, or stops again.
pub async fn resume(run: Option<&str>, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    let Some(run) = unfinished(run, "resume", context).await? else { return Ok(()) };
    let flags = &run.flags(flags);
    let Unfinished { folder, lines, runbook, plan, answers, .. } = run;
    if flags.approval.plan_only {
        return context.screen.plan(&left_of(&plan, &record::finished(&lines)), flags.output);
    }
    let aside = after_the_stop(&lines);
    approve::going_on(&aside, &folder.id, flags, context)?;
    let mut journal = reopened(&folder, &lines, context)?;
    // A new plan may lie there whose line in the journal was not written any more.
    let plan = folder.plan().map_err(|why| unreadable(&folder, &why))?;
    context.screen.event(Event::Started { run: folder.id.to_string() });
    aside::taken_back(&aside, &folder, &lines, &mut journal, context).await?;
    let (replay, unanswered) = (record::finished(&lines).into(), record::unanswered(&lines));
    let going = Going { folder, journal, approved: approved(&plan), replay, unanswered };
    carry_out::go_on(&runbook, &answers, going, flags, context).await
}

/// Plans what is left anew, on the cluster as it is by now, and goes on with
/// that once it is approved. What it has scaled back at its end is taken back first.
///
/// # Errors
/// As `resume`.
pub async fn replan(run: Option<&str>, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    let Some(run) = unfinished(run, "resume --replan", context).await? else { return Ok(()) };
    let flags = &run.flags(flags);
    let Unfinished { folder, lines, runbook, plan, answers, .. } = run;
    let Stopped { lines, sets } = where_it_stopped(&folder, lines, flags, context).await?;
    let there = |failure| stands_there(failure, &sets, &folder, context);
    let done = record::finished(&lines);
    let rest = planning::rest(&runbook, &answers, (&folder.id, done.clone().into()), flags, context).await;
    let anew = || anew(&runbook, &answers, context);
    let rest = rest.map_err(|failure| there(while_replanning(failure, &folder.id, &anew(), context)))?;
    if flags.approval.plan_only {
        return context.screen.plan(&rest, flags.output);
    }
    context.screen.event(Event::Plan(Box::new(rest.clone())));
    approve::approve(&rest, flags, context).map_err(there)?;
    let mut journal = reopened(&folder, &lines, context)?;
    let whole = Plan { lines: [lines_of(&plan, &done), rest.lines].concat(), rest: false, ..rest };
    folder.replace_plan(&whole).map_err(|why| carry_out::no_folder(&why))?;
    journal.replanned(context.connection.clock.now()).map_err(|why| carry_out::no_folder(&why))?;
    context.screen.event(Event::Started { run: folder.id.to_string() });
    let unanswered = record::unanswered(&lines);
    let going = Going { folder, journal, approved: approved(&whole), replay: done.into(), unanswered };
    carry_out::go_on(&runbook, &answers, going, flags, context).await
}

/// Where a new plan begins.
struct Stopped {
    /// The journal as it is by then.
    lines: Vec<Value>,
    /// The sets that were scaled to come there: `Kind/name`, and how many members each has again.
    sets: Vec<(String, u64)>,
}

/// A new plan begins where the run has stopped: what it has scaled at its end since then is
/// taken back before.
async fn where_it_stopped(
    folder: &RunFolder,
    lines: Vec<Value>,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<Stopped, Failure> {
    let aside = after_the_stop(&lines);
    if aside.steps.is_empty() {
        return Ok(Stopped { lines, sets: Vec::new() });
    }
    if flags.approval.plan_only {
        let id = &folder.id;
        let what =
            format!("run {id} has scaled the set back after its stop: no new plan begins there; nothing was changed");
        let hint = context.as_given().ours(&format!("resume {id} --replan"));
        return Err(
            Failure::refused("scaled-back", what).hint(format!("{hint} takes that back first, and asks before"))
        );
    }
    approve::going_on(&aside, &folder.id, flags, context)?;
    let mut journal = reopened(folder, &lines, context)?;
    let keeper = aside::taken_back(&aside, folder, &lines, &mut journal, context).await?;
    keeper.give_back(context.connection).await;
    // Whoever says no to the new plan leaves a run that has stopped for the same reason.
    let stop = lines.iter().rev().find(|line| line["state"] == "ended");
    let word = |key: &str| stop.and_then(|line| line[key].as_str()).unwrap_or_default();
    let stopped = journal.stopped(context.connection.clock.now(), word("code"), word("why"));
    stopped.map_err(|why| unreadable(folder, &why))?;
    let lines = folder.lines().map_err(|why| damaged(folder, &why, context))?;
    let mut sets: Vec<(String, u64)> = Vec::new();
    for effect in aside.steps.iter().flat_map(Step::undo) {
        let Effect::Scale(scale) = effect else { continue };
        sets.retain(|(known, _)| *known != scale.set.object.to_string());
        sets.push((scale.set.object.to_string(), scale.to));
    }
    Ok(Stopped { lines, sets })
}

/// Nobody has approved the new plan, so that what is always done at the end is not done either:
/// the sets stay where the run stopped, and that is told.
fn stands_there(mut failure: Failure, sets: &[(String, u64)], folder: &RunFolder, context: &Context<'_>) -> Failure {
    if sets.is_empty() {
        return failure;
    }
    let at: Vec<_> = sets.iter().map(|(set, members)| format!("{set} is at {members} again")).collect();
    let what = failure.message.trim_end_matches("; nothing was changed");
    failure.message = format!("{what}; {}, where the run stopped", at.join(", "));
    failure.kind = Kind::Partial;
    let ours = |words: &str| context.as_given().ours(&format!("{words} {}", folder.id));
    let failure = sets.iter().fold(failure, |failure, (set, _)| failure.changed(set.as_str()));
    // Where no new plan could be made that was told.
    if failure.hints.iter().any(|hint| hint.contains(&ours("undo"))) {
        return failure;
    }
    failure.hint(ours("resume")).hint(format!("or take it back: {}", ours("undo")))
}

/// What comes behind the last line of a plan that was used up, with the step that it is in.
fn left_of(plan: &Plan, done: &[Record]) -> Plan {
    let mut used = 0;
    for record in done.iter().filter(|record| !record.fingerprint.is_empty()) {
        let is_it =
            |line: &Line| matches!(line, Line::Effect { fingerprint, .. } if *fingerprint == record.fingerprint);
        if let Some(at) = plan.lines.iter().skip(used).position(is_it) {
            used += at + 1;
        }
    }
    let (before, left) = plan.lines.split_at(used);
    let is_step = |line: &&Line| matches!(line, Line::Step { .. } | Line::AtEnd { .. });
    let step = before.iter().rev().find(is_step).filter(|_| !left.first().is_some_and(|line| is_step(&line)));
    Plan { lines: step.into_iter().chain(left).cloned().collect(), rest: used > 0, ..plan.clone() }
}

/// The lines of a plan that were used up by what was done.
fn lines_of(plan: &Plan, done: &[Record]) -> Vec<Line> {
    let mut effects = plan.lines.iter().filter(|line| matches!(line, Line::Effect { .. }));
    let used = |record: &Record| !record.fingerprint.is_empty();
    let mut line = |record: &Record| {
        effects.find(|line| matches!(line, Line::Effect { fingerprint, .. } if *fingerprint == record.fingerprint))
    };
    let lines = done.iter().map(|record| match &record.call {
        Call::Undo { .. } => Line::of(&record.call),
        _ if used(record) => line(record).cloned(),
        _ => None,
    });
    lines.flatten().collect()
}

/// The run that is meant; none if it is done already, which is told.
async fn unfinished(run: Option<&str>, verb: &str, context: &Context<'_>) -> Result<Option<Unfinished>, Failure> {
    let fits = |state: &State, lines: &[Value]| {
        let over = matches!(state, State::Ended(how) if ["done", "undone", "partly undone"].contains(&how.as_str()));
        !over && !record::written(lines).is_empty()
    };
    let (folder, about, lines) = chosen(run, verb, &fits, context).await?;
    match RunFolder::state(&lines) {
        State::Ended(how) if how == "done" => {
            context.screen.tell(&format!("run {} is done: nothing is left to do", folder.id));
            return Ok(None);
        }
        State::Ended(how) if how == "undone" => {
            return Err(Failure::refused("run-undone", format!("run {} was undone; nothing was changed", folder.id)));
        }
        _ if lines.iter().any(|line| line["state"] == "undoing" && !is_aside(line)) => {
            let what = format!("run {} was partly undone; nothing was changed", folder.id);
            return Err(
                Failure::refused("run-undone", what).hint(context.as_given().ours(&format!("undo {}", folder.id)))
            );
        }
        State::Ended(_) | State::Open => {}
    }
    same_cluster(&folder, &about, context).await?;
    read(folder, about, lines).map(Some)
}

fn read(folder: RunFolder, about: About, lines: Vec<Value>) -> Result<Unfinished, Failure> {
    let unreadable = |why: &dyn std::fmt::Display| unreadable(&folder, why);
    let Some(name) = about.runbook else {
        return Err(Failure::usage("no-runbook", format!("run {} was `{}`: type it again", folder.id, about.command)));
    };
    let source = folder.script().map_err(|why| unreadable(&why))?;
    let plan = folder.plan().map_err(|why| unreadable(&why))?;
    let runbook = Runbook::from_source(name, source)?;
    let answers = planning::answers(&runbook.header.parameters, &about.parameters).map_err(|why| unreadable(&why))?;
    Ok(Unfinished { folder, lines, runbook, plan, answers, answered: about.answered })
}
