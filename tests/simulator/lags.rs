//! Actors whose caches are behind: what they do on old news costs more looks,
//! but a set comes to the same end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubectl_stateful::simulator::controllers::all::all;
use kubectl_stateful::simulator::{Advance, Options, Simulator};
use serde_json::{Value, json};

use crate::support::*;

const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";

fn settle(simulator: &Simulator) {
    while simulator.advance(Duration::from_mins(1)) == Advance::Passed {}
}

/// The life of a set with caches that are at most so many revisions behind:
/// each commit, and the names of what is left.
fn life(seed: u64, behind: u64) -> (Vec<String>, Value) {
    let lags = all().iter().map(|actor| (actor.name().to_owned(), behind)).collect();
    let simulator = Simulator::in_memory(Options { seed, lags, ..Options::default() });
    let commits = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&commits);
    simulator.on_commit(Box::new(move |commit| {
        noted.lock().unwrap().push(format!("{} {} {}/{}", commit.at, commit.by, commit.kind.kind, commit.name));
    }));
    let set = json!({"metadata": {"name": "web"}, "spec": {
        "serviceName": "web", "replicas": 3, "selector": {"matchLabels": {"app": "web"}},
        "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete", "whenDeleted": "Retain"},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i:0"}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        }}],
    }});
    post(&simulator, SETS, &set).ok();
    settle(&simulator);
    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i:1"}]}}}});
    merge(&simulator, &format!("{SETS}/web"), &image).ok();
    settle(&simulator);
    merge(&simulator, &format!("{SETS}/web"), &json!({"spec": {"replicas": 2}})).ok();
    settle(&simulator);
    let status = get(&simulator, &format!("{SETS}/web")).ok()["status"].clone();
    let names = |path: &str| -> Vec<Value> {
        let list = get(&simulator, path).ok();
        list["items"].as_array().unwrap().iter().map(|one| one["metadata"]["name"].clone()).collect()
    };
    let end = json!({
        "ready": status["readyReplicas"], "updated": status["updatedReplicas"], "pods": names(PODS),
        "claims": names(CLAIMS), "volumes": names("/api/v1/persistentvolumes").len(),
    });
    let commits = commits.lock().unwrap().clone();
    (commits, end)
}

#[test]
fn a_set_comes_to_the_same_end_on_old_news() {
    let (prompt, end) = life(1, 0);
    assert_eq!(
        end,
        json!({
            "ready": 2, "updated": 2, "pods": ["web-0", "web-1"], "claims": ["data-web-0", "data-web-1"], "volumes": 2,
        })
    );
    for seed in 0..8 {
        let (late, late_end) = life(seed, 12);
        assert_eq!(late_end, end, "seed {seed}");
        assert_ne!(late, prompt, "nobody was behind");
    }
}

#[test]
fn who_is_behind_and_how_far_depends_on_the_seed_alone() {
    assert_eq!(life(3, 12), life(3, 12));
    assert_ne!(life(3, 12).0, life(4, 12).0);
}
