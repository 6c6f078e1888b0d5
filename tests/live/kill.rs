//! SIGKILL at many points of a real `init`: whatever is there by then, the same
//! command finishes it, makes nothing a second time and leaves the Secret alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::init::is_ready;
use crate::support::cli::Cli;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("init_killed_after_each_line_of_its_journal_is_finished_by_the_same_command", each_line),
        live("init_killed_while_it_waits_is_finished_by_the_same_command", waiting),
    ]
}

/// An intent and an outcome for each of four objects, and the end.
const LINES: usize = 9;
const ROUNDS: usize = 3;
/// A process that does not get to its next line by then never will.
const PATIENCE: Duration = Duration::from_mins(2);
/// What an undisturbed run makes, whose name the others are compared under.
const UNDISTURBED: &str = "undisturbed";

fn each_line(world: &World) -> Result<(), Failed> {
    world.cli(User::Admin)?.run(&words(UNDISTURBED))?.ended(0)?;
    let wanted = specs(world, UNDISTURBED)?;
    let mut reached = BTreeSet::new();
    for round in 0..ROUNDS {
        for lines in 0..=LINES {
            let name = format!("app-{round}-{lines}");
            let cli = world.cli(User::Admin)?;
            reached.insert(killed_after(lines, &cli, &name)?);
            let before = objects(world, &name)?;
            let said = cli.run(&words(&name))?.ended(0)?;
            let after = objects(world, &name)?;
            for (which, object) in &before {
                let kept = after.get(which).is_some_and(|now| uid(now) == uid(object) && now["data"] == object["data"]);
                ensure(kept, || format!("{which} is another one than before {said}"))?;
            }
            ensure(specs(world, &name)? == wanted, || format!("{name} is not whole after {said}"))?;
            cli.run(&words(&name))?.ended(0)?.says("nothing to change")?;
            ensure(objects(world, &name)? == after, || format!("{name} was changed once more"))?;
        }
    }
    // Where exactly a kill strikes is up to the scheduler; most places were struck.
    ensure(reached.len() >= LINES - 2, || format!("killed only after these numbers of lines: {reached:?}"))
}

fn waiting(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    let words = ["init", "couchdb", "--yes"];
    let mut child = start(&cli, &words)?;
    until_lines(LINES, &cli, &mut child)?;
    child.kill()?;
    child.wait()?;
    let before = objects(world, "couchdb")?;
    cli.run(&words)?.ended(0)?.says("nothing to change")?;
    let pod = world.get("Pod", "couchdb-0")?.ok_or("no pod")?;
    ensure(before.len() == 4 && is_ready(&pod), || format!("{before:?} {pod}"))
}

fn words(name: &str) -> [&str; 8] {
    ["init", "couchdb", "--name", name, "--size", "1Mi", "--yes", "--no-wait"]
}

/// Kills an `init` as soon as its journal has so many lines (or, with none,
/// once its folder is there); gives back how many it had in the end.
fn killed_after(lines: usize, cli: &Cli, name: &str) -> Result<usize, Failed> {
    let mut child = start(cli, &words(name))?;
    until_lines(lines, cli, &mut child)?;
    child.kill()?;
    child.wait()?;
    Ok(journal(cli).map_or(0, |text| text.matches('\n').count()))
}

fn start(cli: &Cli, words: &[&str]) -> Result<Child, Failed> {
    let quiet = || Stdio::null();
    Ok(cli.plugin().args(words).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn()?)
}

fn until_lines(lines: usize, cli: &Cli, child: &mut Child) -> Result<(), Failed> {
    let deadline = Instant::now() + PATIENCE;
    while journal(cli).is_none_or(|text| text.matches('\n').count() < lines) {
        // On a busy machine it may have come to its end before we look.
        if child.try_wait()?.is_some() {
            let written = journal(cli).map_or(0, |text| text.matches('\n').count());
            return ensure(written >= LINES, || format!("ended with line {written}, before line {lines}"));
        }
        if Instant::now() > deadline {
            child.kill()?;
            return Err(format!("no line {lines} in time").into());
        }
    }
    Ok(())
}

/// The journal of the only run in this home.
fn journal(cli: &Cli) -> Option<String> {
    let runs: PathBuf = cli.home().join("state/kubectl-stateful/runs");
    let run = fs::read_dir(runs).ok()?.next()?.ok()?.path();
    fs::read_to_string(run.join("journal.jsonl")).ok()
}

/// Everything of one application, by kind and name.
fn objects(world: &World, name: &str) -> Result<BTreeMap<String, Value>, Failed> {
    let mut found = BTreeMap::new();
    for kind in ["Secret", "Service", "StatefulSet"] {
        for mut object in world.list(kind)? {
            if object["metadata"]["labels"]["app.kubernetes.io/instance"] == name {
                // Controllers write these two while we look.
                object["status"] = Value::Null;
                object["metadata"]["resourceVersion"] = Value::Null;
                object["metadata"]["managedFields"] = Value::Null;
                found.insert(format!("{kind}/{}", object["metadata"]["name"].as_str().unwrap_or("?")), object);
            }
        }
    }
    Ok(found)
}

fn uid(object: &Value) -> &Value {
    &object["metadata"]["uid"]
}

/// The specs of one application, as if it had no name and no address.
fn specs(world: &World, name: &str) -> Result<Vec<String>, Failed> {
    let spec = |object: &Value| {
        let mut spec = object["spec"].clone();
        for address in ["clusterIP", "clusterIPs"] {
            if spec[address] != "None" && spec[address] != serde_json::json!(["None"]) {
                spec[address] = Value::Null;
            }
        }
        let keys: Vec<_> = object["data"].as_object().into_iter().flatten().map(|(key, _)| key).collect();
        format!("{} {spec} {keys:?}", object["kind"]).replace(name, "NAME")
    };
    Ok(objects(world, name)?.values().map(spec).collect())
}
