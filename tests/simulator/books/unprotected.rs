//! `--unprotected`: claims go although nobody may protect their volumes. What
//! becomes of the data stands in the plan, and holds.

use std::sync::Arc;

use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::undo;
use kubectl_stateful::facts::mark::Mark;
use kubectl_stateful::runs::plan::{Line, Plan, Undo};
use kubectl_stateful::runs::rights::Reviewed;
use kubectl_stateful::simulator::Simulator;
use serde_json::{Value, json};

use super::Stage;
use crate::support::{get, merge, post};

const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";
const VOLUMES: &str = "/api/v1/persistentvolumes";

/// What somebody does while a member goes.
type Trouble = fn(&Simulator);

/// All rights on volumes.
const NONE_ON_VOLUMES: &[(&str, &str)] =
    &[("get", "persistentvolumes"), ("list", "persistentvolumes"), ("patch", "persistentvolumes")];

fn words(claims: &'static str) -> Vec<&'static str> {
    vec!["--replicas", "1", "--claims", claims, "--unprotected", "--settle", "0s"]
}

fn confirmed(claims: &'static str) -> Vec<&'static str> {
    [words(claims), vec!["--confirm", "web"]].concat()
}

fn of_kind(stage: &Stage, kind: &str) -> Vec<Arc<Value>> {
    stage.simulator.objects().into_iter().filter(|object| object["kind"] == kind).collect()
}

/// Somebody who may turns the volumes of these claims to this policy.
fn turn(simulator: &Simulator, claims: &[&str], policy: &str) {
    for name in claims {
        let claim = get(simulator, &format!("{CLAIMS}/{name}")).ok();
        let volume = format!("{VOLUMES}/{}", claim["spec"]["volumeName"].as_str().unwrap());
        merge(simulator, &volume, &json!({"spec": {"persistentVolumeReclaimPolicy": policy}})).ok();
    }
}

/// Two members, whose volumes were made `Retain` by their class or by hand.
fn retaining() -> Stage {
    let stage = Stage::new(2);
    turn(&stage.simulator, &["data-web-0", "log-web-0", "data-web-1", "log-web-1"], "Retain");
    stage
}

/// What the plan says of each claim that goes: that nothing takes it back stands beside it.
fn given_up(plan: &Plan) -> Vec<String> {
    let change = |line: &'_ Line| match line {
        Line::Effect { verb, undo: Undo::Impossible, undo_by, change, .. } if undo_by.is_empty() => {
            (verb == "give-up").then(|| change.clone())
        }
        _ => None,
    };
    plan.lines.iter().filter_map(change).collect()
}

#[test]
fn without_any_right_on_volumes_claims_go_once_the_name_is_typed() {
    let stage = Stage::without(3, NONE_ON_VOLUMES);
    let before = stage.simulator.objects();
    let said = stage.scale(&words("destroy"));
    let plan = said.plan.clone().unwrap();
    assert_eq!(given_up(&plan), ["deleted; whether its data go with it is not known"; 4], "{:?}", plan.lines);
    assert!(plan.rights.iter().all(|right| !right.is_missing()), "{:?}", plan.rights);
    let failure = said.failed("not-confirmed", 3);
    assert!(failure.hints.concat().contains("--confirm web"), "{failure}");
    assert_eq!(stage.simulator.objects(), before, "`--yes` alone gives nothing up");
    let plan = stage.scale(&confirmed("destroy")).done().plan.unwrap();
    let asked: Vec<_> = plan.rights.iter().map(Reviewed::words).collect();
    assert!(!asked.contains(&"patch persistentvolumes".to_owned()), "{asked:?}");
    assert_eq!(of_kind(&stage, "PersistentVolumeClaim").len(), 2);
    assert_eq!(of_kind(&stage, "PersistentVolume").len(), 2, "their class deletes them");
}

#[test]
fn retire_promises_the_data_and_takes_no_claim_whose_volume_may_go() {
    for stage in [Stage::without(2, NONE_ON_VOLUMES), Stage::new(2)] {
        let before = stage.simulator.objects();
        let failure = stage.scale(&confirmed("retire")).failed("guard", 3);
        for part in ["data-web-1", "not known to be Retain", "--claims destroy", "nothing was changed"] {
            assert!(failure.message.contains(part), "{part}: {failure}");
        }
        assert_eq!(stage.simulator.objects(), before);
    }
    let failure = Stage::new(2).scale(&confirmed("keep")).failed("guard", 3);
    assert!(failure.message.contains("need no protection"), "{failure}");
}

#[test]
fn volumes_that_are_retain_stay_with_their_data_and_the_plan_says_so() {
    let stage = retaining();
    stage.scale(&words("retire")).failed("not-confirmed", 3);
    let said = stage.scale(&confirmed("retire")).done();
    assert_eq!(given_up(&said.plan.unwrap()), ["deleted; its volume is Retain and stays with its data"; 2]);
    assert!(said.text.contains("claims that went unprotected do not come back"), "{}", said.text);
    assert_eq!(of_kind(&stage, "PersistentVolumeClaim").len(), 2);
    let volumes = of_kind(&stage, "PersistentVolume");
    let released = volumes.iter().filter(|volume| volume["status"]["phase"] == "Released");
    assert!(volumes.len() == 4 && released.count() == 2, "{volumes:?}");
    assert!(volumes.iter().all(|volume| Mark::read(volume).is_none()), "nobody wrote on them");
}

#[test]
fn an_undo_names_the_claims_and_takes_back_the_rest() {
    let stage = retaining();
    stage.scale(&confirmed("retire")).done();
    let flags = RunFlags::from(ApprovalFlags { yes: true, ..ApprovalFlags::default() });
    let said = stage.run(async |context| undo(None, &flags, context).await);
    let failure = said.failed("data-destroyed", 4);
    for part in ["PersistentVolumeClaim/data-web-1", "PersistentVolumeClaim/log-web-1", "all else is taken back"] {
        assert!(failure.message.contains(part), "{part}: {failure}");
    }
    assert_eq!(stage.get("/apis/apps/v1/namespaces/default/statefulsets/web")["spec"]["replicas"], 2);
}

#[test]
fn a_policy_that_turns_after_the_plan_stops_the_run_before_anything_changes() {
    let stage = retaining().with_meddler(|simulator, _, path| {
        if path.contains("/leases") {
            turn(simulator, &["data-web-1"], "Delete");
        }
    });
    // The preflight has looked before, and the run reads anew.
    let failure = stage.scale(&confirmed("retire")).failed("diverged", 6);
    for part in ["is Retain and stays", "goes with its data"] {
        assert!(failure.message.contains(part), "{failure}");
    }
    assert_eq!(of_kind(&stage, "PersistentVolumeClaim").len(), 4);
}

#[test]
fn what_turns_while_the_member_goes_keeps_all_of_its_claims() {
    fn turned(simulator: &Simulator) {
        turn(simulator, &["log-web-1"], "Delete");
    }
    fn owned(simulator: &Simulator) {
        let map = json!({"metadata": {"name": "owner"}, "data": {}});
        let map = post(simulator, "/api/v1/namespaces/default/configmaps", &map).ok();
        let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": map["metadata"]["uid"]});
        merge(simulator, &format!("{CLAIMS}/log-web-1"), &json!({"metadata": {"ownerReferences": [owner]}})).ok();
    }
    let troubles: [(&str, Trouble); 2] = [("fate-not-as-shown", turned), ("claim-owned", owned)];
    for (code, act) in troubles {
        let stage = retaining().with_meddler(move |simulator, method, path| {
            if *method == http::Method::PUT && path.contains("/scale") {
                act(simulator);
            }
        });
        let failure = stage.scale(&confirmed("retire")).failed(code, 4);
        assert!(failure.message.contains("log-web-1") && failure.message.contains("data-web-1"), "{failure}");
        let left = of_kind(&stage, "PersistentVolumeClaim");
        let stays = left.iter().filter(|claim| claim["metadata"]["deletionTimestamp"].is_null());
        assert_eq!(stays.count(), 4, "{code}: neither goes without the other");
    }
}

#[test]
fn a_script_of_ones_own_gives_nothing_up_before_the_name_is_typed() {
    let stage = retaining();
    stage.scale(&["--replicas", "1", "--claims", "keep", "--settle", "0s"]).done();
    let gives = "for claim in p.set.leftovers() { claim.give_up(); }";
    let failure = stage.play_own(&["give-up"], &format!("fn run(p) {{ {gives} }}"), &["web", "--yes"]);
    failure.failed("name-not-typed", 3);
    stage
        .play_own(&["delete-claim"], &format!("fn run(p) {{ {gives} }}"), &["web", "--yes"])
        .failed("effect-refused", 2);
    assert_eq!(of_kind(&stage, "PersistentVolumeClaim").len(), 4);
    let asks = format!("fn run(p) {{ confirm(\"go on?\", #{{ typed: p.set.name }}); {gives} }}");
    stage.play_own(&["give-up"], &asks, &["web", "--yes", "--confirm", "web"]).done();
    assert_eq!(of_kind(&stage, "PersistentVolumeClaim").len(), 2);
}

#[test]
fn whoever_gives_claims_up_is_warned_of_data_that_stay_and_of_what_is_not_known() {
    let warned = |stage: &Stage| {
        let plan = stage.scale(&[confirmed("destroy"), vec!["--plan-only"]].concat()).done().plan.unwrap();
        let text = |line: &Line| if let Line::Caution { text } = line { Some(text.clone()) } else { None };
        plan.lines.iter().filter_map(text).collect::<Vec<String>>()
    };
    let told = |what: &str| ["data-web-1", "log-web-1"].map(|name| what.replace("NAME", name));
    let stays = "the volume of claim NAME is Retain: its data stay on it, and whoever may deletes it later";
    assert_eq!(warned(&retaining()), told(stays));
    let unknown = "what the volume of claim NAME does is not known: its data go only if that is not Retain";
    assert_eq!(warned(&Stage::without(2, NONE_ON_VOLUMES)), told(unknown));
    assert!(warned(&Stage::new(2)).is_empty(), "their data go, as was asked for");
}
