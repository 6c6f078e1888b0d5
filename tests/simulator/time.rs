//! The virtual clock, actors, the commit hook, and one history for each seed.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use kubectl_stateful::simulator::controllers::{Controller, EventType, Part, Step, Target, View, Write};
use kubectl_stateful::simulator::{Advance, Options, Simulator};
use serde_json::json;

use crate::support::*;

/// Marks each pod once, a minute after its creation, and tells about it.
struct Marker;

impl Controller for Marker {
    fn name(&self) -> &'static str {
        "marker"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        let mut step = Step::default();
        for pod in view.list("Pod") {
            let created: Timestamp = pod["metadata"]["creationTimestamp"].as_str().unwrap().parse().unwrap();
            let due = created + seconds(60);
            if pod["metadata"]["labels"]["marked"] == "yes" {
                continue;
            }
            if now < due {
                step.wake = Some(due);
                continue;
            }
            let target = Target {
                kind: "Pod".to_owned(),
                namespace: "default".to_owned(),
                name: pod["metadata"]["name"].as_str().unwrap().to_owned(),
            };
            let marking = [
                Write::Patch {
                    target: target.clone(),
                    patch: json!({"metadata": {"labels": {"marked": "yes"}}}).into(),
                },
                Write::Bind { target: target.clone(), node: "node-a".to_owned() },
                Write::Event {
                    target,
                    kind: EventType::Normal,
                    reason: "Marked".to_owned(),
                    message: "marked it".to_owned(),
                },
            ];
            step.parts.extend(marking.map(Part::Write));
        }
        step
    }
}

/// Asks for a pod in a namespace that is not there, then for one that could be.
struct Stubborn;

impl Controller for Stubborn {
    fn name(&self) -> &'static str {
        "stubborn"
    }

    fn step(&self, _: &dyn View, _: Timestamp) -> Step {
        let map = |namespace: &str| {
            let mut object = map("stubborn");
            object["metadata"]["namespace"] = json!(namespace);
            Write::Create(object)
        };
        Step::from(vec![map("nowhere"), map("default")])
    }
}

fn with(controllers: Vec<Box<dyn Controller>>) -> Simulator {
    Simulator::with_controllers(Options { seed: 7, ..Options::default() }, controllers)
}

fn pod() -> serde_json::Value {
    json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
}

#[test]
fn time_jumps_to_the_next_event_and_stops_at_the_limit() {
    let cluster = with(vec![Box::new(Marker)]);
    while cluster.advance(seconds(1)) != Advance::Idle {}
    post(&cluster, PODS, &pod()).ok();
    let start = cluster.now();
    cluster.advance(seconds(600));
    assert!(cluster.now() < start + seconds(1), "the actor looks at the new pod soon");
    cluster.advance(seconds(20));
    let labels = || get(&cluster, &format!("{PODS}/p")).ok()["metadata"]["labels"].clone();
    assert!(labels().is_null(), "not yet due");
    assert_eq!(cluster.advance(seconds(600)), Advance::Passed);
    assert_eq!(labels()["marked"], "yes");
    let pod = get(&cluster, &format!("{PODS}/p")).ok();
    assert_eq!(pod["spec"]["nodeName"], "node-a");
    let manager = pod["metadata"]["managedFields"].as_array().unwrap().iter().any(|entry| entry["manager"] == "marker");
    assert!(manager, "actors write under their own name");
    let events = get(&cluster, "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dp").ok();
    assert_eq!(events["items"][0]["reason"], "Marked");
    assert_eq!(events["items"][0]["source"]["component"], "marker");
    while cluster.advance(seconds(1)) != Advance::Idle {}
    let before = cluster.now();
    assert_eq!(cluster.advance(seconds(5)), Advance::Idle);
    assert_eq!(cluster.now(), before + seconds(5), "time passes nevertheless");
}

#[test]
fn an_actor_stops_at_its_first_refused_write() {
    let cluster = with(vec![Box::new(Stubborn)]);
    while cluster.advance(seconds(1)) != Advance::Idle {}
    assert_eq!(get(&cluster, &format!("{MAPS}/stubborn")).code, 404);
    let refused = cluster.refused_writes();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].contains("namespaces \"nowhere\" not found"), "{refused:?}");
}

#[test]
fn the_same_seed_and_requests_give_the_same_history() {
    let history = |seed| {
        let options = Options { seed, ..Options::default() };
        let cluster = Simulator::with_controllers(options, vec![Box::new(Marker)]);
        let commits = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&commits);
        cluster.on_commit(Box::new(move |commit| {
            told.lock().unwrap().push(format!("{} {} {:?}", commit.revision, commit.at, commit.after));
        }));
        post(&cluster, PODS, &pod()).ok();
        post(&cluster, MAPS, &json!({"metadata": {"generateName": "g-"}})).ok();
        for _ in 0..10 {
            cluster.advance(seconds(30));
        }
        get(&cluster, &format!("{PODS}/nix?pretty=true"));
        let commits = commits.lock().unwrap().clone();
        (cluster.request_log(), commits)
    };
    assert_eq!(history(1), history(1));
    assert_ne!(history(1).1, history(2).1, "names depend on the seed");
    let (log, commits) = history(1);
    assert_eq!(log.last().map(String::as_str), Some("GET /api/v1/namespaces/default/pods/nix?pretty=true 404"));
    assert_eq!(commits.len(), 5, "pod, map, label, binding, event");
}

#[test]
fn a_dry_run_changes_nothing_and_tells_no_hook() {
    let cluster = cluster();
    let count = Arc::new(Mutex::new(0));
    let told = Arc::clone(&count);
    cluster.on_commit(Box::new(move |_| *told.lock().unwrap() += 1));
    let shown = post(&cluster, &format!("{MAPS}?dryRun=All"), &map("a")).ok();
    assert!(shown["metadata"]["uid"].is_string());
    assert_eq!(get(&cluster, &format!("{MAPS}/a")).code, 404);
    assert_eq!(*count.lock().unwrap(), 0);
}
