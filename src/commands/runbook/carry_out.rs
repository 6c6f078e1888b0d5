//! The run itself: its folder, its journal, its end.

use std::collections::VecDeque;

use super::flags::RunFlags;
use super::play::{Stopped, play};
use super::{approve, halted};
use crate::cluster::Connection;
use crate::commands::Context;
use crate::error::{Failure, Kind};
use crate::runbook::script::Runbook;
use crate::runs::conductor::Conductor;
use crate::runs::event::Event;
use crate::runs::folder::{About, RunFolder};
use crate::runs::id::RunId;
use crate::runs::journal::Journal;
use crate::runs::plan::{Line, Plan, Undo};
use crate::runs::record::Record;
use crate::wizard::parameter::Answers;

/// Runs an approved plan.
///
/// # Errors
/// Whatever stops it; the run can then be resumed or undone.
pub async fn begin(
    runbook: &Runbook,
    answers: &Answers,
    plan: Plan,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let connection = context.connection;
    let about = about(runbook, &plan, connection);
    let Some(id) = RunId::read(&plan.run) else {
        return Err(Failure::usage("bad-plan", "the plan names no run"));
    };
    let made = RunFolder::create(&context.places.runs(), id, &about, &plan, &runbook.source);
    let (folder, journal) = made.map_err(|why| no_folder(&why))?;
    context.screen.event(Event::Started { run: folder.id.to_string() });
    let approved = plan.fingerprints().into();
    go_on(runbook, answers, Going { folder, journal, approved, replay: VecDeque::new() }, flags, context).await
}

/// A run, from where it stands.
pub struct Going {
    pub folder: RunFolder,
    pub journal: Journal,
    /// All effects of its plan, also those that are done.
    pub approved: VecDeque<String>,
    /// What is done.
    pub replay: VecDeque<Record>,
}

/// Plays the script to its end, from where the journal stops.
///
/// # Errors
/// As `begin`.
pub async fn go_on(
    runbook: &Runbook,
    answers: &Answers,
    going: Going,
    flags: &RunFlags,
    context: &Context<'_>,
) -> Result<(), Failure> {
    let ask = |question: &str, typed: Option<&str>, flag: Option<&str>| {
        approve::answer(question, typed, flag, flags, context)
    };
    let Going { folder, journal, approved, replay } = going;
    let mut conductor =
        Conductor::new(context.connection, context.screen, folder.id.clone(), &runbook.header.effects, &ask);
    conductor.approved = Some(approved);
    conductor.journal = Some(journal);
    conductor.replay = replay;
    let played = play(runbook, answers, &mut conductor).await;
    let played = played.and_then(|()| conductor.nothing_left().map_err(Stopped::Halt));
    // Whoever interrupted the run did not interrupt its last words.
    context.connection.interrupt.lower();
    conductor.keeper.give_back(context.connection).await;
    let how = match &played {
        Ok(()) => "done",
        Err(Stopped::Halt(_) | Stopped::Script(_) | Stopped::Thread(_)) => "stopped",
    };
    let now = context.connection.clock.now();
    let ended = conductor.journal.as_mut().map_or(Ok(()), |journal| journal.ended(now, how));
    if let Err(stopped) = played {
        return Err(halted::while_running(stopped, &conductor, context));
    }
    ended.map_err(|why| {
        let failure = Failure::new(Kind::Problems, "no-journal", format!("done, but its journal is not: {why}"));
        conductor.changed.iter().fold(failure, |failure, object| failure.changed(object.as_str()))
    })?;
    let run = conductor.run.as_str();
    let destroys = |line: &Line| matches!(line, Line::Effect { undo: Undo::Impossible, .. });
    context.screen.tell(&if conductor.lines.iter().any(destroys) {
        "done; what was destroyed is gone for good".to_owned()
    } else {
        format!("done; to take it back: {}", context.as_given().ours(&format!("undo {run}")))
    });
    Ok(())
}

fn about(runbook: &Runbook, plan: &Plan, connection: &Connection) -> About {
    About {
        api_version: "kubectl-stateful/v1".to_owned(),
        kind: "Run".to_owned(),
        command: format!("run {}", runbook.name),
        cluster: connection.identity.name.clone(),
        server: connection.identity.server.clone(),
        cluster_uid: plan.cluster_uid.clone(),
        namespace: plan.namespace.clone(),
        namespace_uid: plan.namespace_uid.clone(),
        runbook: Some(runbook.name.clone()),
        parameters: plan.parameters.clone(),
    }
}

/// No folder, no run.
pub fn no_folder(why: &std::io::Error) -> Failure {
    Failure::failed("no-journal", format!("the run's folder cannot be made: {why}; nothing was changed"))
        .hint("make room there, or set XDG_STATE_HOME to a folder that can be written")
}
