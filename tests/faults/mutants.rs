//! Each guard of the program is left out once: what it stops comes about then,
//! and an oracle or a plain look sees it. A guard without a scene fails here.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use http::Request;
use kube::client::Body;
use kubectl_stateful::effects::Guards;
use kubectl_stateful::runs::plan::Plan;
use kubectl_stateful::simulator::Commit;
use kubectl_stateful::simulator::faults::{Schedule, Seen};
use kubectl_stateful::simulator::oracles::{Confirmed, Watcher};
use serde_json::Value;

use crate::program::{Program, disk};
use crate::scenes::{Harm, SCENES, Scene, There, is_up};
use crate::stage::{Hands, RIVAL, Stage};

/// The program in the history.
const OURS: &str = "kubectl-stateful";

/// Looks before a write that its guards take.
const LOOKS: u64 = 8;

/// A cluster as a scene wants it, before anybody plans.
fn prepared(scene: &Scene) -> Stage {
    let stage = Stage::new(scene.members);
    if scene.is_retired {
        let program = Program::scale_down(i64::from(scene.members) - 1, "retire");
        let plan = program.plan(&stage).unwrap();
        program.begin(&stage, &|| stage.simulator.client(), disk().path(), &plan).unwrap();
        stage.rest();
    }
    if let Some(act) = scene.before {
        stage.runtime.block_on(async { act(Hands::of(RIVAL, &stage.simulator)).await });
        stage.rest();
    }
    stage
}

/// Whether the harm of a scene has come about.
#[derive(Clone)]
struct Witness {
    watcher: Watcher,
    seen: Arc<Mutex<(There, bool)>>,
}

impl Witness {
    fn on(stage: &Stage, scene: &'static Scene, watcher: Watcher) -> Self {
        let mut there = There::new();
        for (kind, namespace, name, object) in objects(stage) {
            there.insert((kind, namespace, name), Arc::new(object));
        }
        let witness = Self { watcher, seen: Arc::new(Mutex::new((there, false))) };
        let seen = Arc::clone(&witness.seen);
        stage.simulator.on_commit(Box::new(move |commit| {
            let (there, is_harmed) = &mut *seen.lock().unwrap();
            *is_harmed |= harms(scene, there, commit);
        }));
        witness
    }

    fn is_harmed(&self, scene: &Scene) -> bool {
        match scene.harm {
            Harm::Rule(rule) => self.watcher.found().iter().any(|found| found.rule == rule),
            Harm::Race => !self.watcher.races().is_empty(),
            Harm::Outage | Harm::Write(..) => self.seen.lock().unwrap().1,
        }
    }
}

/// Takes a commit in; whether it is the harm of a scene.
fn harms(scene: &Scene, there: &mut There, commit: &Commit) -> bool {
    let (before, after) = (commit.before.as_deref(), commit.after.as_deref());
    let is_written = match (&scene.harm, before) {
        (Harm::Write(kind, is_harm), Some(before)) => {
            commit.by == OURS && commit.kind.kind == *kind && is_harm(there, before, after)
        }
        _ => false,
    };
    let was_up = has_members(there);
    let place = (commit.kind.kind.to_owned(), commit.namespace.clone(), commit.name.clone());
    match &commit.after {
        Some(object) => there.insert(place, Arc::clone(object)),
        None => there.remove(&place),
    };
    is_written || (matches!(scene.harm, Harm::Outage) && was_up && !has_members(there))
}

/// Whether any member is ready and stays.
fn has_members(there: &There) -> bool {
    there.iter().any(|((kind, ..), pod)| kind == "Pod" && is_up(pod))
}

fn objects(stage: &Stage) -> Vec<(String, String, String, Value)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let objects = stage.simulator.objects();
    let named = objects.iter().map(|object| {
        let meta = &object["metadata"];
        (text(&object["kind"]), text(&meta["namespace"]), text(&meta["name"]), Value::clone(object))
    });
    named.collect()
}

/// One run with somebody else coming in at this request: the code of its
/// failure, whether the harm came about, and what was asked for.
fn played(
    scene: &'static Scene,
    program: &Program,
    (stage, plan): (&Stage, &Plan),
    at: u64,
) -> (Option<&'static str>, bool, Vec<Seen>) {
    let stage = stage.fork();
    let shown = objects(&stage);
    let confirmed = Confirmed {
        ours: BTreeSet::from([OURS.to_owned()]),
        others: BTreeSet::from([RIVAL.to_owned()]),
        ..Confirmed::default()
    };
    let faults = stage.faults(Schedule::default());
    let watcher = Watcher::on(&stage.simulator, confirmed.showing(shown.iter().map(|(.., object)| object)));
    let witness = Witness::on(&stage, scene, watcher.following(&faults));
    let way = || {
        let count = AtomicU64::new(0);
        let is_now = move |_: &Request<Body>| count.fetch_add(1, Ordering::SeqCst) + 1 == at;
        let client = faults.client(&stage.simulator);
        scene.meanwhile.map_or_else(|| client.clone(), |act| stage.meddled(client.clone(), is_now, act))
    };
    let result = program.begin(&stage, &way, disk().path(), plan);
    stage.rest();
    (result.err().map(|failure| failure.code), witness.is_harmed(scene), faults.seen())
}

/// Where the guard stops the program in time, and the harm comes about without it.
fn is_needed(scene: &'static Scene) -> Result<(), String> {
    let stage = prepared(scene);
    let whole = (scene.program)();
    let mutant = whole.clone().without_guard(scene.guard);
    let planned = mutant.plan(&stage).map_err(|why| format!("without it, it is not planned: {why:?}"))?;
    let refused = whole.plan(&stage);
    let (_, _, requests) = played(scene, &mutant, (&stage, &planned), 0);
    let turning = turning(&requests);
    let mut seen = BTreeSet::new();
    for at in turning {
        let (code, is_harmed) = match &refused {
            Err(failure) => (Some(failure.code), false),
            Ok(plan) => {
                let (code, is_harmed, _) = played(scene, &whole, (&stage, plan), at);
                (code, is_harmed)
            }
        };
        if code == Some(scene.guard) && !is_harmed {
            let (code, is_harmed, _) = played(scene, &mutant, (&stage, &planned), at);
            if is_harmed {
                return Ok(());
            }
            seen.insert(format!("stopped at {at}, without it {code:?}"));
        } else {
            seen.insert(format!("{code:?} harmed {is_harmed}"));
        }
    }
    Err(format!("{seen:#?}"))
}

/// The requests around which something turns: those that write and the looks
/// before them, the nearest first.
fn turning(requests: &[Seen]) -> Vec<u64> {
    let is_write = |seen: &Seen| seen.method != "GET" && !seen.path.contains("/leases");
    let writes: Vec<u64> = (1..).zip(requests).filter(|(_, seen)| is_write(seen)).map(|(number, _)| number).collect();
    let mut all = Vec::new();
    for before in 0..=LOOKS {
        let near = writes.iter().filter_map(|write| write.checked_sub(before)).filter(|number| *number > 0);
        all.extend(near.filter(|number| !all.contains(number)).collect::<Vec<_>>());
    }
    all
}

#[test]
fn each_guard_stops_what_would_come_about_without_it() {
    let guards = Guards::default();
    let codes: BTreeSet<&str> = guards.all().into_iter().map(|(code, _)| code).collect();
    assert_eq!(guards.all().len(), codes.len(), "whoever leaves one out leaves out that one alone");
    let known: BTreeSet<&str> = SCENES.iter().map(|scene| scene.guard).collect();
    assert_eq!(known, codes, "scenes and guards");
    let failed: Vec<String> = std::thread::scope(|threads| {
        let halves = SCENES.split_at(SCENES.len() / 2);
        let check = |scenes: &'static [Scene]| -> Vec<String> {
            let why = |scene: &'static Scene| is_needed(scene).err().map(|why| format!("{}: {why}", scene.guard));
            scenes.iter().filter_map(why).collect()
        };
        let other = threads.spawn(move || check(halves.1));
        let mut failed = check(halves.0);
        failed.extend(other.join().unwrap());
        failed
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
