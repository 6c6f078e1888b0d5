//! The careful scale-down under every single fault at every request, and under
//! drawn ones anywhere: no rule is broken, and it reaches its goal or a stop
//! that has a name. Nothing less than that is what the oracles are for.

use std::collections::BTreeSet;

use kubectl_stateful::simulator::faults::{Cast, Fault, Faults, Length, Point, Schedule, Strike};
use kubectl_stateful::simulator::oracles::{Confirmed, Ended, Violation, Watcher, honesty, idempotence, progress};
use serde_json::Value;

use crate::careful::{self, Plan, ended};
use crate::stage::{SET, Stage, TEMPLATES, claim};

/// Attempts after the last fault.
const ATTEMPTS: usize = 3;

/// Drawn schedules of a test run; more on demand.
const DRAWN: u64 = 100;

/// The same set stands with one member, and the claims of the other are gone.
fn is_reached(first: &First, stage: &Stage) -> bool {
    let is_there = |template: &&str| stage.get(&claim(template, 1))["metadata"]["uid"].is_string();
    let (set, meta) = (stage.get(SET), first.stage.get(SET)["metadata"].clone());
    let stands = set["metadata"]["uid"] == meta["uid"] && set["metadata"]["deletionTimestamp"].is_null();
    stands && set["spec"]["replicas"] == 1 && !TEMPLATES.iter().any(is_there)
}

/// One run with its resumes; what was broken, and how often others won a race.
fn lives(first: &First, schedule: Schedule) -> (Vec<Violation>, usize) {
    let (stage, plan) = (&first.stage.fork(), &first.plan);
    let faults = stage.faults(schedule);
    let second = plan.clone();
    let other = stage.simulator.clone();
    faults.set_second(Box::new(move || {
        let (plan, simulator) = (second.clone(), other.clone());
        let hands = crate::stage::Hands::of(crate::stage::RUNNER, &simulator);
        Box::pin(async move {
            let _ = careful::carry_out(&hands, &plan).await;
        })
    }));
    let watcher = Watcher::on(&stage.simulator, first.confirmed.clone()).following(&faults);
    let mut ends = vec![attempt(stage, plan, &faults)];
    faults.stop();
    for _ in 0..ATTEMPTS {
        if ends.last().is_some_and(|end| !matches!(end, Ended::Lost(_))) {
            break;
        }
        faults.revive();
        ends.push(attempt(stage, plan, &faults));
    }
    let mut found: Vec<Violation> = progress(&ends, ATTEMPTS + 1).into_iter().collect();
    found.extend(ends.last().and_then(|end| honesty(end, is_reached(first, stage))));
    if ends.last() == Some(&Ended::Done) {
        let before = faults.seen().len();
        attempt(stage, plan, &faults);
        found.extend(idempotence(&faults.seen()[before..]));
    }
    stage.rest();
    found.extend(watcher.found());
    (found, watcher.races().len())
}

fn attempt(stage: &Stage, plan: &Plan, faults: &Faults) -> Ended {
    ended(&stage.run(faults, |hands| async move { careful::carry_out(&hands, plan).await }))
}

/// A cluster before the run, and the run that nothing struck.
struct First {
    stage: Stage,
    plan: Plan,
    confirmed: Confirmed,
    cast: Cast,
    length: Length,
    /// Requests that write, and those just before them.
    turning: BTreeSet<u64>,
}

impl First {
    fn new() -> Self {
        let stage = Stage::new(2);
        let plan = stage.play(|hands| async move { careful::plan(&hands, 1).await }).unwrap();
        let recorded = stage.fork();
        let faults = recorded.faults(Schedule::default());
        assert_eq!(attempt(&recorded, &plan, &faults), Ended::Done);
        let (confirmed, mut cast) = (stage.plan(1), stage.cast());
        // One of each kind, and both members.
        let home = stage.get("/api/v1/namespaces/default/pods/web-1")["spec"]["nodeName"].clone();
        cast.nodes.retain(|node| home == node.as_str());
        cast.claims.retain(|claim| claim.starts_with("data"));
        cast.volumes.truncate(1);
        let writes = (1..).zip(faults.seen()).filter(|(_, seen)| seen.method != "GET");
        let turning = writes.flat_map(|(number, _)| [number - 1, number]).collect();
        Self { stage, plan, confirmed, cast, length: faults.length(), turning }
    }
}

/// Every single fault out of some at every request.
fn singles(first: &First, takes: impl Fn(&Strike) -> bool) -> (usize, usize) {
    assert!(first.length.requests >= 15, "{:?}", first.length);
    let at_requests = Length { requests: first.length.requests, ..Length::default() };
    let (mut runs, mut races) = (0, 0);
    for schedule in Schedule::singles(at_requests, &first.cast).filter(|schedule| takes(&schedule.0[0])) {
        let (found, lost) = lives(first, schedule.clone());
        assert!(found.is_empty(), "{schedule:?}: {found:#?}");
        runs += 1;
        races += lost;
    }
    (runs, races)
}

#[test]
fn every_single_fault_of_a_request_breaks_nothing() {
    let (runs, races) = singles(&First::new(), |strike| !matches!(strike.fault, Fault::Meanwhile(_)));
    assert!(runs >= 15 * 22 && races == 0, "{runs} {races}");
}

/// Beside writes, where it matters most; at all requests on demand
/// (`KUBECTL_STATEFUL_RANDOM`).
#[test]
fn whatever_others_do_beside_a_write_breaks_nothing() {
    let (first, everywhere) = (First::new(), std::env::var_os("KUBECTL_STATEFUL_RANDOM").is_some());
    let (runs, races) = singles(&first, |strike| {
        let is_beside = matches!(strike.at, Point::Request(number) if everywhere || first.turning.contains(&number));
        is_beside && matches!(strike.fault, Fault::Meanwhile(_))
    });
    assert!(runs >= 8 * 30, "{runs}");
    assert!(races > 0, "the race that no precondition prevents was never met");
}

#[test]
fn drawn_pairs_of_faults_anywhere_break_nothing() {
    let first = First::new();
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let start: u64 = number("KUBECTL_STATEFUL_SEED").unwrap_or(1);
    for seed in start..start + number("KUBECTL_STATEFUL_RANDOM").unwrap_or(DRAWN) {
        let schedule = Schedule::drawn(seed, 2, first.length, &first.cast);
        let (found, _) = lives(&first, schedule.clone());
        assert!(found.is_empty(), "KUBECTL_STATEFUL_SEED={seed}: {schedule:?}: {found:#?}");
    }
}

#[test]
fn the_members_of_a_schedule_are_all_met() {
    let first = First::new();
    let length = Length { requests: 3, ..Length::default() };
    for schedule in Schedule::singles(length, &first.cast) {
        let stage = first.stage.fork();
        let faults = stage.faults(schedule.clone());
        attempt(&stage, &first.plan, &faults);
        assert_eq!(faults.struck(), schedule.0);
        assert!(matches!(schedule.0[0].at, Point::Request(1..=3)));
    }
}

#[test]
fn without_its_guards_the_careful_one_is_found_out() {
    // One that does not protect its volumes.
    let stage = Stage::new(2);
    let faults = stage.faults(Schedule::default());
    let watcher = Watcher::on(&stage.simulator, stage.plan(1)).following(&faults);
    let uid = |object: &Value| object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    stage
        .run(&faults, |hands| async move {
            let set = hands.get(SET).await?;
            let scale = serde_json::json!({"spec": {"replicas": 1}, "metadata": {"name": "web", "namespace": "default",
                "uid": uid(&set)}});
            hands.put(&format!("{SET}/scale"), &scale).await?;
            while hands.find("/api/v1/namespaces/default/pods/web-1").await?.is_some() {
                hands.pause();
            }
            let held = hands.get(&claim("data", 1)).await?;
            hands.delete(&claim("data", 1), Some(&uid(&held))).await
        })
        .unwrap();
    stage.rest();
    let rules: Vec<String> = watcher.found().iter().map(Violation::to_string).collect();
    assert_eq!(rules.len(), 1, "{rules:?}");
    assert!(rules[0].starts_with("DataLoss: PersistentVolume/pvc-"), "{rules:?}");
}
