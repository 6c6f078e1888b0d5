//! What runs do to data that their plans did not say: nothing.

use std::time::Duration;

use kubectl_stateful::cluster::Interrupt;
use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::undo;
use kubectl_stateful::facts::mark::Mark;
use kubectl_stateful::runbook::script::Runbook;
use kubectl_stateful::runs::plan::{Line, Undo};
use kubectl_stateful::specimen;
use serde_json::{Value, json};

use super::{SETS, Said, Stage};
use crate::support::{get, merge};

const VOLUMES: &str = "/api/v1/persistentvolumes";
const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";

fn taken_back(stage: &Stage) -> Said {
    stage
        .run(async |context| undo(None, &ApprovalFlags { yes: true, ..ApprovalFlags::default() }.into(), context).await)
}

fn run_taken_back(stage: &Stage, run: &str) -> Said {
    stage.run(async |context| {
        undo(Some(run), &ApprovalFlags { yes: true, ..ApprovalFlags::default() }.into(), context).await
    })
}

fn change(stage: &Stage, path: &str, with: &Value) {
    merge(&stage.simulator, path, with).ok();
}

/// The volumes of the claims whose names end so: path and object.
fn volumes(stage: &Stage, end: &str) -> Vec<(String, Value)> {
    let mut found = stage.get(VOLUMES)["items"].as_array().cloned().unwrap();
    found.retain(|volume| volume["spec"]["claimRef"]["name"].as_str().is_some_and(|name| name.ends_with(end)));
    found
        .into_iter()
        .map(|volume| (format!("{VOLUMES}/{}", volume["metadata"]["name"].as_str().unwrap()), volume))
        .collect()
}

/// Claims with the volumes that they have.
fn claims(stage: &Stage) -> Vec<(Value, Value)> {
    let found = stage.get(CLAIMS)["items"].as_array().cloned().unwrap();
    found.into_iter().map(|claim| (claim["metadata"]["name"].clone(), claim["spec"]["volumeName"].clone())).collect()
}

/// A set of three that deletes the claims of members that go; its class keeps volumes.
fn deleting_with_a_class_that_retains() -> Stage {
    let stage = Stage::new(3);
    let policy = json!({"whenScaled": "Delete", "whenDeleted": "Retain"});
    change(&stage, &format!("{SETS}/web"), &json!({"spec": {"persistentVolumeClaimRetentionPolicy": policy}}));
    for (path, _) in volumes(&stage, "") {
        change(&stage, &path, &json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}}));
    }
    stage.simulator.pass(Duration::from_mins(5));
    stage
}

const KEEP: &[&str] = &["--replicas", "2", "--claims", "keep", "--settle", "0s"];

#[test]
fn claims_that_the_set_deletes_are_not_kept_by_a_volume_that_is_only_retained() {
    let stage = deleting_with_a_class_that_retains();
    let before = stage.simulator.objects();
    let failure = stage.scale(KEEP).failed("when-scaled-deletes", 3);
    assert!(failure.message.contains("does not say whose data it holds"), "{failure}");
    assert_eq!(stage.simulator.objects(), before);
}

#[test]
fn a_set_is_told_first_to_leave_its_claims_and_undo_gives_its_policy_back() {
    let stage = deleting_with_a_class_that_retains();
    let before = claims(&stage);
    let policy =
        |stage: &Stage| stage.get(&format!("{SETS}/web"))["spec"]["persistentVolumeClaimRetentionPolicy"].clone();
    let plan = stage.scale(&[KEEP, &["--when-scaled", "retain"]].concat()).done().plan.unwrap();
    let verbs: Vec<String> =
        plan.fingerprints().iter().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect();
    assert_eq!(verbs, ["retention", "scale"], "{plan:?}");
    stage.simulator.pass(Duration::from_mins(5));
    assert_eq!(claims(&stage), before, "all claims are kept");
    assert_eq!(policy(&stage), json!({"whenScaled": "Retain", "whenDeleted": "Retain"}));
    taken_back(&stage).done();
    assert_eq!(policy(&stage), json!({"whenScaled": "Delete", "whenDeleted": "Retain"}));
    assert_eq!(stage.get(&format!("{SETS}/web"))["spec"]["replicas"], 3);
    stage.simulator.pass(Duration::from_mins(5));
    assert_eq!(claims(&stage), before);
}

#[test]
fn a_set_that_keeps_its_claims_already_is_told_nothing() {
    let stage = Stage::new(2);
    let plan = stage.scale(&["--replicas", "1", "--settle", "0s", "--when-scaled", "retain"]).done().plan.unwrap();
    assert_eq!(plan.effects(), 1, "{plan:?}");
}

#[test]
fn claims_that_the_set_deletes_come_back_where_their_volumes_were_marked_before() {
    let stage = deleting_with_a_class_that_retains();
    let before = claims(&stage);
    // As a run leaves them that was stopped after its first writes.
    for (path, volume) in volumes(&stage, "web-2") {
        let claim = &volume["spec"]["claimRef"];
        let mark = Mark {
            set: "web".to_owned(),
            template: claim["name"].as_str().unwrap().split('-').next().unwrap().to_owned(),
            ordinal: 2,
            claim_uid: claim["uid"].as_str().unwrap().to_owned(),
            claim_labels: std::collections::BTreeMap::new(),
            former_policy: "Retain".to_owned(),
            run: "0abc".to_owned(),
            at: "2026-01-01T00:00:00Z".to_owned(),
        };
        change(&stage, &path, &json!({"metadata": mark.metadata()}));
    }
    stage.scale(KEEP).done();
    stage.simulator.pass(Duration::from_mins(5));
    assert_eq!(claims(&stage).len(), 4);
    taken_back(&stage).done();
    assert_eq!(claims(&stage), before);
}

#[test]
fn an_undo_does_not_bring_a_member_back_whose_data_nobody_has() {
    let stage = Stage::new(3);
    stage.scale(KEEP).done();
    for template in ["data", "log"] {
        crate::support::delete(&stage.simulator, &format!("{CLAIMS}/{template}-web-2")).ok();
    }
    stage.simulator.pass(Duration::from_mins(5));
    let failure = taken_back(&stage).failed("claim-lost", 3);
    assert!(failure.message.contains("data-web-2") && failure.message.contains("nothing was changed"), "{failure}");
    assert_eq!(stage.get(&format!("{SETS}/web"))["spec"]["replicas"], 2);
}

#[test]
fn an_undo_takes_members_away_only_with_a_look_at_the_application() {
    let stage = Stage::new(1);
    stage.scale(&["--replicas", "3"]).done();
    let failure = taken_back(&stage).failed("not-confirmed", 3);
    assert!(failure.hints.iter().any(|hint| hint.contains("--no-app-check")), "{failure:?}");
    assert_eq!(stage.get(&format!("{SETS}/web"))["spec"]["replicas"], 3);
    let sizes = stage.sizes();
    let flags = RunFlags::from(ApprovalFlags { yes: true, no_app_check: true, ..ApprovalFlags::default() });
    stage.run(async |context| undo(None, &flags, context).await).done();
    assert_eq!(*sizes.lock().unwrap(), [2, 1], "one at a time");
}

#[test]
fn an_undo_of_a_scale_up_that_was_cut_off_goes_on() {
    let stage = Stage::new(1);
    stage.scale(&["--replicas", "3"]).done();
    let interrupt = Interrupt::default();
    let (raised, stage) = (interrupt.clone(), stage.interrupted_by(interrupt.clone()));
    let stage = stage.with_meddler(move |simulator, method, path| {
        let now = get(simulator, &format!("{SETS}/web")).ok()["spec"]["replicas"].clone();
        if method == http::Method::PUT && path.contains("/scale") && now == 3 {
            raised.raise();
        }
    });
    let flags = RunFlags::from(ApprovalFlags { yes: true, no_app_check: true, ..ApprovalFlags::default() });
    stage.run(async |context| undo(None, &flags, context).await).result.unwrap_err();
    interrupt.lower();
    assert_eq!(stage.get(&format!("{SETS}/web"))["spec"]["replicas"], 2);
    stage.run(async |context| undo(None, &flags, context).await).done();
    assert_eq!(stage.get(&format!("{SETS}/web"))["spec"]["replicas"], 1);
}

#[test]
fn after_data_was_destroyed_what_is_left_is_taken_back_and_the_loss_is_named() {
    let stage = Stage::new(3);
    stage.scale(&["--replicas", "2", "--claims", "retire", "--settle", "0s"]).done();
    let before = claims(&stage);
    stage.scale(&["--replicas", "1", "--claims", "destroy", "--confirm", "web", "--settle", "0s"]).done();
    let [destroyed, retired] = stage.runs().try_into().unwrap();
    run_taken_back(&stage, &retired).failed("later-run", 3);
    let failure = run_taken_back(&stage, &destroyed).failed("data-destroyed", 4);
    let lost: Vec<_> = before.iter().filter(|(name, _)| name.as_str().unwrap().ends_with("web-1")).collect();
    assert!(lost.iter().all(|(_, volume)| failure.message.contains(volume.as_str().unwrap())), "{failure}");
    stage.simulator.pass(Duration::from_mins(5));
    assert_eq!(stage.get(&format!("{SETS}/web"))["status"]["readyReplicas"], 2);
    run_taken_back(&stage, &retired).done();
    assert_eq!(claims(&stage).len(), 6);
    assert_eq!(volumes(&stage, "web-2").len(), 2);
}

#[test]
fn volumes_that_came_back_are_retired_again_by_undo() {
    let stage = Stage::new(2);
    stage.scale(&["--replicas", "1", "--claims", "retire", "--settle", "0s"]).done();
    let retired = volumes(&stage, "web-1");
    let restore = Runbook::shipped("restore-volumes").unwrap();
    let plan = stage.play(&restore, &["web", "--yes"]).done().plan.unwrap();
    for line in &plan.lines {
        let Line::Effect { verb, undo, undo_by, .. } = line else { continue };
        let back: Vec<&str> = undo_by.iter().filter_map(|by| by.split(' ').next()).collect();
        let expected: &[&str] = match verb.as_str() {
            "create-claim" => &["protect", "delete-claim"],
            "unprotect" => &["protect"],
            // A volume without a claim is kept in any case.
            _ => &[],
        };
        assert_eq!((back.as_slice(), *undo == Undo::Possible), (expected, !expected.is_empty()), "{line:?}");
    }
    assert_eq!(claims(&stage).len(), 4);
    let restored = stage.runs().remove(0);
    run_taken_back(&stage, &restored).done();
    assert_eq!(claims(&stage).len(), 2);
    for ((path, before), (_, now)) in retired.iter().zip(volumes(&stage, "web-1")) {
        let is_same = |field: &str| before["spec"][field] == now["spec"][field];
        assert!(is_same("persistentVolumeReclaimPolicy") && now["status"]["phase"] == "Released", "{path}: {now}");
        let (old, new) = (Mark::read(before).unwrap(), Mark::read(&now).unwrap());
        assert_eq!(
            (old.set, old.template, old.ordinal, old.former_policy),
            (new.set, new.template, new.ordinal, new.former_policy)
        );
    }
    stage.play(&restore, &["web", "--yes"]).done();
    assert_eq!(claims(&stage).len(), 4);
}

/// One member, and volumes that somebody has made by hand for the next.
fn with_volumes_made_by_hand() -> Stage {
    let stage = Stage::new(1);
    let class = stage.get("/apis/storage.k8s.io/v1/storageclasses")["items"][0]["metadata"]["name"].clone();
    for template in ["data", "log"] {
        let volume = json!({"metadata": {"name": format!("disk-{template}")}, "spec": {
            "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "storageClassName": class,
            "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": format!("/srv/{template}")},
            "claimRef": {"namespace": "default", "name": format!("{template}-web-1")},
        }});
        crate::support::post(&stage.simulator, VOLUMES, &volume).ok();
    }
    stage
}

#[test]
fn a_volume_made_by_hand_that_somebody_reserves_at_the_same_moment_is_not_deleted() {
    let stage = with_volumes_made_by_hand();
    stage.scale(&["--replicas", "2"]).done();
    stage.scale(&["--replicas", "1", "--claims", "retire", "--settle", "0s"]).done();
    let stage = stage.with_meddler(|simulator, method, path| {
        if method == http::Method::DELETE && path.contains("/persistentvolumes/disk") {
            merge(simulator, path, &json!({"spec": {"claimRef": {"uid": null, "resourceVersion": null}}})).ok();
        }
    });
    let purge = Runbook::shipped("purge-volumes").unwrap();
    stage.play(&purge, &["web", "--yes", "--confirm", "web"]).failed("volume-not-released", 3);
    assert_eq!(volumes(&stage, "web-1").len(), 2);
}

#[test]
fn what_lies_on_a_volume_made_by_hand_stays_and_that_is_said() {
    let stage = with_volumes_made_by_hand();
    stage.scale(&["--replicas", "2"]).done();
    assert_eq!(volumes(&stage, "data-web-1")[0].1["metadata"]["name"], "disk-data");
    let words = ["--replicas", "1", "--claims", "destroy", "--confirm", "web", "--settle", "0s"];
    let said = stage.scale(&words).done();
    let lines = format!("{:?}", said.plan.unwrap().lines);
    assert!(lines.contains("what is at hostPath /srv/data stays") && !lines.contains("gone with its data"), "{lines}");
    assert!(said.text.contains("what is at hostPath /srv/log stays"), "{}", said.text);
    assert!(!said.text.contains("gone with its data"), "{}", said.text);
}

#[test]
fn a_set_whose_size_an_autoscaler_decides_is_not_made_larger_either() {
    let stage = Stage::new(2);
    let scaler = json!({"metadata": {"name": "busy"}, "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"},
        "minReplicas": 2, "maxReplicas": 5,
    }});
    let path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
    crate::support::post(&stage.simulator, path, &scaler).ok();
    let before = stage.simulator.objects();
    let failure = stage.scale(&["--replicas", "3"]).failed("autoscaler-fights", 3);
    assert!(failure.message.contains("HorizontalPodAutoscaler `busy`"), "{failure}");
    assert_eq!(stage.simulator.objects(), before);
}

/// A runbook of somebody's own, which calls its set something else.
fn grows() -> Runbook {
    let target = r#"#{ name: "target", type: "statefulset", positional: true, prompt: "Set", help: "The set." }"#;
    let source = format!(
        "const RUNBOOK = #{{ api: 1, summary: \"grows\", effects: [\"scale\"], params: [{target}] }};
         fn run(p) {{ let set = p.target; set.scale(set.replicas + 1); set.wait_ready(\"10m\"); }}"
    );
    Runbook::from_source("grows".to_owned(), source).expect("it compiles")
}

#[test]
fn a_later_run_stands_in_the_way_of_an_undo_if_it_was_about_the_same_set_whatever_it_calls_it() {
    let stage = Stage::new(2);
    let mut other = specimen::set(1);
    other["metadata"]["name"] = json!("other");
    crate::support::post(&stage.simulator, SETS, &other).ok();
    stage.simulator.pass(Duration::from_mins(5));
    for set in ["web", "other"] {
        stage.play(&grows(), &[set, "--yes"]).done();
    }
    let first = stage.runs().pop().unwrap();
    let back = RunFlags::from(ApprovalFlags { yes: true, no_app_check: true, ..ApprovalFlags::default() });
    stage.run(async |context| undo(Some(&first), &back, context).await).done();
    let scaled = stage.scale(&["--replicas", "1", "--claims", "keep", "--settle", "0s"]).done();
    assert_eq!(scaled.plan.unwrap().effects(), 1);
    let scaled = stage.runs().remove(0);
    stage.play(&grows(), &["web", "--yes"]).done();
    let later = stage.runs().remove(0);
    let failure = stage.run(async |context| undo(Some(&scaled), &back, context).await).failed("later-run", 3);
    assert!(failure.message.contains(&later), "{failure}");
}

/// A volume whose policy stays gets a mark, and no policy.
#[test]
fn where_only_the_mark_is_written_no_policy_is_shown_as_changed() {
    let stage = Stage::new(1);
    for (path, _) in volumes(&stage, "-web-0") {
        change(&stage, &path, &json!({ "spec": { "persistentVolumeReclaimPolicy": "Retain" } }));
    }
    let book = "fn run(p) { p.set.members()[0].protect(); }";
    let plan = stage.play_own(&["protect"], book, &["web", "--yes"]).done().plan.unwrap();
    let changes: Vec<&String> = plan
        .lines
        .iter()
        .filter_map(|line| match line {
            Line::Effect { verb, change, .. } if verb == "protect" => Some(change),
            _ => None,
        })
        .collect();
    assert_eq!(changes.len(), 2);
    for change in changes {
        assert!(change.contains("kubectl-stateful/run nothing → ") && !change.contains("Retain"), "{change}");
    }
    taken_back(&stage).done();
    assert!(volumes(&stage, "-web-0").iter().all(|(_, volume)| Mark::read(volume).is_none()));
    let again = stage.play_own(&["protect"], book, &["web", "--yes"]).done().plan.unwrap();
    assert_eq!(again.effects(), 2, "it is no change that was made before");
}
