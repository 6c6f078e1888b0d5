//! Each shipped runbook has tests in its own language beside it:
//! `scripts/runbooks/NAME_test.rhai`. They run as those of a user's own do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubectl_stateful::SimulatedClusters;
use kubectl_stateful::runbook::script::Runbook;
use kubectl_stateful::runbook::trial::Tests;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/runbooks")
}

fn tests(book: &str, file: &str, text: String) -> Tests {
    let book = Runbook::shipped(book).unwrap();
    let tests = Tests::read(&book, (file.to_owned(), text), Arc::new(SimulatedClusters), Arc::new(|| false));
    tests.unwrap_or_else(|why| panic!("{why}"))
}

/// Runs each `test_*` of one file; how many there are.
fn tests_of(name: &str) -> usize {
    let file = format!("{name}_test.rhai");
    let text = std::fs::read_to_string(folder().join(&file)).unwrap_or_else(|why| panic!("{file}: {why}"));
    assert!(text.contains("interrupt_everywhere"), "{name}: it is interrupted nowhere");
    let tests = tests(name, &file, text);
    for test in tests.names() {
        tests.run(&test).unwrap_or_else(|why| panic!("{file}: {test}: {why}"));
    }
    tests.names().len()
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

#[test]
fn a_test_that_fails_says_where_and_what_a_test_says_wrongly_is_told() {
    let text = "fn test_b() { assert(cluster(1).replicas() == 2, \"one\"); }
fn test_a() { cluster(1).play(\"scale-up\", #{ sett: \"web\" }); }
fn test_c() { cluster(1).play(\"scale-upp\", #{}); }
fn test_d() { cluster(1).answers(\"web-7\", \"\", 0); }
fn helper() { }";
    let tests = tests("scale-up", "x_test.rhai", text.to_owned());
    assert_eq!(tests.names(), ["test_b", "test_a", "test_c", "test_d"], "in the order of the file");
    for (test, expected) in [
        ("test_b", "one\n  --> x_test.rhai:1:15"),
        ("test_a", "`scale-up` has no parameter `sett`"),
        ("test_c", "no runbook `scale-upp`"),
        ("test_d", "web-7"),
    ] {
        let why = tests.run(test).unwrap_err().to_string();
        assert!(why.contains(expected), "{test}: {why}");
    }
}
