//! Pods on their nodes, and the Services that find them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::View;
use super::super::fields::{Fields, later};
use super::super::kubelet::{CRASH_LOOP, IMAGE_ERROR, NEVER_READY, NODE_DOWN, START_SECONDS, STOP_SECONDS};
use super::super::world::World;
use super::{claim, class, pod_with_claim, set, world_with};

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
fn volumes_wait_for_their_secrets_and_config_maps_and_the_keys_in_them() {
    let item = |key: &str| json!([{ "key": key, "path": "p" }]);
    let projected = |sources: Value| json!({ "projected": { "sources": sources } });
    let missing = "secret \"gone\" not found";
    for (source, why) in [
        (json!({ "secret": { "secretName": "gone" } }), missing),
        (json!({ "secret": { "secretName": "gone", "optional": true } }), ""),
        (json!({ "secret": { "secretName": "held", "items": item("a") } }), ""),
        (json!({ "secret": { "secretName": "held", "items": item("K") } }), "references non-existent secret key: K"),
        (json!({ "secret": { "secretName": "held", "items": item("K"), "optional": true } }), ""),
        (json!({ "configMap": { "name": "gone" } }), "configmap \"gone\" not found"),
        (
            json!({ "configMap": { "name": "held", "items": item("K") } }),
            "configmap references non-existent config key: K",
        ),
        (json!({ "configMap": { "name": "held", "items": item("binary") } }), ""),
        (projected(json!([{ "secret": { "name": "gone" } }])), missing),
        (projected(json!([{ "secret": { "name": "gone", "optional": true } }])), ""),
        (
            projected(
                json!([{ "secret": { "name": "gone" } }, { "configMap": { "name": "gone" } }, { "secret": { "name": "gone" } }]),
            ),
            "[secret \"gone\" not found, configmap \"gone\" not found]",
        ),
        (
            projected(
                json!([{ "secret": { "name": "held" } }, { "configMap": { "name": "held", "items": item("K") } }]),
            ),
            "configmap references non-existent config key: K",
        ),
        (
            projected(json!([{ "serviceAccountToken": { "path": "t" } }, { "downwardAPI": { "items": [] } },
                             { "configMap": { "name": "kube-root-ca.crt", "items": item("ca.crt") } }])),
            "",
        ),
    ] {
        let mut world = World::new();
        let held = |kind: &str| {
            json!({ "apiVersion": "v1", "kind": kind, "data": { "a": "" }, "binaryData": { "binary": "" },
            "metadata": { "name": "held", "namespace": "default" } })
        };
        world.put(held("Secret"));
        world.put(held("ConfigMap"));
        let mut pod = plain("one");
        pod["spec"]["volumes"] = json!([source]);
        pod["spec"]["volumes"][0]["name"] = json!("v");
        world.put(pod);
        world.settle();
        let told = world.events("Pod", "one").into_iter().find(|(reason, _)| reason == "FailedMount");
        let told = told.map(|(_, message)| message).unwrap_or_default();
        let expected =
            if why.is_empty() { String::new() } else { format!("MountVolume.SetUp failed for volume \"v\" : {why}") };
        assert_eq!((told, world.object("Pod", "one").holds("Ready")), (expected, why.is_empty()), "{source}");
    }
}

#[test]
fn a_gate_that_closes_makes_a_ready_pod_unready() {
    let mut world = World::new();
    let mut pod = plain("one");
    pod["spec"]["readinessGates"] = json!([{ "conditionType": "example.com/open" }]);
    world.put(pod);
    world.settle();
    let gate = |world: &mut World, status: &str| {
        let pod = world.object("Pod", "one");
        let mut conditions = pod.items("/status/conditions").to_vec();
        conditions.retain(|held| held["type"] != "example.com/open");
        conditions.push(json!({ "type": "example.com/open", "status": status }));
        world.edit_status("Pod", "one", &json!({ "conditions": conditions }));
        world.settle();
        world.object("Pod", "one").condition("Ready").map(|ready| ready.text("/message").to_owned())
    };
    assert_eq!(gate(&mut world, "True"), Some(String::new()));
    let why = "the status of pod readiness gate \"example.com/open\" is not \"True\", but False";
    assert_eq!(gate(&mut world, "False"), Some(why.to_owned()));
    assert_eq!(gate(&mut world, "True"), Some(String::new()));
}

#[test]
fn a_volume_of_blocks_is_no_place_for_files_nor_the_reverse() {
    for (mode, list, other) in
        [("Block", "volumeMounts", "volumeDevices"), ("Filesystem", "volumeDevices", "volumeMounts")]
    {
        let mut world = World::new();
        world.put(class("fast", "Immediate", "Delete"));
        let mut disk = claim("disk", Some("fast"));
        disk["spec"]["volumeMode"] = json!(mode);
        world.put(disk);
        for (name, list) in [("wrong", list), ("right", other)] {
            let mut pod = pod_with_claim(name, "disk");
            let place = if list == "volumeMounts" { "mountPath" } else { "devicePath" };
            pod["spec"]["containers"][0][list] = json!([{ "name": "data", place: "/data" }]);
            pod["spec"]["nodeName"] = json!("node-a");
            world.put(pod);
        }
        world.settle();
        assert_eq!(world.object("Pod", "right").phase(), "Running", "{mode}");
        assert_eq!(world.object("Pod", "wrong").phase(), "Pending", "{mode}");
        let told = format!("volume data has volumeMode {mode}, but is specified in {list}");
        assert!(
            world.events("Pod", "wrong").iter().any(|(reason, why)| reason == "FailedMount" && why.contains(&told))
        );
    }
}

#[test]
fn a_pod_that_claims_devices_waits_for_them() {
    let mut world = World::new();
    let mut pod = plain("one");
    pod["spec"]["resourceClaims"] = json!([{ "name": "card", "resourceClaimName": "gpu" }]);
    world.put(pod);
    world.settle();
    let why = world.object("Pod", "one").condition("PodScheduled").map(|held| held.text("/message").to_owned());
    assert!(why.is_some_and(|why| why.contains("resourceclaim.resource.k8s.io \"gpu\" not found")));
}

#[test]
fn a_sidecar_with_a_new_image_is_started_again() {
    let mut world = World::new();
    let sidecar = |image: &str| json!([{ "name": "side", "image": image, "restartPolicy": "Always" }]);
    let mut pod = plain("one");
    pod["spec"]["initContainers"] = sidecar("side:1");
    world.put(pod);
    world.settle();
    world.edit("Pod", "one", json!({ "spec": { "initContainers": sidecar("side:2") } }));
    world.settle();
    let pod = world.object("Pod", "one");
    let held = &pod["status"]["initContainerStatuses"][0];
    assert_eq!((held.text("/image"), held.number("/restartCount")), ("side:2", Some(1)));
    let killing = ("Killing".to_owned(), "Init container side definition changed".to_owned());
    assert!(pod.holds("Ready") && world.events("Pod", "one").contains(&killing));
}

#[test]
fn a_grace_period_beyond_all_times_does_not_keep_a_pod_from_stopping() {
    let mut world = World::new();
    let mut pod = plain("one");
    pod["spec"]["terminationGracePeriodSeconds"] = json!(9_000_000_000_000_i64);
    world.put(pod);
    world.settle();
    world.remove("Pod", "one");
    world.run(60);
    assert!(!world.exists("Pod", "one"));
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
