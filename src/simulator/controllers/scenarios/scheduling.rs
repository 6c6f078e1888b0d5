//! Where pods go, and what they are told when there is nowhere (PV-05, PV-54).

use serde_json::{Value, json};

use super::super::fields::Fields;
use super::super::world::World;
use super::{claim, class, host_path, pod_with_claim, set, world_with};

fn told(world: &World, pod: &str) -> String {
    let condition = world.object("Pod", pod).condition("PodScheduled").cloned().unwrap_or(Value::Null);
    assert_eq!(condition["status"], "False", "{pod} is scheduled");
    condition["message"].as_str().unwrap().to_owned()
}

#[test]
fn pods_that_refuse_each_others_zone_go_to_different_zones() {
    let mut spread = set(4, "local");
    spread["spec"]["podManagementPolicy"] = json!("Parallel");
    spread["spec"]["template"]["spec"]["affinity"] = json!({ "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            { "labelSelector": { "matchLabels": { "app": "web" } }, "topologyKey": "topology.kubernetes.io/zone" },
        ],
    } });
    let world = world_with(spread);
    let mut nodes: Vec<String> =
        (0..3).map(|n| world.object("Pod", &format!("web-{n}")).text("/spec/nodeName").to_owned()).collect();
    nodes.sort();
    assert_eq!(nodes, ["node-a", "node-b", "node-c"]);
    assert!(
        told(&world, "web-3").starts_with("0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.")
    );
}

#[test]
fn a_pod_whose_volume_is_in_a_cordoned_zone_says_so() {
    let mut world = world_with(set(1, "local"));
    let node = world.object("Pod", "web-0").text("/spec/nodeName").to_owned();
    world.edit("Node", &node, json!({ "spec": { "unschedulable": true } }));
    world.remove("Pod", "web-0");
    world.settle();
    let message = told(&world, "web-0");
    assert!(message.starts_with("0/3 nodes are available: "), "{message}");
    assert!(message.contains("1 node(s) were unschedulable"), "{message}");
    assert!(message.contains("2 node(s) didn't match PersistentVolume's node affinity"), "{message}");
    assert_eq!(world.events("Pod", "web-0").last().unwrap().1, message);
    world.edit("Node", &node, json!({ "spec": { "unschedulable": null } }));
    world.settle();
    assert_eq!(world.object("Pod", "web-0").text("/spec/nodeName"), node);
}

#[test]
fn a_delayed_static_claim_takes_the_volume_of_the_node_the_pod_goes_to() {
    let mut world = World::new();
    let mut manual = class("manual", "WaitForFirstConsumer", "Retain");
    manual["provisioner"] = json!("kubernetes.io/no-provisioner");
    world.put(manual);
    let mut local = host_path("disk-b", "manual");
    local["spec"]["nodeAffinity"] = json!({ "required": { "nodeSelectorTerms": [
        { "matchExpressions": [{ "key": "kubernetes.io/hostname", "operator": "In", "values": ["node-b"] }] },
    ] } });
    world.put(local);
    world.put(claim("mine", Some("manual")));
    world.settle();
    let waiting = world.events("PersistentVolumeClaim", "mine");
    assert_eq!(waiting[0].0, "WaitForFirstConsumer");
    assert_eq!(world.object("PersistentVolumeClaim", "mine").phase(), "Pending");
    world.put(pod_with_claim("user", "mine"));
    world.settle();
    world.put(pod_with_claim("late", "other"));
    world.put(claim("other", Some("manual")));
    world.settle();
    assert_eq!(world.object("Pod", "user").text("/spec/nodeName"), "node-b");
    assert_eq!(world.object("PersistentVolumeClaim", "mine").text("/spec/volumeName"), "disk-b");
    assert!(told(&world, "late").contains("3 node(s) didn't find available persistent volumes to bind"));
}

#[test]
fn pv_54_missing_terminating_and_unbound_claims_keep_a_pod_unscheduled() {
    let mut world = World::new();
    world.put(pod_with_claim("user", "mine"));
    world.settle();
    assert_eq!(told(&world, "user"), "0/3 nodes are available: persistentvolumeclaim \"mine\" not found. not found");
    world.put(claim("mine", Some("")));
    world.settle();
    let unbound = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found";
    assert_eq!(told(&world, "user"), unbound);
    world.edit("PersistentVolumeClaim", "mine", json!({ "metadata": { "finalizers": ["example.com/hold"] } }));
    world.remove("PersistentVolumeClaim", "mine");
    world.settle();
    assert!(told(&world, "user").contains("persistentvolumeclaim \"mine\" is being deleted"));
}

#[test]
fn a_taint_is_respected_and_tolerated() {
    let mut world = World::new();
    for node in ["node-a", "node-b", "node-c"] {
        let taints = json!([{ "key": "dedicated", "value": "db", "effect": "NoSchedule" }]);
        world.edit("Node", node, json!({ "spec": { "taints": taints } }));
    }
    let mut plain = pod_with_claim("plain", "none");
    plain["spec"]["volumes"] = json!([]);
    let mut tolerant = plain.clone();
    tolerant["metadata"]["name"] = json!("tolerant");
    tolerant["spec"]["tolerations"] = json!([{ "key": "dedicated", "operator": "Equal", "value": "db" }]);
    world.put(plain);
    world.put(tolerant);
    world.settle();
    assert!(told(&world, "plain").contains("3 node(s) had untolerated taint(s)"));
    assert!(!world.object("Pod", "tolerant").text("/spec/nodeName").is_empty());
}

#[test]
fn a_pod_that_asks_for_more_than_others_have_left_is_told_what_lacks() {
    let mut world = World::new();
    world.settle();
    for name in ["one", "two", "three", "big"] {
        let mut pod = pod_with_claim(name, "none");
        pod["spec"]["volumes"] = json!([]);
        pod["spec"]["containers"][0]["resources"] = json!({ "requests": { "cpu": "33" } });
        world.put(pod);
        world.settle();
    }
    assert_eq!(
        told(&world, "big"),
        "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are \
         available: 3 No preemption victims found for incoming pod."
    );
}

#[test]
fn a_port_of_a_node_is_given_once() {
    let mut world = World::new();
    for (name, address) in [("a", ""), ("b", "10.0.0.1"), ("c", ""), ("d", "10.0.0.2")] {
        world.put(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": "default" },
            "spec": { "containers": [{ "name": "main", "image": "tool:1", "ports": [
                { "containerPort": 80, "hostPort": 8080, "hostIP": address },
            ] }] },
        }));
    }
    world.settle();
    assert!(["a", "b", "c"].iter().all(|name| world.object("Pod", name).holds("Ready")));
    assert_eq!(world.object("Pod", "d").text("/spec/nodeName"), world.object("Pod", "b").text("/spec/nodeName"));
    world.put(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "e", "namespace": "default" },
        "spec": { "containers": [{ "name": "main", "image": "tool:1", "ports": [{ "containerPort": 1, "hostPort": 8080 }] }] },
    }));
    world.settle();
    assert_eq!(
        told(&world, "e"),
        "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports. no new claims to \
         deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
    );
}
