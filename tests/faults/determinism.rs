//! Row 6 with everything at once: the same seed and the same schedule give the
//! same history, byte for byte.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use kubectl_stateful::simulator::faults::{Length, Schedule};

use crate::careful;
use crate::naive;
use crate::stage::Stage;

/// Every commit and every request of a few runs under drawn faults.
fn history(seed: u64) -> String {
    let stage = Stage::new(3);
    let commits = Arc::new(Mutex::new(String::new()));
    let written = Arc::clone(&commits);
    stage.simulator.on_commit(Box::new(move |commit| {
        let (at, kind, name, by) = (commit.at, commit.kind.kind, &commit.name, &commit.by);
        let object = commit.after.as_deref().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(written.lock().unwrap(), "{} {at} {kind}/{name} {by} {object}", commit.revision);
    }));
    let length = Length { requests: 40, ticks: 200, ..Length::default() };
    let faults = stage.faults(Schedule::drawn(seed, 12, length, &stage.cast()));
    for _ in 0..4 {
        stage.run(&faults, |hands| async move {
            if let Ok(plan) = careful::plan(&hands, 1).await {
                let _ = careful::carry_out(&hands, &plan).await;
            }
            let _ = naive::scale_down(hands, 1).await;
        });
        faults.revive();
        stage.rest();
    }
    let log = stage.simulator.request_log().join("\n");
    let commits = commits.lock().unwrap().clone();
    format!("{commits}{log}\n{:?}", faults.struck())
}

#[test]
fn the_same_seed_gives_the_same_history_under_faults() {
    let mut struck = std::collections::BTreeSet::new();
    for seed in 1..=20 {
        let (first, second) = (history(seed), history(seed));
        let differs = first.lines().zip(second.lines()).find(|(one, other)| one != other);
        assert!(first == second, "seed {seed}: {differs:?}");
        struck.insert(first);
    }
    assert_eq!(struck.len(), 20, "another seed gives another history");
}
