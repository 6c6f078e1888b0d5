//! The failure that a stopped runbook ends with: what happened, what has
//! changed by then, and what to type next.

use super::play::{Stopped, no_thread};
use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::commands::Context;
use crate::commands::refused::of_effect;
use crate::error::{Failure, Kind};
use crate::runs::call::Phase;
use crate::runs::conductor::Conductor;
use crate::runs::halt::Halt;
use crate::runs::plan::Line;
use crate::runs::reads::ReadError;
use crate::runs::wait::WaitError;
use crate::runs::waits::WaitFailed;

/// It stopped on the copy: nothing was changed.
pub fn while_planning(stopped: Stopped, lines: &[Line], connection: &Connection) -> Failure {
    let mut failure = failure(stopped, connection);
    let last = lines.iter().rev().find_map(|line| match line {
        Line::Step { title } => Some(title.clone()),
        _ => None,
    });
    let place = last.map(|title| format!(" (while playing `{title}` on a copy)")).unwrap_or_default();
    failure.message = format!("{}{place}; nothing was changed", failure.message);
    if failure.kind == Kind::Failed {
        failure.kind = Kind::Refused;
    }
    failure
}

/// It stopped on the cluster itself.
pub fn while_running(stopped: Stopped, conductor: &Conductor<'_>, context: &Context<'_>) -> Failure {
    let mut failure = failure(stopped, conductor.connection);
    if conductor.changed.is_empty() {
        if !failure.message.contains("nothing was changed") {
            failure.message.push_str("; nothing was changed");
        }
        return failure;
    }
    if conductor.phase == Phase::Verify && failure.kind != Kind::Interrupted {
        failure.kind = Kind::Problems;
        failure.message = format!("done, but {}", failure.message);
        return failure;
    }
    if failure.kind != Kind::Diverged {
        failure.kind = Kind::Partial;
    }
    let run = conductor.run.as_str();
    let failure = conductor.changed.iter().fold(failure, |failure, object| failure.changed(object.as_str()));
    failure
        .hint(context.as_given().ours(&format!("resume {run}")))
        .hint(format!("or take it back: {}", context.as_given().ours(&format!("undo {run}"))))
}

fn failure(stopped: Stopped, connection: &Connection) -> Failure {
    match stopped {
        Stopped::Thread(why) => no_thread(&why),
        Stopped::Script(error) => error.into(),
        Stopped::Halt(halt) => halted(halt, connection),
    }
}

fn halted(halt: Halt, connection: &Connection) -> Failure {
    match halt {
        Halt::Interrupted => Failure { message: "interrupted".to_owned(), ..Failure::interrupted() },
        Halt::Guard { message } => Failure::refused("guard", message),
        Halt::Declined => Failure::failed("declined", "declined"),
        Halt::Unasked { question, flag } => {
            Failure::refused("not-confirmed", format!("nobody can be asked: {question}"))
                .hint(format!("`{flag}` answers it"))
        }
        Halt::Effect { object, error } => of_effect(&object, &error, connection),
        halt @ (Halt::EffectInPhase { .. } | Halt::Undeclared { .. }) => {
            Failure::usage("effect-refused", halt.to_string())
                .hint("what a runbook changes stands in `RUNBOOK.effects`, and happens in `run`")
        }
        Halt::Diverged { approved, now } => {
            let what = format!("the next effect is not the approved one: approved was `{approved}`, now it is `{now}`");
            Failure::new(Kind::Diverged, "diverged", what)
        }
        Halt::Replay { recorded, asked } => {
            let what = format!("the script asks for `{asked:?}` where it asked for `{recorded:?}` before");
            Failure::new(Kind::Diverged, "replay-differs", what)
        }
        Halt::Wait(error) => waited(error, connection),
        Halt::Read(error) => unread(error, connection),
        Halt::Journal(why) => Failure::failed("no-journal", format!("the run's journal cannot be written: {why}"))
            .hint("make room there, or set XDG_STATE_HOME to a folder that can be written"),
    }
}

fn waited(error: WaitFailed, connection: &Connection) -> Failure {
    match error {
        WaitFailed::Changed(how) => Failure::refused("changed-meanwhile", how),
        WaitFailed::Lock(error) => of_effect("the lock", &error, connection),
        WaitFailed::Read(error) => unread(error, connection),
        WaitFailed::Wait(error) => match error {
            WaitError::Interrupted { .. } => Failure::failed("interrupted", error.to_string()),
            WaitError::TimedOut { .. } => Failure::failed("timed-out", error.to_string()),
            WaitError::Idle { .. } => Failure::failed("waits-for-ever", error.to_string()),
            WaitError::Read { cause, what } => explain(&cause, &connection.identity, &format!("reading {what}")),
        },
    }
}

fn unread(error: ReadError, connection: &Connection) -> Failure {
    match error {
        ReadError::NoSet(_) => Failure::failed("no-set", error.to_string()),
        ReadError::SetDeleting(_) => Failure::refused("set-deleting", error.to_string()),
        ReadError::SetReplaced(_) => Failure::new(Kind::Diverged, "diverged", error.to_string()),
        ReadError::Api(error) => explain(&error, &connection.identity, "reading the cluster"),
    }
}
