//! Pods on their nodes, and the Services that find them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::View;
use super::super::fields::{Fields, later};
use super::super::kubelet::{CRASH_LOOP, IMAGE_ERROR, NEVER_READY, NODE_DOWN, START_SECONDS, STOP_SECONDS};
use super::super::world::World;
use super::{set, world_with};

fn plain(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": "default" },
        "spec": { "restartPolicy": "Always", "containers": [{ "name": "main", "image": "tool:1" }] },
    })
}

#[test]
fn a_pod_becomes_ready_two_seconds_after_its_start_and_keeps_its_times() {
    let mut world = World::new();
    world.put(plain("one"));
    world.run(1);
    let pod = world.object("Pod", "one");
    assert_eq!((pod.phase(), pod.holds("Ready")), ("Pending", false));
    assert_eq!(pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "ContainerCreating");
    world.run(1);
    let ready = world.object("Pod", "one");
    assert_eq!((ready.phase(), ready.holds("Ready")), ("Running", true));
    assert!(ready.text("/status/podIP").starts_with("192.0.2."));
    world.run(100);
    assert_eq!(world.object("Pod", "one")["status"], ready["status"]);
}

#[test]
fn init_containers_run_first_and_take_as_long_again() {
    let mut world = World::new();
    let mut pod = plain("one");
    pod["spec"]["initContainers"] = json!([{ "name": "copy", "image": "tool:1" }]);
    world.put(pod);
    world.run(1);
    let first = world.object("Pod", "one");
    assert!(first["status"]["initContainerStatuses"][0]["state"]["running"].is_object());
    assert!(!first.holds("Initialized"));
    world.run(2);
    let second = world.object("Pod", "one");
    assert!(second.holds("Initialized") && !second.holds("Ready"));
    world.run(1);
    let third = world.object("Pod", "one");
    assert!(third.holds("Ready"));
    assert_eq!(third["status"]["initContainerStatuses"][0]["state"]["terminated"]["reason"], "Completed");
}

#[test]
fn the_knobs_make_a_pod_fail_in_the_ways_that_people_meet() {
    let mut world = World::new();
    for (name, knob) in [("image", IMAGE_ERROR), ("crash", CRASH_LOOP), ("probe", NEVER_READY)] {
        let mut pod = plain(name);
        pod["metadata"]["annotations"] = json!({ knob: "true" });
        world.put(pod);
    }
    world.settle();
    let reason = |name: &str| {
        let pod = world.object("Pod", name);
        (pod.phase().to_owned(), pod.text("/status/containerStatuses/0/state/waiting/reason").to_owned())
    };
    assert_eq!(reason("image"), ("Pending".into(), "ImagePullBackOff".into()));
    assert_eq!(reason("crash"), ("Running".into(), "CrashLoopBackOff".into()));
    assert_eq!(reason("probe"), ("Running".into(), String::new()));
    world.edit("Pod", "probe", json!({ "metadata": { "annotations": { NEVER_READY: null } } }));
    world.settle();
    assert!(world.object("Pod", "probe").holds("Ready"));
}

#[test]
fn a_missing_secret_key_keeps_the_container_from_being_made() {
    let mut world = World::new();
    let mut pod = plain("one");
    let reference = json!({ "secretKeyRef": { "name": "couch", "key": "password" } });
    pod["spec"]["containers"][0]["env"] = json!([{ "name": "PASSWORD", "valueFrom": reference }]);
    world.put(pod);
    world.settle();
    let waiting =
        |world: &World| world.object("Pod", "one")["status"]["containerStatuses"][0]["state"]["waiting"].clone();
    assert_eq!(waiting(&world)["reason"], "CreateContainerConfigError");
    assert_eq!(waiting(&world)["message"], "secret \"couch\" not found");
    world.put(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "couch", "namespace": "default" },
        "data": { "password": "c2VjcmV0" },
    }));
    world.settle();
    assert!(world.object("Pod", "one").holds("Ready"));
}

#[test]
fn a_slow_pod_takes_its_time_but_never_more_than_its_grace_period() {
    for (wanted, gone_after) in [("10", 10), ("300", 30)] {
        let mut world = World::new();
        let mut pod = plain("one");
        pod["metadata"]["annotations"] = json!({ STOP_SECONDS: wanted });
        world.put(pod);
        world.settle();
        world.remove("Pod", "one");
        world.run(gone_after - 1);
        assert!(world.object("Pod", "one").terminating());
        world.run(1);
        assert!(!world.exists("Pod", "one"), "{wanted}");
    }
}

#[test]
fn a_pod_starts_in_the_time_that_it_asks_for() {
    for (wanted, ready_after) in [("0", 0), ("5", 5), ("soon", 2), ("-1", 0), ("99999999999999999999", 2)] {
        let mut world = World::new();
        let mut pod = plain("one");
        pod["metadata"]["annotations"] = json!({ START_SECONDS: wanted });
        world.put(pod);
        for _ in 0..ready_after {
            world.run(0);
            assert!(!world.object("Pod", "one").holds("Ready"), "{wanted}");
            world.run(1);
        }
        world.run(0);
        assert!(world.object("Pod", "one").holds("Ready"), "{wanted}");
    }
}

#[test]
fn on_a_node_that_is_down_nothing_starts_and_nothing_stops() {
    let mut world = world_with(set(1, "local"));
    let node = world.object("Pod", "web-0").text("/spec/nodeName").to_owned();
    world.edit("Node", &node, json!({ "metadata": { "annotations": { NODE_DOWN: "true" } } }));
    world.settle();
    world.remove("Pod", "web-0");
    world.run(600);
    assert!(world.object("Pod", "web-0").terminating());
    world.edit("Node", &node, json!({ "metadata": { "annotations": { NODE_DOWN: null } } }));
    world.settle();
    assert!(world.object("Pod", "web-0").holds("Ready"));
}

#[test]
fn all_pods_have_addresses_of_their_own() {
    let mut wide = set(60, "fast");
    wide["spec"]["podManagementPolicy"] = json!("Parallel");
    let world = world_with(wide);
    let addresses: BTreeSet<String> =
        world.list("Pod").iter().map(|pod| pod.text("/status/podIP").to_owned()).collect();
    assert_eq!(addresses.len(), 60);
}

#[test]
fn a_headless_service_gets_the_host_names_and_only_ready_pods_are_ready() {
    let mut world = world_with(set(2, "fast"));
    world.put(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web", "namespace": "default" },
        "spec": {
            "clusterIP": "None", "selector": { "app": "web" },
            "ports": [{ "name": "http", "port": 80, "protocol": "TCP", "targetPort": 5984 }],
        },
    }));
    super::break_pod(&mut world, "web-1");
    let slices = world.list("EndpointSlice");
    assert_eq!(slices.len(), 1);
    assert_eq!(slices[0].label("kubernetes.io/service-name"), Some("web"));
    assert_eq!(slices[0]["ports"][0], json!({ "name": "http", "port": 5984, "protocol": "TCP" }));
    let seen: Vec<(&str, bool)> = slices[0]
        .items("/endpoints")
        .iter()
        .map(|endpoint| (endpoint.text("/hostname"), endpoint["conditions"]["ready"] == true))
        .collect();
    assert_eq!(seen, [("web-0", true), ("web-1", false)]);
}

#[test]
fn the_actors_keep_nothing_in_memory() {
    let mut whole = World::new();
    let mut restarted = World::new();
    for world in [&mut whole, &mut restarted] {
        world.put(super::class("local", "WaitForFirstConsumer", "Retain"));
        world.put(set(3, "local"));
    }
    whole.settle();
    let end = later(restarted.now, 120);
    while restarted.now < end {
        restarted.restart();
        restarted.run(1);
    }
    for kind in ["Pod", "PersistentVolumeClaim", "PersistentVolume", "StatefulSet"] {
        let shape = |world: &World| -> Vec<(String, String)> {
            world.list(kind).iter().map(|object| (object.name().to_owned(), object["spec"].to_string())).collect()
        };
        assert_eq!(shape(&whole), shape(&restarted), "{kind}");
    }
}

#[test]
fn a_sleep_before_the_stop_is_slept_within_the_grace_period() {
    for (sleep, gone_after) in [(10, 11), (100, 30)] {
        let mut world = World::new();
        let mut pod = plain("one");
        pod["spec"]["containers"][0]["lifecycle"] = json!({ "preStop": { "sleep": { "seconds": sleep } } });
        world.put(pod);
        world.settle();
        world.remove("Pod", "one");
        world.run(gone_after - 1);
        assert!(world.exists("Pod", "one"), "slept {sleep}");
        world.run(1);
        assert!(!world.exists("Pod", "one"), "slept {sleep}");
    }
}

#[test]
fn a_claim_that_goes_and_is_not_protected_is_not_mounted_any_more() {
    for (finalizers, phase) in [(json!(["example.com/hold"]), "Pending"), (Value::Null, "Running")] {
        let mut slow = set(1, "fast");
        slow["spec"]["template"]["metadata"]["annotations"] = json!({ START_SECONDS: "60" });
        let mut world = World::new();
        world.put(super::class("fast", "Immediate", "Delete"));
        world.put(slow);
        world.run(10);
        assert_eq!(world.object("Pod", "web-0").phase(), "Pending");
        world.remove("PersistentVolumeClaim", "data-web-0");
        if finalizers.is_array() {
            world.edit("PersistentVolumeClaim", "data-web-0", json!({ "metadata": { "finalizers": finalizers } }));
        }
        world.run(100);
        assert_eq!(world.object("Pod", "web-0").phase(), phase);
        let refused = "error processing PVC default/data-web-0: PVC is being deleted";
        let is_told = world.events("Pod", "web-0").iter().any(|(_, message)| message.ends_with(refused));
        assert_eq!(is_told, phase == "Pending");
    }
}
