//! What a cluster holds does not grow with what was said to it. (The bench
//! `cluster` does the same with more of everything, and prints figures.)

use std::time::Duration;

use kubectl_stateful::simulator::{Advance, Options, Simulator};
use serde_json::json;

use crate::support::*;

const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";

fn run(simulator: &Simulator, seconds: u64) {
    let end = simulator.now() + Duration::from_secs(seconds);
    while simulator.now() < end
        && simulator.advance(simulator.now().duration_until(end).unsigned_abs()) == Advance::Passed
    {}
}

#[test]
fn history_and_log_are_bounded() {
    let simulator = cluster();
    let empty = simulator.sizes();
    post(&simulator, MAPS, &map("m")).ok();
    let first = get(&simulator, &format!("{MAPS}/m")).ok()["metadata"]["resourceVersion"].clone();
    for number in 0..2_500 {
        merge(&simulator, &format!("{MAPS}/m"), &json!({"data": {"a": number.to_string()}})).ok();
    }
    for _ in 0..18_000 {
        get(&simulator, "/nothing");
    }
    let held = simulator.sizes();
    assert_eq!((held.history, held.log, held.objects), (2_000, 20_000, empty.objects + 1));
    let too_old = format!("{MAPS}?watch=1&resourceVersion={}", first.as_str().unwrap());
    let line = get(&simulator, &too_old).body;
    assert_eq!(line["object"]["code"], 410, "{line}");
}

#[test]
fn events_are_gone_an_hour_after_they_were_last_seen() {
    let simulator = Simulator::in_memory(Options::default());
    let pod = json!({"metadata": {"name": "stuck"}, "spec": {
        "nodeSelector": {"kind": "none"}, "containers": [{"name": "c", "image": "i"}],
    }});
    post(&simulator, PODS, &pod).ok();
    run(&simulator, 3_000);
    assert_eq!(simulator.sizes().events, 1);
    let event = &get(&simulator, "/api/v1/namespaces/default/events").ok()["items"][0];
    assert_eq!(event["reason"], "FailedScheduling");
    run(&simulator, 700);
    assert_eq!(simulator.sizes().events, 0);
}

#[test]
fn an_hour_of_rollouts_leaves_no_more_than_one() {
    let simulator = Simulator::in_memory(Options::default());
    let set = json!({"metadata": {"name": "web"}, "spec": {
        "serviceName": "web", "replicas": 5, "selector": {"matchLabels": {"app": "web"}}, "revisionHistoryLimit": 2,
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i:0"}]}},
    }});
    post(&simulator, SETS, &set).ok();
    let mut after_an_hour = None;
    for round in 1..=24 {
        let image =
            json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": format!("i:{round}")}]}}}});
        merge(&simulator, &format!("{SETS}/web"), &image).ok();
        run(&simulator, 300);
        let ready = get(&simulator, &format!("{SETS}/web")).ok()["status"]["updatedReplicas"].clone();
        assert_eq!(ready, 5, "round {round}");
        let held = simulator.sizes();
        let most: usize = *after_an_hour.get_or_insert(usize::MAX);
        assert!(round <= 12 || held.objects <= most, "{held:?}, {most} after an hour");
        if round == 12 {
            after_an_hour = Some(held.objects + 5);
        }
    }
}
