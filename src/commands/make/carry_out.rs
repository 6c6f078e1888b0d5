//! The run itself: each effect through the run's folder, then the words for
//! whatever stopped it. What exists by then decides between "nothing was
//! changed" and "stopped part-way".

use std::path::Path;

use super::pipeline::Making;
use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::commands::screen::Screen;
use crate::effects::{Effect, EffectError, Secrets};
use crate::error::{Failure, Kind};
use crate::runs::event::Event;
use crate::runs::run::{Header, Run, RunError};
use crate::runs::wait::WaitError;

/// Performs all effects; gives back what was created or changed.
pub async fn carry_out(
    making: &Making<'_>,
    effects: &[Effect],
    secrets: &dyn Secrets,
    runs: &Path,
    connection: &Connection,
    screen: &dyn Screen,
) -> Result<Vec<String>, Failure> {
    let header =
        Header { command: &making.command, namespace: &making.namespace, answers: making.recorded_answers.clone() };
    let mut run = Run::begin(runs, connection, &header, effects).map_err(|error| stopped(error, &[], connection))?;
    screen.event(Event::Started { run: run.id.to_string() });
    for effect in effects {
        if connection.interrupt.is_raised() {
            let failure = interrupted(run.changed());
            // The reason is told either way.
            let _ = run.end(connection, "interrupted");
            return Err(failure);
        }
        if let Err(error) = run.perform(effect, secrets, connection, screen).await {
            let failure = stopped(error, run.changed(), connection);
            // The reason is told either way; the journal already has it.
            let _ = run.end(connection, "stopped");
            return Err(failure);
        }
    }
    let changed = run.changed().to_vec();
    run.end(connection, "done").map_err(|error| stopped(error, &changed, connection))?;
    Ok(changed)
}

fn interrupted(changed: &[String]) -> Failure {
    if changed.is_empty() {
        return Failure::interrupted();
    }
    part_way(Failure::failed("interrupted", "interrupted"), changed)
}

/// A failure before the first write: nothing was changed, and it says so.
pub fn untouched(mut failure: Failure) -> Failure {
    if !failure.message.contains("nothing was changed") {
        failure.message.push_str("; nothing was changed");
    }
    failure
}

fn stopped(error: RunError, changed: &[String], connection: &Connection) -> Failure {
    let failure = match error {
        RunError::Effect { object, error } => effect_failure(&object, &error, connection),
        folder @ (RunError::Folder { .. } | RunError::Journal(_)) => Failure::failed("no-journal", folder.to_string())
            .hint("make room there, or set XDG_STATE_HOME to a folder that can be written"),
    };
    // A request that was lost on its way may have been carried out all the same.
    if changed.is_empty() && failure.kind == Kind::Refused { untouched(failure) } else { part_way(failure, changed) }
}

/// The words for an effect that was refused, also when only previewed.
pub fn effect_failure(object: &str, error: &EffectError, connection: &Connection) -> Failure {
    match error {
        EffectError::Foreign { .. } => Failure::refused("foreign-object", format!("`{object}` {error}"))
            .hint("choose another name, or delete that object if nobody needs it"),
        EffectError::MissingKeys { .. } => Failure::refused("missing-secret-key", format!("`{object}` {error}"))
            .hint("add the key to that Secret, or choose another name"),
        EffectError::Conflict { message } => Failure::refused("conflict", format!("`{object}`: {message}"))
            .hint("another tool owns these fields: change the answer to its value, or give the fields up there"),
        EffectError::Terminating => Failure::refused("terminating", format!("`{object}` {error}"))
            .hint("wait until it is gone, then type the same command again"),
        EffectError::SecretRefused { code: 403, .. } => Failure::refused("forbidden", format!("`{object}`: {error}"))
            .hint("see what you may do with `kubectl auth can-i --list`, or ask for this right"),
        EffectError::SecretRefused { .. } => Failure::failed("server-refused", format!("`{object}`: {error}"))
            .hint("the server's own log says more; its answer is not shown because it could quote the secret"),
        EffectError::AnswerLost { detail } => {
            let detail = detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
            Failure::failed("answer-lost", format!("`{object}`: {error}{detail}; it may have been carried out"))
        }
        EffectError::Secret(why) => Failure::usage("secret-value", why.clone()),
        EffectError::Api(error) => explain(error, &connection.identity, &format!("applying `{object}`")),
    }
}

/// The words for a wait that did not reach its goal.
///
/// `look_closer` is the command that shows what is in the way.
pub fn wait_failure(error: &WaitError, changed: &[String], look_closer: &str, connection: &Connection) -> Failure {
    let failure = match error {
        WaitError::Interrupted { .. } => Failure::failed("interrupted", error.to_string()),
        WaitError::TimedOut { .. } => Failure::failed("timed-out", error.to_string()).hint(look_closer),
        WaitError::Idle { .. } => Failure::failed("waits-for-ever", error.to_string()).hint(look_closer),
        WaitError::Read { cause, what } => explain(cause, &connection.identity, &format!("reading {what}")),
    };
    if changed.is_empty() && matches!(error, WaitError::Interrupted { .. }) {
        return Failure { kind: Kind::Interrupted, ..failure };
    }
    part_way(failure, changed)
}

/// Raises a failure to "stopped part-way" when something was written before it.
pub fn part_way(mut failure: Failure, changed: &[String]) -> Failure {
    if !changed.is_empty() {
        if failure.kind == Kind::Interrupted {
            "interrupted".clone_into(&mut failure.message);
        }
        failure.kind = Kind::Partial;
        failure.changed = changed.to_vec();
        failure.hints.push("the same command again finishes what is missing and repeats nothing".to_owned());
    }
    failure
}
