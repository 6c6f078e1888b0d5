//! Disruption budgets where time passes: what an eviction took is given back if
//! the pod stays. (What the real server answers is in the corpus.)

use std::time::Duration;

use kubectl_stateful::simulator::{Advance, Options, Simulator};
use serde_json::{Value, json};

use crate::support::*;

const BUDGETS: &str = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

fn run(simulator: &Simulator, seconds: u64) {
    let end = simulator.now() + Duration::from_secs(seconds);
    while simulator.now() < end
        && simulator.advance(simulator.now().duration_until(end).unsigned_abs()) == Advance::Passed
    {}
}

/// Three pods with a budget of two, at rest.
fn with_budget() -> Simulator {
    let simulator = Simulator::in_memory(Options::default());
    let budget = json!({"metadata": {"name": "b"}, "spec": {
        "minAvailable": 2, "selector": {"matchLabels": {"app": "a"}},
    }});
    post(&simulator, BUDGETS, &budget).ok();
    for name in ["a", "b", "c"] {
        let pod = json!({"metadata": {"name": name, "labels": {"app": "a"}}, "spec": {
            "containers": [{"name": "c", "image": "i"}],
        }});
        post(&simulator, PODS, &pod).ok();
    }
    run(&simulator, 10);
    simulator
}

fn status(simulator: &Simulator) -> Value {
    get(simulator, &format!("{BUDGETS}/b")).ok()["status"].clone()
}

fn evict(simulator: &Simulator, name: &str, options: &Value) -> Answer {
    let body = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, "deleteOptions": options,
    });
    post(simulator, &format!("{PODS}/{name}/eviction"), &body)
}

#[test]
fn an_eviction_that_came_to_nothing_is_given_back_after_two_minutes() {
    let simulator = with_budget();
    assert_eq!(status(&simulator)["disruptionsAllowed"], 1);
    assert_eq!(evict(&simulator, "a", &json!({"preconditions": {"uid": "other"}})).code, 409);
    run(&simulator, 100);
    let held = status(&simulator);
    assert_eq!((&held["disruptionsAllowed"], &held["currentHealthy"]), (&json!(0), &json!(2)), "{held}");
    let told = evict(&simulator, "b", &json!(null))
        .refused(429, "Cannot evict pod as it would violate the pod's disruption budget.");
    assert_eq!(
        told["details"]["causes"][0]["message"],
        "The disruption budget b needs 2 healthy pods and has 2 currently"
    );
    run(&simulator, 30);
    let held = status(&simulator);
    assert_eq!((&held["disruptionsAllowed"], &held["disruptedPods"]), (&json!(1), &json!(null)), "{held}");
}

#[test]
fn the_mark_of_an_eviction_that_came_to_nothing_is_taken_back() {
    let simulator = with_budget();
    let pod = get(&simulator, &format!("{PODS}/a")).ok();
    let mut conditions = pod["status"]["conditions"].as_array().unwrap().clone();
    let now = get(&simulator, &format!("{PODS}/a")).ok()["status"]["startTime"].clone();
    conditions
        .push(json!({"type": "DisruptionTarget", "status": "True", "reason": "Other", "lastTransitionTime": now}));
    merge(&simulator, &format!("{PODS}/a/status"), &json!({"status": {"conditions": conditions}})).ok();
    let mark = || {
        let pod = get(&simulator, &format!("{PODS}/a")).ok();
        let found =
            pod["status"]["conditions"].as_array().unwrap().iter().find(|one| one["type"] == "DisruptionTarget");
        found.unwrap()["status"].clone()
    };
    run(&simulator, 60);
    assert_eq!(mark(), "True");
    run(&simulator, 60);
    assert_eq!(mark(), "False");
}

#[test]
fn a_budget_that_cannot_be_worked_out_allows_nothing_and_says_why() {
    let simulator = with_budget();
    let map = post(&simulator, MAPS, &map("owner")).ok();
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": map["metadata"]["uid"],
                        "controller": true}]);
    merge(&simulator, &format!("{PODS}/a"), &json!({"metadata": {"ownerReferences": owner}})).ok();
    merge(&simulator, &format!("{BUDGETS}/b"), &json!({"spec": {"minAvailable": "50%"}})).ok();
    run(&simulator, 5);
    let held = status(&simulator);
    assert_eq!(held["disruptionsAllowed"], 0);
    assert_eq!(held["conditions"][0]["reason"], "SyncFailed", "{held}");
    assert_eq!(held["conditions"][0]["message"], "configmaps does not implement the scale subresource");
}
