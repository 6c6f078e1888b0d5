//! All templates of a member or none.

use std::time::Duration;

use kubectl_stateful::commands::runbook::volumes;
use kubectl_stateful::runbook::script::Runbook;
use kubectl_stateful::runs::plan::Line;
use kubectl_stateful::simulator::Simulator;
use serde_json::{Value, json};

use super::{SETS, Said, Stage};
use crate::support::{delete, get, merge, post};

const CLAIMS: &str = "/api/v1/namespaces/default/persistentvolumeclaims";
const VOLUMES: &str = "/api/v1/persistentvolumes";

fn shipped(stage: &Stage, name: &str, words: &[&str]) -> Said {
    stage.play(&Runbook::shipped(name).unwrap(), &[&["web", "--yes"], words].concat())
}

fn goes(stage: &Stage, path: &str) {
    delete(&stage.simulator, path).ok();
    stage.simulator.pass(Duration::from_mins(5));
}

fn of_claim(stage: &Stage, claim: &str) -> Option<Value> {
    let volumes = stage.get(VOLUMES)["items"].as_array().cloned().unwrap();
    volumes.into_iter().find(|volume| volume["spec"]["claimRef"]["name"] == claim)
}

#[test]
fn leftover_claims_are_retired_by_whole_members() {
    let stage = Stage::new(3);
    stage.scale(&["--replicas", "1", "--claims", "keep", "--settle", "0s"]).done();
    goes(&stage, &format!("{CLAIMS}/log-web-2"));
    let failure = shipped(&stage, "retire-leftovers", &[]).failed("guard", 3);
    for part in ["member 2", "1 of 2", "kubectl delete", "data-web-2", "nothing was changed"] {
        assert!(failure.message.contains(part), "{part}: {failure}");
    }
    goes(&stage, &format!("{CLAIMS}/data-web-2"));
    shipped(&stage, "retire-leftovers", &[]).done();
    for claim in ["data-web-1", "log-web-1"] {
        let volume = of_claim(&stage, claim).unwrap();
        assert_eq!((&volume["status"]["phase"], volume["metadata"]["labels"].is_null()), (&"Released".into(), false));
    }
}

/// What somebody does to the second claim of a member while it goes.
type Trouble = fn(&Simulator);

fn turned_back(simulator: &Simulator) {
    let claim = get(simulator, &format!("{CLAIMS}/log-web-2")).ok();
    let volume = format!("{VOLUMES}/{}", claim["spec"]["volumeName"].as_str().unwrap());
    merge(simulator, &volume, &json!({"spec": {"persistentVolumeReclaimPolicy": "Delete"}})).ok();
}

fn owned(simulator: &Simulator) {
    let map = json!({"metadata": {"name": "owner"}, "data": {}});
    let map = post(simulator, "/api/v1/namespaces/default/configmaps", &map).ok();
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": map["metadata"]["uid"]});
    merge(simulator, &format!("{CLAIMS}/log-web-2"), &json!({"metadata": {"ownerReferences": [owner]}})).ok();
}

#[test]
fn what_stands_against_the_second_claim_of_a_member_keeps_the_first() {
    for (trouble, code) in [(turned_back as Trouble, "volume-not-kept"), (owned, "claim-owned")] {
        let stage = Stage::new(3).with_meddler(move |simulator, method, path| {
            if method == http::Method::PUT && path.contains("/scale") {
                trouble(simulator);
            }
        });
        let failure = stage.scale(&["--replicas", "2", "--claims", "retire", "--settle", "0s"]).failed(code, 4);
        assert!(failure.message.contains("data-web-2") && failure.message.contains("log-web-2"), "{failure}");
        assert_eq!(stage.get(CLAIMS)["items"].as_array().unwrap().len(), 6, "{failure}");
    }
}

#[test]
fn a_member_of_which_a_volume_is_gone_does_not_keep_the_others() {
    let stage = Stage::new(3);
    stage.scale(&["--replicas", "1", "--claims", "retire", "--settle", "0s"]).done();
    let gone = of_claim(&stage, "log-web-2").unwrap();
    goes(&stage, &format!("{VOLUMES}/{}", gone["metadata"]["name"].as_str().unwrap()));
    let failure = shipped(&stage, "restore-volumes", &["--ordinal", "2"]).failed("guard", 3);
    assert!(failure.message.contains("only 1 of 2 volumes of member 2"), "{failure}");
    let plan = shipped(&stage, "restore-volumes", &[]).done().plan.unwrap();
    assert!(format!("{:?}", plan.lines).contains("only 1 of 2 volumes of member 2"), "{plan:?}");
    let phase = |claim: &str| of_claim(&stage, claim).unwrap()["status"]["phase"].clone();
    assert_eq!(["data-web-1", "log-web-1", "data-web-2"].map(phase), ["Bound", "Bound", "Released"]);
}

#[test]
fn a_scale_up_tells_of_a_member_that_is_retired_by_half() {
    let stage = Stage::new(2);
    stage.scale(&["--replicas", "1", "--claims", "retire", "--settle", "0s"]).done();
    let like = stage.get(&format!("{CLAIMS}/log-web-0"));
    let claim = json!({ "metadata": { "name": "log-web-1", "labels": like["metadata"]["labels"] }, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } },
    } });
    post(&stage.simulator, CLAIMS, &claim).ok();
    stage.simulator.pass(Duration::from_mins(5));
    let said = shipped(&stage, "scale-up", &["--replicas", "2", "--plan-only"]).done();
    let plan = said.plan.unwrap();
    let text = |line: &Line| if let Line::Caution { text } = line { Some(text.clone()) } else { None };
    let warned: Vec<String> = plan.lines.iter().filter_map(text).collect();
    assert_eq!(warned.len(), 3, "{warned:?}");
    assert!(warned[0].starts_with("claim log-web-1 is there already"), "{warned:?}");
    for warning in &warned[1..] {
        let part =
            "holds another part of the data that member 1 had: the member starts without it, beside claim log-web-1";
        assert!(warning.contains(part), "{warning}");
    }
}

#[test]
fn a_list_of_volumes_says_which_pod_still_uses_a_claim_that_its_set_wants_no_more() {
    let stage = Stage::new(2);
    let listed = || stage.run(async |context| volumes(false, context).await).done().text;
    merge(&stage.simulator, &format!("{SETS}/web"), &json!({ "spec": { "replicas": 1 } })).ok();
    let line = |text: &str| text.lines().find(|line| line.starts_with("data-web-1")).unwrap().to_owned();
    let text = listed();
    assert!(line(&text).contains("pod web-1 still uses it, and the set wants that no more"), "{text}");
    stage.simulator.pass(Duration::from_mins(5));
    let text = listed();
    assert!(line(&text).contains("no member uses it, and the next scale-up finds its data"), "{text}");
    assert!(!text.contains("web-0"), "{text}");
}
