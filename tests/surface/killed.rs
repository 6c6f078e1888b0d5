//! `init couchdb` is killed wherever it can be; the same command again finishes
//! it, with one object of each and the password that the first run made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kubectl_stateful::simulator::Simulator;
use serde_json::Value;

use crate::library::init_couchdb;
use crate::neighbour;
use crate::program::Home;

fn secret(home: &Home) -> Option<Value> {
    neighbour::get(home, "/api/v1/namespaces/default/secrets/couchdb-admin")
}

/// One of each, and nothing else.
const EXPECTED: &[(&str, &[&str])] = &[
    ("/api/v1/namespaces/default/secrets", &["couchdb-admin"]),
    ("/api/v1/namespaces/default/services", &["couchdb", "couchdb-client"]),
    ("/api/v1/namespaces/default/persistentvolumeclaims", &["data-couchdb-0"]),
    ("/api/v1/namespaces/default/pods", &["couchdb-0"]),
    ("/apis/apps/v1/namespaces/default/statefulsets", &["couchdb"]),
];

/// Runs the command again; `before` is the Secret that the kill left behind.
fn again_finishes(home: &Home, before: Option<&Value>, when: &str) {
    let again = home.say("init couchdb --sandbox --yes");
    assert_eq!(again.code, 0, "{when}: {}", again.stderr);
    let collections: Vec<_> = EXPECTED.iter().map(|(collection, _)| *collection).collect();
    let found = neighbour::all_names(home, &[&collections[..], &["/api/v1/persistentvolumes"]].concat());
    for ((collection, expected), found) in EXPECTED.iter().zip(&found) {
        assert_eq!(found, expected, "{when}: {collection}");
    }
    assert_eq!(found.last().map(Vec::len), Some(1), "{when}: volumes");
    if let Some(before) = before {
        assert_eq!(secret(home).as_ref(), Some(before), "{when}: the Secret is another one");
    }
    let third = home.say("init couchdb --sandbox --yes");
    assert!(third.code == 0 && third.stderr.contains("nothing to change"), "{when}: {}", third.stderr);
}

/// Dies right after the commit of this number is on disk and before it is
/// answered; says whether there was such a commit.
fn die_after_commit(home: &Home, number: usize) -> bool {
    let simulator = Simulator::open(&home.log(), Timestamp::now(), None).unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    simulator.on_commit(Box::new(move |_| {
        assert!(count.fetch_add(1, Ordering::SeqCst) + 1 < number, "killed by the test");
    }));
    let died = catch_unwind(AssertUnwindSafe(|| init_couchdb(&simulator, &home.state(), &["--yes"])));
    died.is_err()
}

#[test]
fn a_death_after_each_commit_is_finished_by_the_same_command() {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some("killed by the test") {
            quiet(info);
        }
    }));
    let mut number = 0;
    loop {
        // The commits of the program itself come first; after them those of the controllers.
        number += if number < 6 { 1 } else { 4 };
        let home = Home::new();
        home.say("sandbox show");
        if !die_after_commit(&home, number) {
            break;
        }
        let before = secret(&home);
        // The Secret comes first and is never made twice.
        assert!(before.is_some(), "after commit {number}");
        again_finishes(&home, before.as_ref(), &format!("after commit {number}"));
    }
    assert!(number > 10, "there were only {number} commits");
}

/// Lines of the log and of all journals: what is on disk by now.
fn lines_on_disk(home: &Home) -> usize {
    let journals = std::fs::read_dir(home.state().join("runs")).into_iter().flatten().flatten();
    let files = journals.map(|run| run.path().join("journal.jsonl")).chain([home.log()]);
    files.filter_map(|file| std::fs::read(file).ok()).map(|text| String::from_utf8_lossy(&text).lines().count()).sum()
}

/// Starts the program and kills it as soon as so many lines are on disk.
fn kill_at(home: &Home, lines: usize) {
    let mut command = home.command(&["init", "couchdb", "--sandbox", "--yes"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let patience = Instant::now() + Duration::from_mins(1);
    while lines_on_disk(home) < lines && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < patience, "the program hangs");
    }
    // It may have ended by itself.
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn a_sigkill_at_any_moment_is_finished_by_the_same_command() {
    let whole = Home::new();
    whole.say("init couchdb --sandbox --yes");
    let all = lines_on_disk(&whole);
    let mut cut_short = 0;
    for lines in (0..all).step_by(8) {
        let home = Home::new();
        kill_at(&home, lines);
        let when = format!("killed at {lines} of {all} lines");
        let before = if home.log().exists() { secret(&home) } else { None };
        cut_short += usize::from(lines_on_disk(&home) < all);
        again_finishes(&home, before.as_ref(), &when);
    }
    assert!(cut_short > 3, "hardly any kill came in time");
}
