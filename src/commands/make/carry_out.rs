//! The run itself: each effect through the run's folder, then the words for
//! whatever stopped it. What exists by then decides between "nothing was
//! changed" and "stopped part-way".

use std::path::Path;

use serde_json::Value;

use super::pipeline::Making;
use crate::cluster::Connection;
use crate::cluster::failure::explain;
use crate::commands::refused::of_effect;
use crate::commands::screen::Screen;
use crate::effects::{Difference, Effect, EffectError, Preview, Secrets};
use crate::error::{Failure, Kind};
use crate::facts::reader::{Reader, is_forbidden};
use crate::runs::event::Event;
use crate::runs::run::{Header, Run, RunError};
use crate::runs::wait::WaitError;

/// What a run left behind.
pub struct Carried {
    /// `Kind/name` of what was created or changed.
    pub changed: Vec<String>,
    /// Every object as the server stores it, Secrets with their values.
    pub stored: Vec<Value>,
}

/// Performs all effects, each as it was approved.
pub async fn carry_out(
    making: &Making<'_>,
    approved: &[(Effect, Preview)],
    secrets: &dyn Secrets,
    runs: &Path,
    connection: &Connection,
    screen: &dyn Screen,
) -> Result<Carried, Failure> {
    let reader = Reader::new(connection.client.clone());
    let header = Header {
        command: &making.interview.command(),
        namespace: &making.namespace,
        cluster_uid: uid("kube-system", &reader, connection).await?,
        namespace_uid: uid(&making.namespace, &reader, connection).await?,
        answers: making.interview.recorded(),
    };
    let effects: Vec<_> = approved.iter().map(|(effect, _)| effect.describe()).collect();
    let mut run =
        Run::begin(runs, connection, &header, &effects).map_err(|error| stopped(error, &[], making, connection))?;
    screen.event(Event::Started { run: run.id.to_string() });
    let mut stored = Vec::new();
    for (effect, preview) in approved {
        if connection.interrupt.is_raised() {
            let failure = interrupted(run.changed());
            // The reason is told either way.
            let _ = run.end(connection, "interrupted");
            return Err(failure);
        }
        match run.perform(effect, preview, secrets, connection, screen).await {
            Ok(object) => stored.push(object),
            Err(error) => {
                let failure = stopped(error, run.changed(), making, connection);
                // The reason is told either way; the journal already has it.
                let _ = run.end(connection, "stopped");
                return Err(failure);
            }
        }
    }
    let changed = run.changed().to_vec();
    run.end(connection, "done").map_err(|error| stopped(error, &changed, making, connection))?;
    Ok(Carried { changed, stored })
}

/// The UID of a namespace, as far as the caller may see it.
async fn uid(namespace: &str, reader: &Reader, connection: &Connection) -> Result<Option<String>, Failure> {
    match reader.namespace_uid(namespace).await {
        Err(error) if is_forbidden(&error) => Ok(None),
        read => read.map_err(|error| {
            untouched(explain(&error, &connection.identity, &format!("reading namespace `{namespace}`")))
        }),
    }
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

fn stopped(error: RunError, changed: &[String], making: &Making<'_>, connection: &Connection) -> Failure {
    let failure = match error {
        RunError::Effect { object, error } => effect_failure(&object, &error, making, connection),
        folder @ (RunError::Folder { .. } | RunError::Journal(_)) => Failure::failed("no-journal", folder.to_string())
            .hint("make room there, or set XDG_STATE_HOME to a folder that can be written"),
    };
    // A request that was lost on its way may have been carried out all the same.
    let refused = matches!(failure.kind, Kind::Refused | Kind::Diverged);
    if changed.is_empty() && refused { untouched(failure) } else { part_way(failure, changed) }
}

/// The words for an effect that was refused, also when only previewed.
pub fn effect_failure(object: &str, error: &EffectError, making: &Making<'_>, connection: &Connection) -> Failure {
    match error {
        EffectError::Unchangeable { message, differences } => unchangeable(object, message, differences, making),
        other => of_effect(object, other, connection),
    }
}

/// One hint for each field that differs from what exists, with its flag.
fn unchangeable(object: &str, message: &str, differences: &[Difference], making: &Making<'_>) -> Failure {
    let failure = Failure::failed("invalid", format!("`{object}`: {message}"));
    let hinted = differences.iter().fold(failure, |failure, difference| {
        let flag = making.interview.flag_of(&difference.to).map(|flag| format!(" (`{flag}`)")).unwrap_or_default();
        failure.hint(format!("differs from what exists: {difference}{flag}"))
    });
    hinted.hint("answer with what is there, or choose another name")
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
    let failure = if changed.is_empty() {
        failure
    } else {
        failure.hint("all objects are applied: what is missing comes by itself once nothing is in its way")
    };
    raised(failure, changed)
}

/// Raises a failure to "stopped part-way" when something was written before it.
pub fn part_way(failure: Failure, changed: &[String]) -> Failure {
    if changed.is_empty() {
        return failure;
    }
    raised(failure, changed).hint("the same command again finishes what is missing and repeats nothing")
}

fn raised(mut failure: Failure, changed: &[String]) -> Failure {
    if changed.is_empty() {
        return failure;
    }
    if failure.kind == Kind::Interrupted {
        "interrupted".clone_into(&mut failure.message);
    }
    // "The world is not as approved" stays what it is, also part-way.
    if failure.kind != Kind::Diverged {
        failure.kind = Kind::Partial;
    }
    changed.iter().fold(failure, |failure, object| failure.changed(object.as_str()))
}
