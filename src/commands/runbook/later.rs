//! Runs that are there already: listed, resumed, undone.

use std::fmt::Write as _;

use serde_json::Value;

use super::carry_out::{self, Going, no_folder};
use super::flags::RunFlags;
use super::planning;
use crate::cluster::failure::explain;
use crate::commands::Context;
use crate::commands::refused::of_effect;
use crate::error::{Failure, Kind};
use crate::facts::reader::Reader;
use crate::runbook::script::Runbook;
use crate::runs::event::Event;
use crate::runs::folder::{About, RunFolder, State};
use crate::runs::journal::{Journal, JournalError};
use crate::runs::keeper::Keeper;
use crate::runs::reads::{self, ReadError};
use crate::runs::record;
use crate::runs::undo::{Undoing, undo_all};
use crate::runs::waits::Waits;

/// All runs, the newest first.
///
/// # Errors
/// The output cannot be written.
pub fn list(context: &Context<'_>) -> Result<(), Failure> {
    let mut text = String::new();
    for folder in RunFolder::all(&context.places.runs()) {
        let about = folder.about().ok();
        let state = folder.lines().map_or_else(|why| why.to_string(), |lines| words(&RunFolder::state(&lines)));
        let (command, place) = match about {
            Some(about) => (about.command, format!("{}/{}", about.cluster, about.namespace)),
            None => ("?".to_owned(), "?".to_owned()),
        };
        let _ = writeln!(text, "{}  {state:12}  {command:24}  {place}", folder.id);
    }
    if text.is_empty() {
        context.screen.tell("there are no runs");
        return Ok(());
    }
    context.screen.print(&text)
}

fn words(state: &State) -> String {
    match state {
        State::Ended(how) => how.clone(),
        State::Open => "open".to_owned(),
    }
}

/// Carries a stopped run on from where its journal ends.
///
/// # Errors
/// It cannot be found or read, belongs to another cluster, or stops again.
pub async fn resume(run: Option<&str>, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    let unfinished = |state: &State, lines: &[Value]| {
        let over = matches!(state, State::Ended(how) if ["done", "undone", "partly undone"].contains(&how.as_str()));
        !over && !record::written(lines).is_empty()
    };
    let (folder, about, lines) = chosen(run, "resume", &unfinished, context)?;
    match RunFolder::state(&lines) {
        State::Ended(how) if how == "done" => {
            context.screen.tell(&format!("run {} is done: nothing is left to do", folder.id));
            return Ok(());
        }
        State::Ended(how) if how == "undone" => {
            return Err(Failure::refused("run-undone", format!("run {} was undone; nothing was changed", folder.id)));
        }
        _ if lines.iter().any(|line| line["state"] == "undoing") => {
            let what = format!("run {} was partly undone; nothing was changed", folder.id);
            return Err(
                Failure::refused("run-undone", what).hint(context.as_given().ours(&format!("undo {}", folder.id)))
            );
        }
        State::Ended(_) | State::Open => {}
    }
    same_cluster(&folder, &about, context).await?;
    let unreadable = |why: &dyn std::fmt::Display| unreadable(&folder, why);
    let Some(name) = about.runbook.clone() else {
        return Err(Failure::usage("no-runbook", format!("run {} was `{}`: type it again", folder.id, about.command)));
    };
    let source = folder.script().map_err(|why| unreadable(&why))?;
    let plan = folder.plan().map_err(|why| unreadable(&why))?;
    let runbook = Runbook::from_source(name, source)?;
    if flags.plan_only {
        return context.screen.plan(&plan, flags.output);
    }
    super::approve::going_on(&folder.id, flags, context)?;
    let answers = planning::answers(&runbook.header.parameters, &about.parameters).map_err(|why| unreadable(&why))?;
    let journal = Journal::reopen(&folder.path).map_err(|why| unreadable(&why))?;
    context.screen.event(Event::Started { run: folder.id.to_string() });
    // Nobody else can have gone on with it since: the journal is ours now.
    let lines = folder.lines().map_err(|why| damaged(&folder, &why))?;
    let replay = record::finished(&lines).into();
    let going = Going { folder, journal, approved: plan.fingerprints().into(), replay };
    carry_out::go_on(&runbook, &answers, going, flags, context).await
}

/// Takes back what a run has done, the last first.
///
/// # Errors
/// Something stands in the way: what was taken back by then is told.
pub async fn undo(run: Option<&str>, flags: &RunFlags, context: &Context<'_>) -> Result<(), Failure> {
    let undoable = |state: &State, lines: &[Value]| {
        !matches!(state, State::Ended(how) if how == "undone") && !Undoing::of(lines).steps.is_empty()
    };
    let (folder, about, lines) = chosen(run, "undo", &undoable, context)?;
    if RunFolder::state(&lines) == State::Ended("undone".to_owned()) {
        context.screen.tell(&format!("run {} is undone already", folder.id));
        return Ok(());
    }
    same_cluster(&folder, &about, context).await?;
    let undoing = Undoing::of(&lines);
    if undoing.steps.is_empty() {
        context.screen.tell(&format!("run {} has changed nothing that can be taken back", folder.id));
        return Ok(());
    }
    nothing_later(&folder, &about, context)?;
    if flags.plan_only {
        super::approve::show(&undoing, context);
        return Ok(());
    }
    super::approve::undoing(&undoing, &folder.id, flags, context)?;
    let mut journal = Journal::reopen(&folder.path).map_err(|why| unreadable(&folder, &why))?;
    let shown = lines.len();
    let lines = folder.lines().map_err(|why| damaged(&folder, &why))?;
    if lines.len() != shown {
        let what = format!("run {} went on while you were asked; nothing was changed", folder.id);
        return Err(Failure::refused("run-went-on", what).hint("type the same command again"));
    }
    context.screen.event(Event::Started { run: folder.id.to_string() });
    let connection = context.connection;
    let keeper = Keeper::default();
    for lock in record::locks(&lines) {
        let object = lock.object.to_string();
        lock.renew_or_take(connection).await.map_err(|error| of_effect(&object, &error, connection))?;
        keeper.holds(lock, connection.clock.now());
    }
    let waits = Waits { connection, observer: context.screen, keeper: &keeper };
    let undone = undo_all(&undoing, &folder.id, &mut journal, &waits).await;
    connection.interrupt.lower();
    keeper.give_back(connection).await;
    let before = match RunFolder::state(&lines) {
        State::Ended(how) => how,
        State::Open => "stopped".to_owned(),
    };
    let how = match &undone.stopped {
        None => "undone",
        Some(_) if undone.changed.is_empty() => before.as_str(),
        Some(_) => "partly undone",
    };
    let ended = journal.ended(connection.clock.now(), how);
    match undone.stopped {
        None => {
            ended.map_err(|why| no_folder(&why))?;
            context.screen.tell(&format!("run {} is undone", folder.id));
            Ok(())
        }
        Some((object, error)) => {
            let mut failure = of_effect(&object, &error, connection);
            if undone.changed.is_empty() && how != "partly undone" {
                failure.message.push_str("; nothing was changed");
                return Err(failure);
            }
            failure.message = format!("partly undone: {}", failure.message);
            failure.kind = Kind::Partial;
            let failure = undone.changed.into_iter().fold(failure, Failure::changed);
            Err(failure.hint(context.as_given().ours(&format!("undo {}", folder.id))))
        }
    }
}

/// What a later run has done on the same set stands on what this one did, and
/// is taken back first.
fn nothing_later(folder: &RunFolder, about: &About, context: &Context<'_>) -> Result<(), Failure> {
    for later in RunFolder::all(&context.places.runs()) {
        if later.id <= folder.id {
            break;
        }
        let (Ok(other), Ok(lines)) = (later.about(), later.lines()) else { continue };
        let same = other.cluster_uid == about.cluster_uid
            && other.namespace_uid == about.namespace_uid
            && other.parameters.get("set") == about.parameters.get("set");
        let stands = RunFolder::state(&lines) != State::Ended("undone".to_owned());
        if same && stands && !Undoing::of(&lines).steps.is_empty() {
            let what = format!("run {} came later and stands on it; nothing was changed", later.id);
            return Err(
                Failure::refused("later-run", what).hint(context.as_given().ours(&format!("undo {}", later.id)))
            );
        }
    }
    Ok(())
}

/// Removes the locks that stopped runs have left.
///
/// # Errors
/// The run cannot be found, or its lock cannot be removed.
pub async fn unlock(run: &str, context: &Context<'_>) -> Result<(), Failure> {
    let (folder, about, lines) = chosen(Some(run), "runs unlock", &|_, _| true, context)?;
    same_cluster(&folder, &about, context).await?;
    for lock in record::locks(&lines) {
        let object = lock.object.to_string();
        let given = lock.give_back(context.connection).await;
        given.map_err(|error| of_effect(&object, &error, context.connection))?;
        context.screen.tell(&format!("{object} is free"));
    }
    Ok(())
}

/// The run that is meant, or the only one that can be.
fn chosen(
    run: Option<&str>,
    verb: &str,
    fits: &dyn Fn(&State, &[Value]) -> bool,
    context: &Context<'_>,
) -> Result<(RunFolder, About, Vec<Value>), Failure> {
    let runs = context.places.runs();
    if let Some(id) = run {
        let folder = RunFolder::open(&runs, id)
            .map_err(|_| Failure::usage("no-run", format!("there is no run `{id}`")).hint("kubectl stateful runs"))?;
        let about = folder.about().map_err(|why| unreadable(&folder, &why))?;
        let lines = folder.lines().map_err(|why| damaged(&folder, &why))?;
        return Ok((folder, about, lines));
    }
    let connection = context.connection;
    let candidate = |folder: RunFolder| {
        let about = folder.about().ok()?;
        let here = about.cluster == connection.identity.name && about.namespace == connection.namespace;
        let lines = folder.lines().ok()?;
        (here && about.runbook.is_some() && fits(&RunFolder::state(&lines), &lines)).then_some((folder, about, lines))
    };
    let mut found: Vec<_> = RunFolder::all(&runs).into_iter().filter_map(candidate).collect();
    match found.len() {
        0 => Err(Failure::usage("no-run", format!("there is no run to {verb} here")).hint("kubectl stateful runs")),
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
async fn same_cluster(folder: &RunFolder, about: &About, context: &Context<'_>) -> Result<(), Failure> {
    let connection = context.connection;
    let (cluster, namespace) = planning::identity(connection).await?;
    let other = |recorded: &Option<String>, found: &Option<String>| matches!((recorded, found), (Some(recorded), Some(found)) if recorded != found);
    let differs = about.namespace != connection.namespace
        || other(&about.cluster_uid, &cluster)
        || other(&about.namespace_uid, &namespace);
    if !differs {
        return Ok(());
    }
    let what = format!(
        "run {} belongs to {}/{}, and this is {}/{}; nothing was changed",
        folder.id, about.cluster, about.namespace, connection.identity.name, connection.namespace
    );
    Err(Failure::refused("another-cluster", what)
        .hint("choose its cluster with `--context` and its namespace with `-n`"))
}

fn damaged(folder: &RunFolder, why: &JournalError) -> Failure {
    unreadable(folder, why).hint("the volumes that it retired are marked: kubectl stateful volumes list")
}

fn unreadable(folder: &RunFolder, why: &dyn std::fmt::Display) -> Failure {
    Failure::failed("run-unreadable", format!("run {} cannot be read: {why}; nothing was changed", folder.id))
}

/// `volumes list`: what was kept, and claims that no member uses.
///
/// # Errors
/// The cluster cannot be read.
pub async fn volumes(context: &Context<'_>) -> Result<(), Failure> {
    let connection = context.connection;
    let reader = Reader::new(connection.client.clone());
    let explained = |error: ReadError| match error {
        ReadError::Api(error) => explain(&error, &connection.identity, "listing volumes"),
        other => Failure::failed("unreadable", other.to_string()),
    };
    let retired = reads::retired(&reader, &connection.namespace, None, None).await.map_err(explained)?;
    let mut text = String::new();
    for found in &retired {
        let _ = writeln!(
            text,
            "{:20}  {:8}  {:10}  {}/{} of {}  retired {} by run {}",
            found.volume.object.name,
            found.size,
            found.phase,
            found.set,
            found.ordinal,
            found.template,
            found.at,
            found.run
        );
    }
    if text.is_empty() {
        context.screen.tell(&format!("no retired volumes in namespace {}", connection.namespace));
        return Ok(());
    }
    context.screen.print(&text)
}
