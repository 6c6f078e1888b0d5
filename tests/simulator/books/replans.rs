//! A run that stops because the cluster is no longer as it was when the plan was
//! approved, and goes on by a new plan for what is left.

use std::sync::atomic::{AtomicBool, Ordering};

use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::{replan, report, resume, undo};
use kubectl_stateful::error::Failure;
use kubectl_stateful::runs::report::{Outcome, Report};
use kubectl_stateful::simulator::Simulator;
use serde_json::{Value, json};

use super::{Said, Stage};
use crate::support::{get, merge};

const VOLUMES: &str = "/api/v1/persistentvolumes";
const RETIRE: &[&str] = &["--replicas", "1", "--claims", "retire", "--settle", "0s"];

/// The volumes of the claims whose names end so.
fn volumes(simulator: &Simulator, end: &str) -> Vec<Value> {
    let mut found = get(simulator, VOLUMES).ok()["items"].as_array().cloned().unwrap();
    found.retain(|volume| volume["spec"]["claimRef"]["name"].as_str().is_some_and(|name| name.ends_with(end)));
    found
}

/// While the claims of the highest member go, somebody protects a volume of the
/// next one by hand.
fn with_a_careful_colleague(replicas: u32) -> Stage {
    let done = AtomicBool::new(false);
    Stage::new(replicas).with_meddler(move |simulator, method, path| {
        if method == http::Method::DELETE && path.contains("claims/") && !done.swap(true, Ordering::SeqCst) {
            let volume = volumes(simulator, "data-web-1").remove(0);
            let path = format!("{VOLUMES}/{}", volume["metadata"]["name"].as_str().unwrap());
            merge(simulator, &path, &json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}})).ok();
        }
    })
}

fn flags() -> RunFlags {
    RunFlags::from(ApprovalFlags { yes: true, no_app_check: true, ..ApprovalFlags::default() })
}

fn reported(stage: &Stage) -> Report {
    let mut found = None;
    stage
        .run(async |context| {
            found = Some(report(None, context).await?);
            Ok(())
        })
        .done();
    found.unwrap()
}

fn stopped(stage: &Stage) -> (Failure, String) {
    let failure = stage.scale(RETIRE).failed("diverged", 6);
    let hint = failure.hints.iter().find(|hint| hint.contains("--replan")).expect("the way on is told");
    let run = hint.split(' ').skip_while(|word| *word != "resume").nth(1).unwrap().to_owned();
    (failure, run)
}

#[test]
fn a_run_whose_next_effect_is_another_one_shows_both_and_goes_on_by_a_new_plan() {
    let stage = with_a_careful_colleague(3);
    let (failure, run) = stopped(&stage);
    for part in ["Delete", "Retain", "approved was", "now it is"] {
        assert!(failure.message.contains(part), "{failure}");
    }
    assert!(failure.hints[0].contains("--context here"), "{failure:?}");
    // By the plan that was approved it cannot go on.
    let again = stage.run(async |context| resume(Some(&run), &flags(), context).await);
    again.failed("diverged", 6);

    let said = stage.run(async |context| replan(Some(&run), &flags(), context).await).done();
    let rest = said.plan.unwrap();
    assert!(rest.run == run && rest.rest, "it is not taken for a plan of its own");
    assert!(!rest.lines.is_empty() && rest.fingerprints().iter().all(|line| !line.contains("-web-2")), "{rest:?}");
    assert_eq!(stage.get("/apis/apps/v1/namespaces/default/statefulsets/web")["spec"]["replicas"], 1);
    let kept = [volumes(&stage.simulator, "-web-1"), volumes(&stage.simulator, "-web-2")].concat();
    let released = |volume: &Value| volume["status"]["phase"] == "Released";
    assert!(kept.len() == 4 && kept.iter().all(released), "{kept:?}");

    let report = reported(&stage);
    assert_eq!((report.state.as_str(), report.replanned, report.kept.len()), ("done", 1, 4), "{report:?}");
    assert!(report.effects.iter().all(|effect| effect.state == Outcome::Done), "{report:?}");
    stage.run(async |context| undo(None, &flags(), context).await).done();
    let back = volumes(&stage.simulator, "data-web-1").remove(0);
    assert_eq!(
        (&back["status"]["phase"], &back["spec"]["persistentVolumeReclaimPolicy"]),
        (&json!("Bound"), &json!("Retain"))
    );
}

#[test]
fn a_plan_for_the_rest_is_only_shown_when_asked_to_and_nobody_approves_it_alone() {
    let stage = with_a_careful_colleague(3);
    let (_, run) = stopped(&stage);
    let before = stage.simulator.objects();
    let shown: Said = stage.run(async |context| {
        let flags = RunFlags::from(ApprovalFlags { plan_only: true, ..ApprovalFlags::default() });
        replan(Some(&run), &flags, context).await
    });
    assert!(shown.done().plan.is_some_and(|plan| plan.effects() > 0));
    stage.run(async |context| replan(Some(&run), &RunFlags::default(), context).await).failed("not-approved", 2);
    assert_eq!(stage.simulator.objects(), before);
    assert_eq!(reported(&stage).replanned, 0);
}

#[test]
fn a_stopped_run_reports_what_was_done_what_was_not_and_why() {
    let stage = with_a_careful_colleague(3);
    let (failure, run) = stopped(&stage);
    let report = reported(&stage);
    assert_eq!((report.run.as_str(), report.state.as_str()), (run.as_str(), "stopped"));
    let why = report.stopped.as_ref().unwrap();
    assert_eq!((why.code.as_str(), why.message.as_str()), ("diverged", failure.message.as_str()));
    let of = |state| report.effects.iter().filter(|effect| effect.state == state).count();
    assert_eq!((of(Outcome::Done), of(Outcome::Planned)), (5, 5), "{report:?}");
    assert_eq!((report.kept.len(), report.undoable()), (2, 5), "{report:?}");
    assert!(report.by.is_some() && report.began.is_some() && report.ended.is_some(), "{report:?}");
    let saved = stage.home.path().join(format!("state/runs/{run}/report.json"));
    let saved: Value = serde_json::from_str(&std::fs::read_to_string(saved).unwrap()).unwrap();
    assert_eq!(saved, serde_json::to_value(&report).unwrap());
    stage.run(async |context| undo(None, &flags(), context).await).done();
    let report = reported(&stage);
    assert_eq!((report.state.as_str(), report.kept.len(), report.undoable()), ("undone", 0, 0), "{report:?}");
}
