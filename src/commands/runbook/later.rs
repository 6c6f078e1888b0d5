//! Runs that are there already: found by their ids, unlocked.

use serde_json::Value;

use super::place::Place;
use crate::commands::Context;
use crate::commands::refused::of_runbook;
use crate::effects::lock::Found;
use crate::error::Failure;
use crate::runs::folder::{About, RunFolder, State};
use crate::runs::journal::{Journal, JournalError};
use crate::runs::record;

/// Removes the locks that stopped runs have left.
///
/// # Errors
/// The run cannot be found, or its lock cannot be removed.
pub async fn unlock(run: &str, context: &Context<'_>) -> Result<(), Failure> {
    let (folder, about, lines) = chosen(Some(run), "runs unlock", &|_, _| true, context).await?;
    same_cluster(&folder, &about, context).await?;
    let _held = Journal::hold(&folder.path).map_err(|why| in_use(&folder, &JournalError::Io(why)))?;
    for lock in record::locks(&lines) {
        let object = lock.object.to_string();
        let found = lock.give_back(context.connection).await;
        context.screen.tell(&match found.map_err(|error| of_runbook(&object, &error, context))? {
            Found::Ours => format!("{object} is free"),
            Found::Nothing => format!("{object} was free already"),
            Found::OfAnother { run } => format!("{object} is held by run {run} by now, and stays so"),
        });
    }
    Ok(())
}

/// The run that is meant, or the only one that can be.
pub(super) async fn chosen(
    run: Option<&str>,
    verb: &str,
    fits: &dyn Fn(&State, &[Value]) -> bool,
    context: &Context<'_>,
) -> Result<(RunFolder, About, Vec<Value>), Failure> {
    let runs = context.places.runs();
    if let Some(id) = run {
        let folder = RunFolder::open(&runs, id).map_err(|_| {
            Failure::usage("no-run", format!("there is no run `{id}`")).hint(context.as_given().ours("runs"))
        })?;
        if !folder.has_begun() {
            return Err(never_began(&folder));
        }
        let about = folder.about().map_err(|why| unreadable(&folder, &why))?;
        let lines = folder.lines().map_err(|why| damaged(&folder, &why, context))?;
        return Ok((folder, about, lines));
    }
    let connection = context.connection;
    // What was run on another cluster of the same name is none of this one's.
    let here = Place::here(connection).await.unwrap_or_else(|_| Place::unread(connection));
    let candidate = |folder: RunFolder| {
        let about = folder.about().ok()?;
        let is_here = Place::of_run(&about).is(&here);
        let lines = folder.lines().ok()?;
        (is_here && about.runbook.is_some() && fits(&RunFolder::state(&lines), &lines))
            .then_some((folder, about, lines))
    };
    let mut found: Vec<_> = RunFolder::all(&runs).into_iter().filter_map(candidate).collect();
    match found.len() {
        0 => {
            Err(Failure::usage("no-run", format!("there is no run to {verb} here"))
                .hint(context.as_given().ours("runs")))
        }
        1 => Ok(found.remove(0)),
        _ => {
            let names: Vec<_> =
                found.iter().map(|(folder, about, _)| format!("{} ({})", folder.id, about.command)).collect();
            Err(Failure::usage("which-run", format!("which run? there are {}", names.join(", ")))
                .hint(context.as_given().ours(&format!("{verb} {}", found[0].0.id))))
        }
    }
}

/// A run goes on only where it began.
pub(super) async fn same_cluster(folder: &RunFolder, about: &About, context: &Context<'_>) -> Result<(), Failure> {
    if Place::of_run(about).is(&Place::here(context.connection).await?) {
        return Ok(());
    }
    let what = of_another(&format!("run {}", folder.id), &about.cluster, &about.namespace, context);
    Err(Failure::refused("another-cluster", what)
        .hint("choose its cluster with `--context` and its namespace with `-n`"))
}

/// That something was made for another place, which may have the same name.
pub(super) fn of_another(what: &str, cluster: &str, namespace: &str, context: &Context<'_>) -> String {
    let here = (context.connection.identity.name.as_str(), context.connection.namespace.as_str());
    let this = if here == (cluster, namespace) {
        "this is another one of that name".to_owned()
    } else {
        format!("this is {}/{}", here.0, here.1)
    };
    format!("{what} belongs to {cluster}/{namespace}, and {this}; nothing was changed")
}

/// The journal of a run, ours from here on. What somebody has decided about was
/// decided about these lines: a run that went on since is another one.
///
/// # Errors
/// It went on, or cannot be had.
pub(super) fn reopened(folder: &RunFolder, shown: &[Value], context: &Context<'_>) -> Result<Journal, Failure> {
    let journal = Journal::reopen(&folder.path).map_err(|why| in_use(folder, &why))?.written_with(&context.pen);
    if folder.lines().map_err(|why| damaged(folder, &why, context))? == shown {
        return Ok(journal);
    }
    let what = format!("run {} went on while you were asked; nothing was changed", folder.id);
    Err(Failure::refused("run-went-on", what).hint("type the same command again"))
}

pub(super) fn damaged(folder: &RunFolder, why: &JournalError, context: &Context<'_>) -> Failure {
    let list = context.as_given().ours("volumes list");
    unreadable(folder, why).hint(format!("volumes that it has retired are marked: {list}"))
}

/// It was killed while its folder was made: its journal would have come next.
fn never_began(folder: &RunFolder) -> Failure {
    let what = format!("run {} never began: it was stopped before it could change anything", folder.id);
    Failure::usage("never-began", what).hint(format!("its folder can go: {}", folder.path.display()))
}

/// A journal that cannot be had now.
pub(super) fn in_use(folder: &RunFolder, why: &JournalError) -> Failure {
    match why {
        JournalError::Io(io) if io.kind() == std::io::ErrorKind::WouldBlock => {
            Failure::refused("run-at-work", format!("run {}: {io}; nothing was changed", folder.id))
                .hint("wait for its end, or end that process first")
        }
        JournalError::Io(_) | JournalError::Damaged { .. } => unreadable(folder, why),
    }
}

pub(super) fn unreadable(folder: &RunFolder, why: &dyn std::fmt::Display) -> Failure {
    Failure::failed("run-unreadable", format!("run {} cannot be read: {why}; nothing was changed", folder.id))
}
