//! `undo`: takes a run back.

use serde_json::Value;

use super::carry_out::show_printed;
use super::flags::RunFlags;
use super::later::{chosen, reopened, same_cluster};
use super::left_out::{again, leave_out, without, without_unheard};
use super::place::Place;
use super::stands::{Short, seen_through};
use super::undo_plan::played;
use super::undo_shown::show;
use super::way_out::restoring;
use super::{approve, report};
use crate::cluster::Connection;
use crate::commands::Context;
use crate::commands::refused::of_runbook;
use crate::effects::{EffectError, Target};
use crate::error::{Failure, Kind};
use crate::runs::detour::without_detours;
use crate::runs::event::{Event, Observer};
use crate::runs::folder::{About, RunFolder, State};
use crate::runs::journal::Journal;
use crate::runs::keeper::{Keeper, outlast};
use crate::runs::record;
use crate::runs::undo::Undone;
use crate::runs::undoing::Undoing;
use crate::runs::unheard::find_out;
use crate::runs::waits::Waits;

/// How an undo ended that could not take everything back.
const PARTLY: &str = "partly undone";

/// Takes back what a run has done, the last first.
///
/// # Errors
/// Something stands in the way: what was taken back by then is told.
pub async fn undo(run: Option<&str>, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    let undoable = |state: &State, lines: &[Value]| {
        let stands = !matches!(state, State::Ended(how) if how == "undone") && !Undoing::of(lines).steps.is_empty();
        stands || holds_a_lock(state, lines)
    };
    let (folder, about, lines) = chosen(run, "undo", &undoable, context).await?;
    if RunFolder::state(&lines) == State::Ended("undone".to_owned()) {
        context.screen.tell(&format!("run {} is undone already", folder.id));
        return Ok(());
    }
    same_cluster(&folder, &about, context).await?;
    let mut shown = Undoing::of(&lines);
    leave_out(&mut shown, &folder, flags)?;
    if shown.steps.is_empty() && !holds_a_lock(&RunFolder::state(&lines), &lines) {
        // A run that lost its rights could not give back what it had locked.
        for lock in record::locks(&lines) {
            let _ = lock.give_back(context.connection).await;
        }
        let was = lines.iter().any(|line| line["state"] == "undone");
        let what = if was { "has nothing left" } else { "has changed nothing" };
        context.screen.tell(&format!("run {} {what} that can be taken back", folder.id));
        return Ok(());
    }
    let purged = nothing_later(&folder, &about, &lines, context)?;
    if flags.approval.plan_only {
        let played = played(&lines, &purged, &flags.leave_out, context).await;
        let undoing = played.map_err(|failure| with_way_out(failure, &folder, &lines, context))?;
        show(&undoing, context);
        return Ok(());
    }
    shown.without(&purged);
    let keeper = Keeper::default();
    let waits = Waits { connection: context.connection, observer: context.screen, keeper: &keeper };
    let left = without_detours(&mut shown, &waits).await;
    left.map_err(|error| not_begun("the set", &error, context))?;
    let approved = approve::undoing(&shown, &folder.id, flags, context);
    approved.map_err(|failure| without_unheard(failure, &shown, &folder, flags, context))?;
    let mut journal = reopened(&folder, &lines, context)?;
    context.screen.event(Event::Started { run: folder.id.to_string() });
    let connection = context.connection;
    let judged = match locked(&lines, &keeper, connection, context.screen).await {
        Ok(()) => judged_again(&shown, (&folder, &about, &lines), &waits, flags, context).await,
        Err((object, error)) => Err(of_runbook(&object, &error, context)),
    };
    let undoing = match judged {
        Ok(undoing) => undoing,
        Err(failure) => {
            connection.interrupt.lower();
            keeper.give_back(connection).await;
            return Err(failure);
        }
    };
    let (undone, found) = seen_through(&undoing, &mut journal, &waits).await;
    let is_whole = undoing.lost.is_empty() && !matches!(found, Err(Short::Elsewhere(_)));
    let whole = if is_whole { "undone" } else { PARTLY };
    let ended = end_of_undo(undone, (&RunFolder::state(&lines), whole), &mut journal, &folder, flags, context);
    report::save(&folder, context);
    connection.interrupt.lower();
    keeper.give_back(connection).await;
    ended?;
    found.map_err(|short| short.told(context))?;
    told(&undoing, &folder, context)
}

/// What it came to.
fn told(undoing: &Undoing, folder: &RunFolder, context: &Context<'_>) -> Result<(), Failure> {
    let left_out: Vec<_> =
        undoing.left_out().into_iter().map(|title| format!(" but `{title}`, which was left out")).collect();
    let but = left_out.join(",");
    if undoing.lost.is_empty() {
        context.screen.tell(&format!("run {} is undone{but}", folder.id));
        return Ok(());
    }
    let lost: Vec<_> = undoing.lost.iter().map(ToString::to_string).collect();
    let what = format!("{PARTLY}: {}; all else is taken back{but}", lost.join(", "));
    let hint = context.as_given().led("`kubectl stateful status` shows the members, which start with nothing");
    Err(Failure::new(Kind::Partial, "data-destroyed", what).hint(hint))
}

/// What is to be taken back, looked at once more under the lock: while somebody was asked,
/// another run may have come and gone, and a set may have been scaled.
async fn judged_again(
    shown: &Undoing,
    (folder, about, lines): (&RunFolder, &About, &[Value]),
    waits: &Waits<'_>,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<Undoing, Failure> {
    let purged = nothing_later(folder, about, lines, context)?;
    let judged = found_out(lines, &purged, &flags.leave_out, waits).await;
    let judged = judged.map_err(|(object, error)| not_begun(&object, &error, context))?;
    if judged.put_back != shown.put_back {
        let what = "a set is no longer as it was when the undo was shown; nothing was changed";
        let hint = context.as_given().ours(&again(folder, &flags.leave_out));
        return Err(Failure::refused("changed-meanwhile", what).hint(hint));
    }
    Ok(judged)
}

/// What is to be taken back as the cluster is by now; `purged` are the volumes that later
/// runs have destroyed.
///
/// # Errors
/// What became of a claim or a set cannot be found out.
pub(super) async fn found_out(
    lines: &[Value],
    purged: &[Target],
    leave_out: &[String],
    waits: &Waits<'_>,
) -> Result<Undoing, (String, EffectError)> {
    let mut undoing = Undoing::of(lines);
    // Titles that are none of the run's were refused before.
    let _ = undoing.leave_out(leave_out);
    undoing.without(purged);
    find_out(&mut undoing, waits).await?;
    without_detours(&mut undoing, waits).await.map_err(|error| ("the set".to_owned(), error))?;
    Ok(undoing)
}

/// What stands in the way before the first step.
fn not_begun(object: &str, error: &EffectError, context: &Context<'_>) -> Failure {
    let mut failure = of_runbook(object, error, context);
    failure.message.push_str("; nothing was changed");
    failure
}

/// Takes the locks that the run had.
///
/// # Errors
/// One that cannot be had, and why.
pub(super) async fn locked(
    lines: &[Value],
    keeper: &Keeper,
    connection: &Connection,
    observer: &dyn Observer,
) -> Result<(), (String, EffectError)> {
    for lock in record::locks(lines) {
        let object = lock.object.to_string();
        let refused = |error: EffectError| (object.clone(), error);
        let lock = outlast(lock, connection, observer).await.map_err(refused)?;
        lock.renew_or_take(connection).await.map_err(refused)?;
        keeper.holds(lock, connection.clock.now());
    }
    Ok(())
}

/// A run that was killed still holds what it had locked, also where it has
/// changed nothing else.
fn holds_a_lock(state: &State, lines: &[Value]) -> bool {
    *state == State::Open && !record::locks(lines).is_empty()
}

/// Writes how an undo ended, and tells it.
fn end_of_undo(
    undone: Undone,
    (before, whole): (&State, &str),
    journal: &mut Journal,
    folder: &RunFolder,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let connection = context.connection;
    let before = match before {
        State::Ended(how) => how.as_str(),
        State::Open => "stopped",
    };
    // What was announced and has no answer may have been carried out, too.
    let is_open = folder.lines().is_ok_and(|lines| lines.last().is_some_and(|line| line["state"] == "undoing"));
    let how = match &undone.stopped {
        None => whole,
        // What was sent without an answer may have been carried out.
        Some((_, EffectError::AnswerLost { .. })) => PARTLY,
        Some(_) if undone.changed.is_empty() && !is_open => before,
        Some(_) => PARTLY,
    };
    let ended = journal.ended(connection.clock.now(), how);
    match undone.stopped {
        None => ended.map_err(|why| {
            let what = format!("everything is taken back, and the journal does not say so: {why}");
            Failure::new(Kind::Problems, "no-journal", what)
                .hint(context.as_given().ours(&again(folder, &flags.leave_out)))
        }),
        Some((object, error)) => {
            show_printed(&object, &error, context);
            let mut failure = of_runbook(&object, &error, context);
            if let Ok(lines) = folder.lines() {
                failure = with_way_out(failure, folder, &lines, context);
            }
            let is_barred = failure.code == "claim-in-the-way";
            let left_out = undone.stopped_in.filter(|_| failure.code != "interrupted");
            let left_out = left_out.map(|title| without(&[title], folder, flags, context));
            let has_changed = how == PARTLY;
            if has_changed {
                failure.message = format!("{PARTLY}: {}", failure.message);
                failure.kind = Kind::Partial;
                failure = undone.changed.into_iter().fold(failure, Failure::changed);
            } else {
                failure.message.push_str("; nothing was changed");
            }
            if !is_barred && (has_changed || left_out.is_some()) {
                failure = failure.hint(context.as_given().ours(&again(folder, &flags.leave_out)));
            }
            Err(left_out.into_iter().fold(failure, Failure::hint))
        }
    }
}

/// No order of undos need lead to a run that others have come after: what it retired comes
/// back by the marks of its volumes alone.
fn with_restore(failure: Failure, folder: &RunFolder, lines: &[Value], context: &Context<'_>) -> Failure {
    match restoring(folder, lines, context) {
        Some(command) => failure.hint(format!("or give back what this run retired, and nothing else: {command}")),
        None => failure,
    }
}

/// The same for what stands in the way of a step. What is to be scaled down first is a later
/// run, that no undo of this one passes.
fn with_way_out(mut failure: Failure, folder: &RunFolder, lines: &[Value], context: &Context<'_>) -> Failure {
    let Some(command) = restoring(folder, lines, context) else { return failure };
    match failure.code {
        "claim-in-the-way" => {
            failure.hints.clear();
            failure
                .hint("a member may be using it: scale down with `--claims retire` first, which keeps its volume too")
                .hint(format!("then give back what this run retired: {command}"))
        }
        "diverged" => with_restore(failure, folder, lines, context),
        _ => failure,
    }
}

/// A later run that cannot be read.
fn in_the_way(later: &RunFolder, why: &dyn std::fmt::Display) -> Failure {
    let what = format!("run {} came later and cannot be read: {why}; nothing was changed", later.id);
    let hint = format!("if it was about something else, put {} elsewhere and try again", later.path.display());
    Failure::refused("later-run", what).hint(hint)
}

/// What a later run has done on the same objects stands on what this one did,
/// and is taken back first. The volumes that later runs have destroyed. What
/// cannot be read may stand on it, too.
fn nothing_later(
    folder: &RunFolder,
    about: &About,
    own_lines: &[Value],
    context: &Context<'_>,
) -> Result<Vec<Target>, Failure> {
    let mut purged = Vec::new();
    let own = record::touched(own_lines);
    let all = RunFolder::all(&context.places.runs()).into_iter();
    for later in all.take_while(|other| other.id != folder.id).filter(RunFolder::has_begun) {
        let other = later.about().map_err(|why| in_the_way(&later, &why))?;
        if !Place::of_run(&other).is(&Place::of_run(about)) {
            continue;
        }
        let lines = later.lines().map_err(|why| in_the_way(&later, &why))?;
        purged.extend(record::purged(&lines));
        let stands = RunFolder::state(&lines) != State::Ended("undone".to_owned());
        // The newest come first: these are all that were destroyed since.
        let mut left = Undoing::of(&lines);
        left.without(&purged);
        if stands && !own.is_disjoint(&record::touched(&lines)) && !left.steps.is_empty() {
            let what = format!("run {} came later and stands on it; nothing was changed", later.id);
            let failure = Failure::refused("later-run", what);
            let failure = failure.hint(context.as_given().ours(&format!("undo {}", later.id)));
            return Err(with_restore(failure, folder, own_lines, context));
        }
    }
    Ok(purged)
}
