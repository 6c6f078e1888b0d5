//! Runs that stand on one another, and what later ones have destroyed.

use std::time::Duration;

use kubectl_stateful::cluster::Interrupt;
use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::{resume, undo};
use kubectl_stateful::runbook::script::Runbook;
use kubectl_stateful::runs::journal::Journal;

use super::{SETS, Said, Stage};

fn undone(stage: &Stage, run: &str) -> Said {
    let flags = RunFlags::from(ApprovalFlags { yes: true, no_app_check: true, ..ApprovalFlags::default() });
    stage.run(async |context| undo(Some(run), &flags, context).await)
}

fn shipped(stage: &Stage, book: &str, words: &[&str]) {
    stage.play(&Runbook::shipped(book).unwrap(), &[&["web", "--yes"], words].concat()).done();
}

fn claims(stage: &Stage) -> usize {
    stage.get("/api/v1/namespaces/default/persistentvolumeclaims")["items"].as_array().unwrap().len()
}

#[test]
fn a_claim_that_the_undo_of_a_later_run_gave_back_is_not_lost() {
    let stage = Stage::new(3);
    stage.scale(&["--replicas", "2", "--claims", "keep", "--settle", "0s"]).done();
    let smaller = stage.runs().remove(0);
    shipped(&stage, "retire-leftovers", &[]);
    let retired = stage.runs().remove(0);
    assert_eq!(claims(&stage), 4);
    undone(&stage, &smaller).failed("later-run", 3);
    undone(&stage, &retired).done();
    undone(&stage, &smaller).done();
    assert_eq!(claims(&stage), 6);
    assert_eq!(stage.get(&format!("{SETS}/web"))["status"]["readyReplicas"], 3);
}

#[test]
fn a_run_that_somebody_took_back_while_it_was_to_be_resumed_does_not_go_on() {
    let stage = Stage::new(2);
    let interrupt = Interrupt::default();
    let (raised, stage) = (interrupt.clone(), stage.interrupted_by(interrupt.clone()));
    let stage = stage.with_meddler(move |_, method, path| {
        if *method == http::Method::PUT && path.contains("/scale") {
            raised.raise();
        }
    });
    stage.scale(&["--replicas", "1", "--claims", "keep", "--settle", "0s"]).result.unwrap_err();
    interrupt.lower();
    let run = stage.runs().remove(0);
    let folder = stage.home.path().join("state/runs").join(&run);
    let stage = stage.with_meddler(|_, _, _| ()).with_visitor(move |simulator, _, _| {
        // As an undo in another terminal ends it.
        let mut journal = Journal::reopen(&folder).unwrap();
        journal.ended(simulator.now(), "undone").unwrap();
    });
    let flags = RunFlags::from(ApprovalFlags { yes: true, no_app_check: true, ..ApprovalFlags::default() });
    stage.run(async |context| resume(Some(&run), &flags, context).await).failed("run-went-on", 3);
    let folder = stage.home.path().join("state/runs").join(&run);
    let journal = std::fs::read_to_string(folder.join("journal.jsonl")).unwrap();
    assert!(journal.lines().last().unwrap().contains("undone"), "{journal}");
}

/// A set of three that one run has made smaller, and then another; the ids of both.
fn twice_smaller() -> (Stage, [String; 2]) {
    let stage = Stage::new(3);
    let runs = ["2", "1"].map(|replicas| {
        stage.scale(&["--replicas", replicas, "--claims", "keep", "--settle", "0s"]).done();
        stage.runs().remove(0)
    });
    (stage, runs)
}

#[test]
fn a_later_run_that_cannot_be_read_stands_in_the_way_of_an_undo() {
    for file in ["run.json", "journal.jsonl"] {
        let (stage, [first, second]) = twice_smaller();
        let folder = stage.home.path().join("state/runs").join(&second);
        std::fs::write(folder.join(file), "{ \"torn\n{}\n").unwrap();
        let failure = undone(&stage, &first).failed("later-run", 3);
        assert!(failure.message.contains(&second) && failure.message.contains("cannot be read"), "{failure}");
        assert!(failure.hints.iter().any(|hint| hint.contains(&second)), "{failure:?}");
        assert_eq!(stage.get(&format!("{SETS}/web"))["spec"]["replicas"], 1);
    }
}

/// A plan in a file may be old when its run begins, and the clock of a sandbox ahead.
#[test]
fn a_run_whose_id_is_older_and_that_began_later_stands_in_the_way_too() {
    let (stage, [first, second]) = twice_smaller();
    let runs = stage.home.path().join("state/runs");
    let older = "000000000000";
    std::fs::rename(runs.join(&second), runs.join(older)).unwrap();
    assert_eq!(stage.runs(), [older, &first]);
    undone(&stage, &first).failed("later-run", 3);
    undone(&stage, older).done();
    undone(&stage, &first).done();
    assert_eq!(stage.get(&format!("{SETS}/web"))["status"]["readyReplicas"], 3);
}

#[test]
fn a_folder_in_which_no_run_has_begun_stands_in_nobodys_way() {
    let (stage, [first, second]) = twice_smaller();
    let folder = stage.home.path().join("state/runs").join(&second);
    undone(&stage, &second).done();
    std::fs::remove_file(folder.join("journal.jsonl")).unwrap();
    std::fs::write(folder.join("run.json"), "{").unwrap();
    undone(&stage, &first).done();
}

#[test]
fn a_run_that_came_while_somebody_was_asked_stands_in_the_way_too() {
    let (stage, [first, second]) = twice_smaller();
    let folder = stage.home.path().join("state/runs").join(&second);
    let aside = stage.home.path().join("aside");
    std::fs::rename(&folder, &aside).unwrap();
    let stage = stage.with_watcher(move |_, _, _| {
        let _ = std::fs::rename(&aside, &folder);
    });
    undone(&stage, &first).failed("later-run", 3);
    assert_eq!(stage.get(&format!("{SETS}/web"))["spec"]["replicas"], 1);
    let leases = stage.get("/apis/coordination.k8s.io/v1/namespaces/default/leases");
    assert_eq!(leases["items"].as_array().unwrap().len(), 0, "{leases}");
}

#[test]
fn a_run_before_one_whose_volumes_were_purged_is_taken_back() {
    let stage = Stage::new(3);
    let retire = |replicas: &str| {
        stage.scale(&["--replicas", replicas, "--claims", "retire", "--settle", "0s"]).done();
        stage.runs().remove(0)
    };
    let (first, second) = (retire("2"), retire("1"));
    shipped(&stage, "purge-volumes", &["--ordinal", "1", "--confirm", "web"]);
    let failure = undone(&stage, &second).failed("data-destroyed", 4);
    assert!(failure.message.contains("gone for good"), "{failure}");
    undone(&stage, &first).done();
    assert_eq!(stage.get(&format!("{SETS}/web"))["spec"]["replicas"], 3);
}

#[test]
fn what_a_script_has_purged_of_earlier_runs_is_named_by_its_undo() {
    let stage = Stage::new(2);
    stage.scale(&["--replicas", "1", "--claims", "retire", "--settle", "0s"]).done();
    let script = "fn run(p) {
        confirm(`sure?`, #{ typed: p.set.name });
        for volume in p.set.retired() { volume.purge(); }
        p.set.scale(2);
    }";
    stage.play_own(&["purge", "scale"], script, &["web", "--yes", "--confirm", "web"]).done();
    stage.simulator.pass(Duration::from_mins(5));
    let failure = undone(&stage, &stage.runs().remove(0)).failed("data-destroyed", 4);
    assert!(failure.message.matches("PersistentVolume/").count() == 2, "{failure}");
}
