//! Each shipped runbook has tests in its own language beside it:
//! `scripts/runbooks/NAME_test.rhai`. What they can say is here.
//!
//! `cluster(3)` is a cluster with a set `web` of so many members. `play(world,
//! "scale-down", #{ … })` runs a runbook to its end and gives `#{ ended, message,
//! effects }`; `interrupt_everywhere` does it once more for each of its writes,
//! interrupts it there, resumes it, and says in how many cases it came out
//! otherwise.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kubectl_stateful::cluster::Interrupt;
use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::{carry_out, planning, resume};
use kubectl_stateful::error::Failure;
use kubectl_stateful::runbook::script::Runbook;
use kubectl_stateful::runs::plan::Line;
use kubectl_stateful::wizard::parameter::Answers;
use rhai::{AST, Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, Scope};
use serde_json::Value;

use super::Stage;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// A cluster of a test.
#[derive(Clone)]
struct World(Arc<Stage>);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/runbooks")
}

/// The answers that a map of parameters gives, with the defaults of the rest.
fn answers(book: &Runbook, given: &Map) -> Outcome<Answers> {
    let mut saved = serde_json::Map::new();
    for parameter in &book.header.parameters {
        let given = given.get(parameter.name.as_str()).map(rhai::serde::from_dynamic::<Value>).transpose()?;
        let default = parameter.value.as_ref().map(|value| serde_json::json!(value));
        if let Some(value) = given.or(default) {
            saved.insert(parameter.key(), value);
        }
    }
    planning::answers(&book.header.parameters, &saved).map_err(Into::into)
}

fn flags(given: &Map) -> RunFlags {
    let confirm = given.get("confirm").map(ToString::to_string);
    RunFlags::from(ApprovalFlags { yes: true, no_app_check: true, confirm, ..ApprovalFlags::default() })
}

/// Plans and runs it.
fn run(stage: &Stage, name: &str, given: &Map) -> Outcome<(Result<(), Failure>, Vec<String>)> {
    let book = Runbook::shipped(name).ok_or_else(|| format!("no runbook `{name}`"))?;
    let (answers, flags) = (answers(&book, given)?, flags(given));
    let mut effects = Vec::new();
    let said = stage.run(async |context| {
        let plan = planning::plan(&book, &answers, &flags, context).await?;
        let effect = |line: &Line| match line {
            Line::Effect { verb, object, fingerprint, .. } if !fingerprint.is_empty() => {
                Some(format!("{verb} {object}"))
            }
            _ => None,
        };
        effects = plan.lines.iter().filter_map(effect).collect();
        carry_out::begin(&book, &answers, plan, &flags, context).await
    });
    Ok((said.result, effects))
}

fn play(world: &World, name: &str, given: &Map) -> Outcome<Map> {
    let (result, effects) = run(&world.0, name, given)?;
    let mut played = Map::new();
    played.insert("ended".into(), result.as_ref().map_or_else(|failure| failure.code, |()| "done").into());
    played.insert("message".into(), result.err().map(|failure| failure.message).unwrap_or_default().into());
    let effects: Array = effects.into_iter().map(Dynamic::from).collect();
    played.insert("effects".into(), effects.into());
    Ok(played)
}

/// What must come out the same: everything but the names that the cluster makes up.
fn picture(stage: &Stage) -> BTreeSet<String> {
    stage.simulator.pass(Duration::from_mins(10));
    let told = |object: &Arc<Value>| {
        let (meta, spec, status) = (&object["metadata"], &object["spec"], &object["status"]);
        Some(match object["kind"].as_str()? {
            "PersistentVolumeClaim" => format!("claim {} {}", meta["name"], status["phase"]),
            "PersistentVolume" => {
                let (held, policy) = (&spec["claimRef"]["name"], &spec["persistentVolumeReclaimPolicy"]);
                format!("volume of {held} {policy} {} {}", status["phase"], meta["labels"])
            }
            "StatefulSet" => format!("set {} {}", spec["replicas"], status["readyReplicas"]),
            "Lease" => format!("lease {}", meta["name"]),
            _ => return None,
        })
    };
    stage.simulator.objects().iter().filter_map(told).collect()
}

fn interrupt_everywhere(world: &World, name: &str, given: &Map) -> Outcome<Map> {
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    let whole = world.0.fork().with_meddler(move |_, _, _| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    run(&whole, name, given)?.0.map_err(|failure| failure.to_string())?;
    let (expected, schedules) = (picture(&whole), writes.load(Ordering::SeqCst));
    let mut diverged = Array::new();
    for schedule in 0..schedules {
        let (seen, interrupt) = (AtomicUsize::new(0), Interrupt::default());
        let (raised, next) = (interrupt.clone(), interrupt.clone());
        let stage = world.0.fork().interrupted_by(interrupt).with_meddler(move |_, _, _| {
            if seen.fetch_add(1, Ordering::SeqCst) == schedule {
                raised.raise();
            }
        });
        let mut ended = run(&stage, name, given)?.0;
        for _ in 0..3 {
            if ended.is_ok() {
                break;
            }
            // Whoever types the next command has not interrupted it.
            next.lower();
            let flags = flags(given);
            ended = stage.run(async |context| resume(None, &flags, context).await).result;
            if ended.as_ref().is_err_and(|failure| failure.code == "no-run") {
                // Nothing was written before it was interrupted.
                ended = run(&stage, name, given)?.0;
            }
        }
        if ended.is_err() || picture(&stage) != expected {
            diverged.push(format!("at write {schedule}: {ended:?}").into());
        }
    }
    let mut found = Map::new();
    found.insert("schedules".into(), i64::try_from(schedules).unwrap_or(i64::MAX).into());
    found.insert("diverged".into(), diverged.into());
    Ok(found)
}

fn claims(world: &mut World) -> Array {
    let mut names: Vec<String> = world
        .0
        .simulator
        .objects()
        .iter()
        .filter(|object| object["kind"] == "PersistentVolumeClaim")
        .filter_map(|object| object["metadata"]["name"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.into_iter().map(Dynamic::from).collect()
}

/// How many volumes are in this phase.
fn volumes(world: &mut World, phase: &str) -> i64 {
    let objects = world.0.simulator.objects();
    let count =
        objects.iter().filter(|object| object["kind"] == "PersistentVolume" && object["status"]["phase"] == phase);
    i64::try_from(count.count()).unwrap_or(i64::MAX)
}

fn engine() -> Engine {
    let mut engine = Engine::new();
    engine
        .register_type_with_name::<World>("cluster")
        .register_fn("cluster", |replicas: i64| World(Arc::new(Stage::new(u32::try_from(replicas).unwrap()))))
        .register_fn("play", |world: &mut World, name: ImmutableString, given: Map| play(world, &name, &given))
        .register_fn("interrupt_everywhere", |world: &mut World, name: ImmutableString, given: Map| {
            interrupt_everywhere(world, &name, &given)
        })
        .register_fn("claims", claims)
        .register_fn("volumes", |world: &mut World, phase: ImmutableString| volumes(world, &phase))
        .register_fn("assert", |holds: bool, message: ImmutableString| -> Outcome<()> {
            if holds { Ok(()) } else { Err(message.as_str().into()) }
        });
    engine
}

/// Runs each `test_*` of one file; how many there are.
fn tests_of(name: &str) -> usize {
    let path = folder().join(format!("{name}_test.rhai"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let engine = engine();
    let ast: AST = engine.compile(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let tests: Vec<String> = ast.iter_functions().map(|known| known.name.to_owned()).collect();
    let tests: Vec<&String> = tests.iter().filter(|name| name.starts_with("test_")).collect();
    for test in &tests {
        let ended: Outcome<Dynamic> = engine.call_fn(&mut Scope::new(), &ast, test.as_str(), ());
        drop(ended.unwrap_or_else(|why| panic!("{name}_test.rhai: {test}: {why}")));
    }
    assert!(text.contains("interrupt_everywhere"), "{name}: it is interrupted nowhere");
    tests.len()
}

#[test]
fn scale_down_passes_its_own_tests() {
    assert!(tests_of("scale-down") >= 4);
}

#[test]
fn scale_up_passes_its_own_tests() {
    assert!(tests_of("scale-up") >= 2);
}

#[test]
fn what_is_done_with_kept_volumes_passes_its_own_tests() {
    for name in ["retire-leftovers", "restore-volumes", "purge-volumes"] {
        assert!(tests_of(name) >= 2, "{name}");
    }
}

#[test]
fn every_shipped_runbook_has_tests() {
    for (name, _) in Runbook::shipped_headers() {
        assert!(folder().join(format!("{name}_test.rhai")).is_file(), "{name}");
    }
}
