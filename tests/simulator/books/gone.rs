//! Retired volumes of a set that is gone.

use std::time::Duration;

use kubectl_stateful::commands::runbook::flags::{ApprovalFlags, RunFlags};
use kubectl_stateful::commands::runbook::undo;
use kubectl_stateful::runbook::script::Runbook;
use serde_json::json;

use super::{SETS, Stage};
use crate::support::{delete, merge, post};

/// A set that had two members and is gone; the volumes of one are retired.
fn without_the_set() -> Stage {
    let stage = Stage::new(2);
    stage.scale(&["--replicas", "1", "--claims", "retire", "--settle", "0s"]).done();
    delete(&stage.simulator, &format!("{SETS}/web")).ok();
    stage.simulator.pass(Duration::from_mins(5));
    stage
}

fn phases(stage: &Stage) -> Vec<String> {
    let volumes = stage.get("/api/v1/persistentvolumes");
    let mut found: Vec<String> =
        volumes["items"].as_array().unwrap().iter().map(|it| it["status"]["phase"].to_string()).collect();
    found.sort();
    found
}

#[test]
fn they_are_purged_by_its_name() {
    let stage = without_the_set();
    let purge = Runbook::shipped("purge-volumes").unwrap();
    stage.play(&purge, &["web", "--yes"]).failed("not-confirmed", 3);
    stage.play(&purge, &["web", "--yes", "--confirm", "web"]).done();
    assert_eq!(phases(&stage), ["\"Bound\""; 2]);
}

#[test]
fn they_come_back_under_their_claims_by_its_name() {
    let stage = without_the_set();
    let restore = Runbook::shipped("restore-volumes").unwrap();
    let failure = stage.play(&restore, &["web", "--yes", "--scale"]).failed("guard", 3);
    assert!(failure.message.contains("--scale"), "{failure}");
    stage.play(&restore, &["web", "--yes"]).done();
    assert_eq!(phases(&stage), ["\"Bound\""; 4]);
}

/// Volumes for the second member that can be reached from one node alone.
fn pinned(stage: &Stage, node: &str) {
    let class = stage.get("/apis/storage.k8s.io/v1/storageclasses")["items"][0]["metadata"]["name"].clone();
    let term = json!({"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]});
    for template in ["data", "log"] {
        let volume = json!({"metadata": {"name": format!("disk-{template}")}, "spec": {
            "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "storageClassName": class,
            "persistentVolumeReclaimPolicy": "Retain", "local": {"path": format!("/srv/{template}")},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
            "claimRef": {"namespace": "default", "name": format!("{template}-web-1")},
        }});
        post(&stage.simulator, "/api/v1/persistentvolumes", &volume).ok();
    }
}

#[test]
fn a_volume_comes_back_only_where_a_member_can_run_with_it() {
    let stage = Stage::new(1);
    let node = stage.get("/api/v1/nodes")["items"][0]["metadata"]["name"].as_str().unwrap().to_owned();
    pinned(&stage, &node);
    stage.scale(&["--replicas", "2"]).done();
    stage.scale(&["--replicas", "1", "--claims", "retire", "--settle", "0s"]).done();
    let closed = |is| json!({"spec": {"unschedulable": is}});
    let path = format!("/api/v1/nodes/{node}");
    merge(&stage.simulator, &path, &closed(true)).ok();
    let restore = Runbook::shipped("restore-volumes").unwrap();
    let before = stage.simulator.objects();
    let failure = stage.play(&restore, &["web", "--yes"]).failed("volume-out-of-reach", 3);
    assert!(failure.message.contains(&node) && failure.message.contains("closed"), "{failure}");
    assert_eq!(stage.simulator.objects(), before);
    let flags = RunFlags::from(ApprovalFlags { yes: true, ..ApprovalFlags::default() });
    let retired = stage.runs().remove(0);
    stage.run(async |context| undo(Some(&retired), &flags, context).await).failed("volume-out-of-reach", 3);
    merge(&stage.simulator, &path, &closed(false)).ok();
    stage.play(&restore, &["web", "--yes"]).done();
}

#[test]
fn what_needs_the_set_says_that_it_is_not_there() {
    let stage = without_the_set();
    stage.play(&Runbook::shipped("retire-leftovers").unwrap(), &["web", "--yes"]).failed("no-set", 3);
    let failure = stage.play(&Runbook::shipped("purge-volumes").unwrap(), &["wob", "--yes"]).failed("guard", 3);
    assert!(failure.message.contains("there is nothing to purge for wob"), "{failure}");
}
