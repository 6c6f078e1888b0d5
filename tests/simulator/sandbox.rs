//! The sandbox's file: what was answered is there, whoever wrote it, whatever
//! happened to the process.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use kubectl_stateful::simulator::{Beginning, OpenError, Origin, Original, Simulator, Waiter, beginning_of, reset};
use serde_json::json;
use tempfile::TempDir;

use crate::support::*;

fn real(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("time")
}

fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("deep/er/cluster.jsonl");
    (folder, path)
}

fn open(path: &Path, second: i64) -> Simulator {
    Simulator::open_with_controllers(path, real(second), Vec::new(), None).expect("opens")
}

#[test]
fn what_was_written_is_there_again() {
    let (_folder, path) = place();
    let uid = {
        let sandbox = open(&path, 0);
        assert_eq!(get(&sandbox, "/api/v1/nodes").ok()["items"].as_array().map(Vec::len), Some(3));
        post(&sandbox, MAPS, &map("gone")).ok();
        delete(&sandbox, &format!("{MAPS}/gone")).ok();
        post(&sandbox, MAPS, &map("a")).ok()["metadata"]["uid"].clone()
    };
    let again = open(&path, 1);
    let found = get(&again, &format!("{MAPS}/a")).ok();
    assert_eq!(found["metadata"]["uid"], uid);
    assert_eq!(get(&again, &format!("{MAPS}/gone")).code, 404);
    let next = post(&again, MAPS, &map("b")).ok();
    let version = |object: &serde_json::Value| object["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>();
    assert_eq!(version(&next).unwrap(), version(&found).unwrap() + 1, "revisions go on");
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path) = place();
    open(&path, 0);
    let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_file_name("cluster.jsonl.lock")), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
}

#[test]
fn the_clock_moves_by_the_real_time_but_at_most_an_hour() {
    let (_folder, path) = place();
    let start = open(&path, 0).now();
    assert_eq!(open(&path, 60).now(), start + seconds(60));
    assert_eq!(open(&path, 60 + 86_400).now(), start + seconds(60 + 3600));
    assert_eq!(open(&path, 0).now(), start + seconds(60 + 3600), "a clock set back changes nothing");
    let sandbox = open(&path, 1);
    sandbox.advance(seconds(100));
    assert_eq!(open(&path, 1).now(), sandbox.now(), "time that passed inside is kept");
}

#[test]
fn a_torn_last_line_was_never_answered() {
    let (_folder, path) = place();
    post(&open(&path, 0), MAPS, &map("a")).ok();
    let mut file = OpenOptions::new().append(true).open(&path).expect("log");
    file.write_all(br#"{"commit":{"revision":99,"at""#).expect("written");
    let sandbox = open(&path, 1);
    get(&sandbox, &format!("{MAPS}/a")).ok();
    post(&sandbox, MAPS, &map("b")).ok();
    get(&open(&path, 2), &format!("{MAPS}/b")).ok();
}

#[test]
fn every_prefix_of_the_log_opens_with_a_prefix_of_the_writes() {
    let (_folder, path) = place();
    {
        let sandbox = open(&path, 0);
        for name in ["a", "b", "c"] {
            post(&sandbox, MAPS, &map(name)).ok();
        }
    }
    let whole = fs::read(&path).expect("log");
    let start = whole.windows(9).position(|window| window == b"{\"commit\"").expect("a commit");
    let mut counts = Vec::new();
    for length in start..=whole.len() {
        fs::write(&path, &whole[..length]).expect("written");
        let sandbox = open(&path, 0);
        let names = get(&sandbox, MAPS).ok()["items"].as_array().expect("items").len();
        counts.push(names);
    }
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!((counts.first(), counts.last()), (Some(&0), Some(&3)));
}

#[test]
fn damage_is_named_by_its_line() {
    let (_folder, path) = place();
    post(&open(&path, 0), MAPS, &map("a")).ok();
    let text = fs::read_to_string(&path).expect("log");
    let mut lines: Vec<&str> = text.lines().collect();
    lines[4] = "{not json";
    fs::write(&path, lines.join("\n") + "\n").expect("written");
    let error = Simulator::open(&path, real(1), None).expect_err("damaged");
    assert!(matches!(error, OpenError::Damaged { line: 5, .. }), "{error}");
}

#[test]
fn a_newer_format_is_refused_with_both_numbers() {
    let (_folder, path) = place();
    open(&path, 0);
    let text = fs::read_to_string(&path).expect("log");
    fs::write(&path, text.replacen("\"sandbox\":1", "\"sandbox\":2", 1)).expect("written");
    let error = Simulator::open(&path, real(1), None).expect_err("newer");
    assert!(matches!(error, OpenError::Newer { found: 2, known: 1, .. }), "{error}");
}

#[test]
fn what_a_killed_process_left_half_written_is_written_over() {
    let (_folder, path) = place();
    fs::create_dir_all(path.parent().unwrap()).expect("made");
    fs::write(path.with_file_name("cluster.jsonl.new"), "{\"half a line").expect("written");
    open(&path, 0);
    let mut left: Vec<_> =
        fs::read_dir(path.parent().unwrap()).expect("the folder").map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["cluster.jsonl", "cluster.jsonl.lock"]);
}

#[test]
fn the_first_line_may_be_as_long_as_any() {
    let (_folder, path) = place();
    let origin = Origin { cluster: "c".repeat(10_000), namespace: "prod".to_owned(), at: real(0), version: None };
    assert_eq!(beginning_of(&path), Beginning::Unknown);
    let original = Original { origin: origin.clone(), objects: Vec::new(), unread: Vec::new() };
    Simulator::found(&path, original, real(0), None).expect("a copy");
    assert_eq!(Simulator::open(&path, real(1), None).expect("opens").origin(), Some(origin.clone()));
    assert_eq!(beginning_of(&path), Beginning::CopyOf(origin), "also at a glance");
}

#[test]
fn what_is_nested_deeper_than_the_file_is_read_is_not_taken() {
    const REVISIONS: &str = "/apis/apps/v1/namespaces/default/controllerrevisions";
    let (_folder, path) = place();
    let sandbox = open(&path, 0);
    let create = |depth: usize| {
        let data = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let name = format!("deep-{depth}");
        let body = format!(
            "{{\"apiVersion\":\"apps/v1\",\"kind\":\"ControllerRevision\",\"metadata\":{{\"name\":\"{name}\"}},\"revision\":1,\"data\":{data}}}"
        );
        send(&sandbox, "POST", REVISIONS, "application/json", &body).code
    };
    let codes: Vec<u16> = [90, 99, 100, 125, 126, 127].map(create).to_vec();
    assert_eq!(codes, [201, 201, 501, 501, 501, 400]);
    let again = open(&path, 1);
    assert_eq!(get(&again, REVISIONS).ok()["items"].as_array().map(Vec::len), Some(2));
}

#[test]
fn two_at_once_see_each_other_and_lose_nothing() {
    let (_folder, path) = place();
    open(&path, 0);
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let path = path.clone();
            std::thread::spawn(move || {
                let sandbox = open(&path, 0);
                for turn in 0..25 {
                    post(&sandbox, MAPS, &map(&format!("m-{writer}-{turn}"))).ok();
                    sandbox.advance(seconds(1));
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().expect("writer");
    }
    let sandbox = open(&path, 0);
    let list = get(&sandbox, MAPS).ok();
    let items = list["items"].as_array().expect("items");
    assert_eq!(items.len(), 100);
    let mut versions: Vec<_> =
        items.iter().map(|item| item["metadata"]["resourceVersion"].clone().to_string()).collect();
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), 100, "no revision was given twice");
}

#[test]
fn a_long_log_is_compacted_while_others_have_it_open() {
    let (_folder, path) = place();
    let early = open(&path, 0);
    post(&early, MAPS, &map("a")).ok();
    let late = open(&path, 1);
    let length = || fs::metadata(&path).expect("log").len();
    let mut longest = 0;
    for turn in 0..4_200 {
        merge(&early, &format!("{MAPS}/a"), &json!({"data": {"a": turn.to_string()}})).ok();
        longest = longest.max(length());
    }
    assert!(length() < longest / 5, "{} of {longest}", length());
    merge(&late, &format!("{MAPS}/a"), &json!({"data": {"b": "late"}})).ok();
    let seen = get(&early, &format!("{MAPS}/a")).ok();
    assert_eq!((&seen["data"]["a"], &seen["data"]["b"]), (&json!("4199"), &json!("late")));
    merge(&early, &format!("{MAPS}/a"), &json!({"data": {"c": "early"}})).ok();
    assert_eq!(get(&late, &format!("{MAPS}/a")).ok()["data"]["c"], "early");
}

#[test]
fn a_sandbox_that_was_removed_says_so() {
    let (_folder, path) = place();
    let sandbox = open(&path, 0);
    fs::remove_file(&path).expect("removed");
    let answer = post(&sandbox, MAPS, &map("a"));
    assert_eq!(answer.code, 507);
    assert!(answer.body["message"].as_str().unwrap().contains("was removed while it was in use"), "{}", answer.body);
}

#[test]
fn a_sandbox_that_began_anew_is_another_one_for_whoever_had_the_old_one() {
    let (_folder, path) = place();
    let early = open(&path, 0);
    for name in ["a", "b", "c"] {
        post(&early, MAPS, &map(name)).ok();
    }
    reset(&path, None).expect("reset");
    assert!(!path.exists());
    // As long as the old one was, shorter, or longer: it stays as it is.
    for turn in 1..6 {
        let late = open(&path, turn);
        post(&late, MAPS, &map(&format!("late-{turn}"))).ok();
        let whole = fs::read(&path).expect("log");
        for answer in [get(&early, MAPS), post(&early, MAPS, &map("d"))] {
            assert_eq!((answer.code, &answer.body["reason"]), (507, &json!("SandboxGone")), "{}", answer.body);
            assert!(answer.body["message"].as_str().unwrap().contains("was removed while it was in use"));
        }
        early.advance(seconds(1));
        assert_eq!(fs::read(&path).expect("log"), whole);
        assert_eq!(get(&late, MAPS).ok()["items"].as_array().map(Vec::len), usize::try_from(turn).ok());
    }
}

struct Impatient;

impl Waiter for Impatient {
    fn waits_for(&mut self, _: u32) {}

    fn gives_up(&self) -> bool {
        true
    }
}

#[test]
fn a_reset_waits_for_its_turn_and_leaves_only_the_locks_and_the_kubeconfig() {
    let (_folder, path) = place();
    reset(&path, None).expect("there is nothing to do");
    assert!(!path.parent().unwrap().exists(), "a reset makes nothing");
    post(&open(&path, 0), MAPS, &map("a")).ok();
    let lock = path.with_file_name("cluster.jsonl.lock");
    let held = fs::File::options().read(true).write(true).open(&lock).expect("the lock");
    held.lock().expect("nobody has it");
    let given_up = reset(&path, Some(Box::new(Impatient))).expect_err("somebody is at work");
    assert!(matches!(given_up, OpenError::GivenUp(_)), "{given_up}");
    assert!(path.exists());
    held.unlock().expect("it was locked");

    fs::write(path.with_file_name(".tmpA"), "left behind").expect("written");
    fs::create_dir(path.with_file_name("folder")).expect("made");
    fs::write(path.with_file_name("kubeconfig"), "the way to a server that has ended").expect("written");
    reset(&path, None).expect("reset");
    let mut left: Vec<_> =
        fs::read_dir(path.parent().unwrap()).expect("the folder").map(|entry| entry.unwrap().path()).collect();
    left.sort();
    let kept = path.with_file_name("kubeconfig");
    assert_eq!(left, [lock, kept, path.with_file_name("serve.lock")], "without it kubectl would look elsewhere");
}
