//! What is kept of members that are gone: listed, and given back by generation.

use std::time::Duration;

use kubectl_stateful::cluster::Interrupt;
use kubectl_stateful::commands::runbook::{
    Intent, command,
    flags::{ApprovalFlags, RunFlags},
    go, undo, volumes,
};
use kubectl_stateful::facts::mark::Mark;
use kubectl_stateful::runbook::script::Runbook;
use serde_json::json;

use super::{Said, Stage, global};
use crate::support::{delete, merge, post};

const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";
const VOLUMES: &str = "/api/v1/persistentvolumes";

fn listed(stage: &Stage) -> String {
    stage.run(async |context| volumes(false, context).await).done().text
}

fn restore(stage: &Stage, words: &[&str]) -> Said {
    let words = [&["volumes", "restore", "web", "--yes"], words].concat();
    stage.run(async |context| {
        let matches = global(command::volumes()?).try_get_matches_from(words).expect("the words are right");
        let matches = matches.subcommand().unwrap().1;
        let book = Runbook::shipped("restore-volumes").unwrap();
        go(&book, ["volumes", "restore"], Intent::Run, matches, context).await
    })
}

#[test]
fn retired_volumes_and_leftover_claims_are_listed_until_they_are_used_again() {
    let stage = Stage::new(3);
    assert!(listed(&stage).contains("no retired volumes and no leftover claims"));
    stage.scale(&["--replicas", "2", "--claims", "retire", "--settle", "0s"]).done();
    stage.scale(&["--replicas", "1", "--claims", "keep", "--settle", "0s"]).done();
    let text = listed(&stage);
    assert_eq!(text.matches("retired ").count(), 2, "{text}");
    assert!(text.contains("data-web-1") && text.contains("web/1 of data"), "{text}");
    let names = stage.run(async |context| volumes(true, context).await).done().text;
    let each: Vec<&str> = names.lines().filter_map(|line| line.strip_prefix("persistentvolume/pvc-")).collect();
    assert!(each.len() == 2 && names.lines().count() == 2, "{names}");
    stage.scale(&["--replicas", "2"]).done();
    let text = listed(&stage);
    assert!(!text.contains("data-web-1") && text.contains("web/2 of data"), "{text}");
    restore(&stage, &[]).done();
    let text = listed(&stage);
    assert!(!text.contains("retired ") && text.contains("data-web-2"), "{text}");
}

#[test]
fn the_latest_of_two_generations_comes_back_unless_a_run_is_named() {
    let stage = Stage::new(2);
    let retire = ["--replicas", "1", "--claims", "retire", "--settle", "0s"];
    stage.scale(&retire).done();
    let first = listed(&stage);
    stage.scale(&["--replicas", "2"]).done();
    stage.scale(&retire).done();
    let run = first.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    let old = first.split(' ').next().unwrap().to_owned();
    let plan = restore(&stage, &["--plan-only"]).done().plan.unwrap();
    let words = format!("{:?}", plan.lines);
    assert!(words.contains(&format!("--run {run}")) && words.contains(&old), "{words}");
    assert!(plan.fingerprints().iter().all(|line| !line.contains(&old)), "{words}");
    let plan = restore(&stage, &["--run", &run]).done().plan.unwrap();
    assert!(plan.fingerprints().iter().any(|line| line.contains(&old)), "{plan:?}");
}

/// Somebody binds the volumes of `web-1` to claims of these names by hand; they
/// are there for a while and go again.
fn used_since(stage: &Stage, named: impl Fn(&str) -> String) {
    let volumes = stage.get(VOLUMES)["items"].as_array().cloned().unwrap();
    for volume in volumes.iter().filter(|volume| volume["status"]["phase"] == "Released") {
        let (name, spec) = (volume["metadata"]["name"].as_str().unwrap(), &volume["spec"]);
        let claim = named(spec["claimRef"]["name"].as_str().unwrap());
        let body = json!({"metadata": {"name": claim}, "spec": {
            "accessModes": spec["accessModes"], "storageClassName": spec["storageClassName"],
            "resources": {"requests": spec["capacity"]}, "volumeName": name,
        }});
        post(&stage.simulator, CLAIMS, &body).ok();
        let given = json!({"spec": {"claimRef": {"name": claim, "uid": null, "resourceVersion": null}}});
        merge(&stage.simulator, &format!("{VOLUMES}/{name}"), &given).ok();
        stage.simulator.pass(Duration::from_mins(1));
        delete(&stage.simulator, &format!("{CLAIMS}/{claim}")).ok();
        stage.simulator.pass(Duration::from_mins(1));
    }
}

#[test]
fn a_volume_that_another_claim_has_had_since_is_not_retired_any_more() {
    for named in [|old: &str| format!("other-{old}"), |old: &str| old.to_owned()] {
        let stage = Stage::new(2);
        stage.scale(&["--replicas", "1", "--claims", "retire", "--settle", "0s"]).done();
        assert_eq!(listed(&stage).matches("retired ").count(), 2);
        used_since(&stage, named);
        assert_eq!(listed(&stage).matches("retired 2").count(), 0, "{}", listed(&stage));
        let before = stage.simulator.objects();
        for book in ["purge-volumes", "restore-volumes"] {
            let book = Runbook::shipped(book).unwrap();
            stage.play(&book, &["web", "--yes"]).failed("guard", 3);
        }
        assert_eq!(stage.simulator.objects(), before);
    }
}

#[test]
fn an_undo_between_a_claim_and_its_policy_leaves_a_mark_of_that_claim() {
    let stage = Stage::new(2);
    stage.scale(&["--replicas", "1", "--claims", "retire", "--settle", "0s"]).done();
    let before = listed(&stage);
    let interrupt = Interrupt::default();
    let (raised, stage) = (interrupt.clone(), stage.interrupted_by(interrupt.clone()));
    let stage = stage.with_meddler(move |_, method, path| {
        if method == http::Method::POST && path.contains("persistentvolumeclaims") {
            raised.raise();
        }
    });
    restore(&stage, &[]).result.unwrap_err();
    interrupt.lower();
    let restored = stage.runs().remove(0);
    let flags = RunFlags::from(ApprovalFlags { yes: true, ..ApprovalFlags::default() });
    stage.run(async |context| undo(Some(&restored), &flags, context).await).done();
    stage.simulator.pass(Duration::from_mins(5));
    let after = listed(&stage);
    assert_eq!(after.matches("retired ").count(), 2, "{before}{after}");
    for volume in stage.get(VOLUMES)["items"].as_array().unwrap() {
        let Some(mark) = Mark::read(volume) else { continue };
        assert_eq!(mark.former_policy, "Delete", "{volume}");
    }
    let stage = stage.with_meddler(|_, _, _| ());
    restore(&stage, &[]).done();
    assert!(!listed(&stage).contains("retired "), "{}", listed(&stage));
}

#[test]
fn an_undo_ends_when_the_members_are_ready_again() {
    let stage = Stage::new(3);
    stage.scale(&["--replicas", "1", "--claims", "retire", "--settle", "0s"]).done();
    let flags = RunFlags::from(ApprovalFlags { yes: true, no_app_check: true, ..ApprovalFlags::default() });
    stage.run(async |context| undo(None, &flags, context).await).done();
    let set = stage.get("/apis/apps/v1/namespaces/default/statefulsets/web");
    assert_eq!(set["status"]["readyReplicas"], 3, "{set}");
}
