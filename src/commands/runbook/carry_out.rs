//! The run itself: its folder, its journal, its end.

use std::collections::VecDeque;
use std::fmt::Write as _;

use futures::FutureExt as _;

use super::flags::RunFlags;
use super::play::{Stopped, play};
use super::way_out::anew;
use super::{approve, halted};
use crate::cluster::Connection;
use crate::commands::Context;
use crate::effects::EffectError;
use crate::effects::exec::Exec;
use crate::error::{Failure, Kind};
use crate::runbook::script::Runbook;
use crate::runs::ahead::{Approved, approved};
use crate::runs::asking::NO_APP_CHECK;
use crate::runs::conductor::Conductor;
use crate::runs::event::Event;
use crate::runs::folder::{About, RunFolder};
use crate::runs::halt::Halt;
use crate::runs::id::RunId;
use crate::runs::journal::Journal;
use crate::runs::plan::{Line, Plan};
use crate::runs::querying::ALLOW_QUERIES;
use crate::runs::record::Record;
use crate::runs::undoing::Undoing;
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
    let about = about(runbook, &plan, flags, connection);
    let Some(id) = RunId::read(&plan.run) else {
        return Err(Failure::usage("bad-plan", "the plan names no run"));
    };
    let made = RunFolder::create(&context.places.runs(), id, &about, &plan, &runbook.source);
    let (folder, journal) = made.map_err(|why| no_folder(&why))?;
    context.screen.event(Event::Started { run: folder.id.to_string() });
    let approved = approved(&plan);
    let journal = journal.written_with(&context.pen);
    let going = Going { folder, journal, approved, replay: VecDeque::new(), unanswered: None };
    go_on(runbook, answers, going, flags, context).await
}

/// A run, from where it stands.
pub struct Going {
    pub folder: RunFolder,
    pub journal: Journal,
    /// All effects of its plan, also those that are done.
    pub approved: VecDeque<Approved>,
    /// What is done.
    pub replay: VecDeque<Record>,
    /// What was started in a pod, and nobody heard its end.
    pub unanswered: Option<Exec>,
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
        let (question, typed, flag) = (question.to_owned(), typed.map(str::to_owned), flag.map(str::to_owned));
        let answer =
            async move { approve::answer_aside(&question, typed.as_deref(), flag.as_deref(), flags, context).await };
        answer.boxed_local()
    };
    let Going { folder, journal, approved, replay, unanswered } = going;
    let mut conductor =
        Conductor::new(context.connection, context.screen, folder.id.clone(), &runbook.header.effects, &ask);
    conductor.guards = context.guards.clone();
    conductor.approved = Some(approved);
    conductor.journal = Some(journal);
    conductor.replay = replay;
    conductor.unanswered = unanswered;
    let played = play(runbook, answers, &mut conductor).await;
    let played = played.and_then(|()| conductor.nothing_left().map_err(Stopped::Halt));
    if let Err(Stopped::Halt(Halt::Effect { object, error })) = &played {
        show_printed(object, error, context);
    }
    // Whoever interrupted the run did not interrupt its last words.
    context.connection.interrupt.lower();
    conductor.keeper.give_back(context.connection).await;
    let now = context.connection.clock.now();
    let anew = anew(runbook, answers, context);
    let stopped = played.err().map(|stopped| halted::while_running(stopped, &conductor, &anew, context));
    let ended = conductor.journal.as_mut().map_or(Ok(()), |journal| match &stopped {
        None => journal.ended(now, "done"),
        Some(failure) => journal.stopped(now, failure.code, &failure.message),
    });
    super::report::save(&folder, context);
    if let Some(failure) = stopped {
        return Err(failure);
    }
    ended.map_err(|why| {
        let failure = Failure::new(Kind::Problems, "no-journal", format!("done, but its journal is not: {why}"));
        conductor.changed.iter().fold(failure, |failure, object| failure.changed(object.as_str()))
    })?;
    let run = conductor.run.as_str();
    let mut end = "done".to_owned();
    if conductor.lines.iter().any(Line::destroys) {
        end.push_str("; what was destroyed is gone for good");
    } else if conductor.lines.iter().any(Line::gives_up) {
        end.push_str("; claims that went unprotected do not come back, nor does what their volumes did not keep");
    } else if folder.lines().is_ok_and(|lines| !Undoing::of(&lines).steps.is_empty()) {
        let _ = write!(end, "; to take it back: {}", context.as_given().ours(&format!("undo {run}")));
    }
    context.screen.tell(&end);
    Ok(())
}

/// What a command in a pod printed before it stopped the run or an undo: shown to the person
/// at the terminal and never told as an event, since nobody knows what is in it.
/// Its last lines stand in the journal too, on the disk of that person alone.
pub(super) fn show_printed(object: &str, error: &EffectError, context: &Context<'_>) {
    let Some(ran) = error.ran() else { return };
    if ran.printed.is_empty() {
        context.screen.show(&format!("the command in {object} printed nothing\n"));
    } else {
        let lines = ran.printed.replace('\n', "\n  ");
        context.screen.show(&format!("the command in {object} printed:\n  {lines}\n"));
    }
}

fn about(runbook: &Runbook, plan: &Plan, flags: &RunFlags, connection: &Connection) -> About {
    About {
        api_version: "kubectl-stateful/v1".to_owned(),
        kind: "Run".to_owned(),
        // The folder of the run gives it.
        number: 0,
        command: format!("run {}", runbook.name),
        cluster: connection.identity.name.clone(),
        server: connection.identity.server.clone(),
        cluster_uid: plan.cluster_uid.clone(),
        namespace: plan.namespace.clone(),
        namespace_uid: plan.namespace_uid.clone(),
        runbook: Some(runbook.name.clone()),
        parameters: plan.parameters.clone(),
        answered: [(flags.approval.no_app_check, NO_APP_CHECK), (flags.allow_queries, ALLOW_QUERIES)]
            .into_iter()
            .filter(|(is_given, _)| *is_given)
            .map(|(_, flag)| flag.to_owned())
            .collect(),
        by: plan.by.clone(),
    }
}

/// No folder, no run.
pub fn no_folder(why: &std::io::Error) -> Failure {
    Failure::failed("no-journal", format!("the run's folder cannot be made: {why}; nothing was changed"))
        .hint("make room there, or set XDG_STATE_HOME to a folder that can be written")
}
