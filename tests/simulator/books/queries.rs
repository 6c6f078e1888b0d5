//! `member.query(…)`: what a program in a pod prints. A plan asks nobody, unless
//! it is let.

use kubectl_stateful::cluster::Interrupt;
use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::resume;
use kubectl_stateful::runs::plan::Line;
use kubectl_stateful::runs::rights::Reviewed;
use serde_json::json;

use super::{SETS, Stage};
use crate::support::merge;

/// Two members, of which the last prints this and ends with this code.
fn printing(text: &str, code: &str) -> Stage {
    let stage = Stage::new(2);
    says(&stage, text, code);
    stage
}

fn says(stage: &Stage, text: &str, code: &str) {
    let knobs = json!({"sandbox.kubectl-stateful/exec-prints": text, "sandbox.kubectl-stateful/exec-exit": code});
    let pod = "/api/v1/namespaces/default/pods/web-1";
    merge(&stage.simulator, pod, &json!({"metadata": {"annotations": knobs}})).ok();
}

/// The last member goes if it does not lag.
const BOOK: &str = r#"fn run(p) {
    let lag = p.set.members()[0].query(["lag", "--short"], #{ assume: "0" });
    output("lag", lag);
    if lag == "0" { p.set.scale(1); }
}"#;

fn replicas(stage: &Stage) -> u64 {
    stage.get(&format!("{SETS}/web"))["spec"]["replicas"].as_u64().unwrap()
}

#[test]
fn a_plan_assumes_the_answer_and_the_run_asks_the_pod() {
    let stage = printing("0\n", "0");
    let plan = stage.play_own(&["scale"], BOOK, &["web", "--yes"]).done().plan.unwrap();
    let query = plan.lines.iter().find(|line| matches!(line, Line::Query { .. }));
    let assumed = Some("0".to_owned());
    let (pod, command) = ("web-1".to_owned(), "lag --short".to_owned());
    assert_eq!(query, Some(&Line::Query { pod, command, assumed }));
    assert!(plan.assumes_answers(), "it is told with what is not played");
    let rights: Vec<String> = plan.rights.iter().map(Reviewed::words).collect();
    assert!(rights.contains(&"create pods/exec".to_owned()), "{rights:?}");
    assert_eq!(replicas(&stage), 1);
}

#[test]
fn an_answer_that_decides_otherwise_stops_the_run_as_another_plan() {
    let stage = printing("7", "0");
    let failure = stage.play_own(&["scale"], BOOK, &["web", "--yes"]).failed("diverged", 6);
    assert!(failure.message.contains("nothing more"), "{failure}");
    assert_eq!(replicas(&stage), 2);
}

#[test]
fn a_plan_that_is_let_asks_the_real_pods() {
    let words = ["web", "--yes", "--allow-queries"];
    let stage = printing("7", "0");
    let plan = stage.play_own(&["scale"], BOOK, &words).done().plan.unwrap();
    assert!(plan.effects() == 0 && !plan.assumes_answers(), "{:?}", plan.lines);
    says(&stage, "0", "0");
    stage.play_own(&["scale"], BOOK, &words).done();
    assert_eq!(replicas(&stage), 1);
    // It need not assume anything then.
    let stage = printing("0", "0");
    let bare = BOOK.replace(", #{ assume: \"0\" }", "");
    stage.play_own(&["scale"], &bare, &words).done();
    assert_eq!(replicas(&stage), 1);
}

#[test]
fn a_plan_that_may_neither_ask_nor_assume_ends_there() {
    let stage = printing("0", "0");
    let before = stage.simulator.objects();
    let bare = BOOK.replace(", #{ assume: \"0\" }", "");
    let failure = stage.play_own(&["scale"], &bare, &["web", "--yes"]).failed("not-assumed", 3);
    for part in ["lag --short", "web-1", "nothing was changed"] {
        assert!(failure.message.contains(part), "{failure}");
    }
    assert!(failure.hints.concat().contains("--allow-queries"), "{failure}");
    assert_eq!(stage.simulator.objects(), before);
}

#[test]
fn a_program_that_says_no_or_too_much_has_not_answered() {
    let long = "x".repeat(5_000);
    for (prints, code, failed) in [("0", "1", "command-said-no"), (long.as_str(), "0", "answer-too-long")] {
        let stage = printing(prints, code);
        let failure = stage.play_own(&["scale"], BOOK, &["web", "--yes"]).result.unwrap_err();
        assert_eq!(failure.code, failed, "{failure}");
        assert_eq!(replicas(&stage), 2);
    }
    let stage = printing("0", "0");
    let unknown = BOOK.replace("assume:", "asume:");
    let failure = stage.play_own(&["scale"], &unknown, &["web", "--yes"]).result.unwrap_err();
    assert!(failure.message.contains("unknown option `asume`"), "{failure}");
}

#[test]
fn a_run_that_goes_on_has_its_answer() {
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    let stage = printing("0", "0").interrupted_by(interrupt.clone()).with_meddler(move |_, method, path| {
        if *method == http::Method::PUT && path.contains("/scale") {
            raised.raise();
        }
    });
    stage.play_own(&["scale"], BOOK, &["web", "--yes"]).result.unwrap_err();
    interrupt.lower();
    says(&stage, "7", "0");
    let stage = stage.with_meddler(|_, _, _| ());
    let flags = RunFlags::from(ApprovalFlags { yes: true, ..ApprovalFlags::default() });
    stage.run(async |context| resume(None, &flags, context).await).done();
    assert_eq!(replicas(&stage), 1);
}

#[test]
fn what_is_always_done_keeps_its_lines_where_an_answer_leads_to_another_effect() {
    let stage = printing("7", "0");
    let book = r#"fn run(p) {
        always("keep", || for member in p.set.members() { member.protect(); });
        if p.set.members()[0].query(["lag"], #{ assume: "0" }) != "0" { p.set.scale(1); }
    }"#;
    stage.play_own(&["scale", "protect"], book, &["web", "--yes"]).failed("diverged", 6);
    let volumes = stage.get("/api/v1/persistentvolumes");
    let policies: Vec<_> =
        volumes["items"].as_array().unwrap().iter().map(|one| &one["spec"]["persistentVolumeReclaimPolicy"]).collect();
    assert!(!policies.is_empty() && policies.iter().all(|policy| **policy == "Retain"), "{policies:?}");
    assert_eq!(replicas(&stage), 2);
}
