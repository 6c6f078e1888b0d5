//! A node that is lost, comes back, or is taken away for good. (The real
//! controllers of nodes are held against ours by the live tests.)

use serde_json::json;

use super::super::View;
use super::super::fields::Fields;
use super::super::kubelet::NODE_DOWN;
use super::super::world::World;
use super::{set, world_with};

/// A set of two whose first pod's node goes down; the node's name. Its pods
/// have the tolerations that admission gives to all.
fn with_lost_node() -> (World, String) {
    let usual = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
        .map(|key| json!({ "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 }));
    let mut pair = set(2, "fast");
    pair["spec"]["template"]["spec"]["tolerations"] = json!(usual);
    let mut world = world_with(pair);
    let node = world.object("Pod", "web-0").text("/spec/nodeName").to_owned();
    world.edit("Node", &node, json!({ "metadata": { "annotations": { NODE_DOWN: "true" } } }));
    (world, node)
}

#[test]
fn a_silent_node_is_unknown_after_its_grace_period_and_not_before() {
    let (mut world, node) = with_lost_node();
    world.run(45);
    assert!(world.object("Node", &node).holds("Ready"));
    assert!(world.object("Pod", "web-0").holds("Ready"));
    world.run(10);
    let lost = world.object("Node", &node);
    assert_eq!(lost.condition("Ready").unwrap()["status"], "Unknown");
    let effects: Vec<&str> = lost.items("/spec/taints").iter().map(|taint| taint.text("/effect")).collect();
    assert_eq!(effects, ["NoSchedule", "NoExecute"]);
    assert!(!world.object("Pod", "web-0").holds("Ready"));
    assert!(!world.object("Pod", "web-0").terminating());
}

#[test]
fn pods_of_a_lost_node_end_after_five_minutes_and_stay_until_it_returns() {
    let (mut world, node) = with_lost_node();
    world.run(300);
    assert!(!world.object("Pod", "web-0").terminating());
    world.run(60);
    let lost = world.object("Pod", "web-0");
    assert!(lost.terminating());
    assert_eq!(lost.condition("DisruptionTarget").unwrap()["reason"], "DeletionByTaintManager");
    world.run(3600);
    assert_eq!(world.object("Pod", "web-0").uid(), lost.uid(), "nobody may say that it has ended");
    world.edit("Node", &node, json!({ "metadata": { "annotations": { NODE_DOWN: null } } }));
    world.settle();
    let fresh = world.object("Pod", "web-0");
    assert!(fresh.uid() != lost.uid() && fresh.holds("Ready"));
    let back = world.object("Node", &node);
    assert!(back.holds("Ready") && back.items("/spec/taints").is_empty(), "{back}");
}

#[test]
fn pods_of_a_node_that_returns_in_time_are_ready_again() {
    let (mut world, node) = with_lost_node();
    let before = world.object("Pod", "web-0");
    world.run(100);
    assert!(!world.object("Pod", "web-0").holds("Ready"));
    world.edit("Node", &node, json!({ "metadata": { "annotations": { NODE_DOWN: null } } }));
    world.settle();
    let after = world.object("Pod", "web-0");
    assert!(after.uid() == before.uid() && after.holds("Ready"));
}

#[test]
fn where_all_nodes_are_silent_no_pod_is_evicted() {
    let mut world = world_with(set(2, "fast"));
    for node in world.names("Node") {
        world.edit("Node", &node, json!({ "metadata": { "annotations": { NODE_DOWN: "true" } } }));
    }
    world.run(3600);
    assert!(world.list("Pod").iter().all(|pod| !pod.terminating() && !pod.holds("Ready")));
}

#[test]
fn pods_of_a_node_that_is_out_of_service_go_and_come_back_elsewhere() {
    let (mut world, node) = with_lost_node();
    world.run(60);
    let before = world.object("Pod", "web-0");
    let mut taints = world.object("Node", &node).items("/spec/taints").to_vec();
    taints.push(json!({ "key": "node.kubernetes.io/out-of-service", "effect": "NoExecute" }));
    world.edit("Node", &node, json!({ "spec": { "taints": taints } }));
    world.settle();
    let fresh = world.object("Pod", "web-0");
    assert!(fresh.uid() != before.uid() && fresh.holds("Ready"));
    assert_ne!(fresh.text("/spec/nodeName"), node);
}

#[test]
fn pods_of_a_node_that_is_gone_are_collected_after_a_while() {
    let (mut world, node) = with_lost_node();
    let before = world.object("Pod", "web-0");
    world.remove("Node", &node);
    world.run(30);
    assert_eq!(world.object("Pod", "web-0").uid(), before.uid());
    world.settle();
    let fresh = world.object("Pod", "web-0");
    assert!(fresh.uid() != before.uid() && fresh.holds("Ready"));
}

#[test]
fn a_node_that_is_gone_again_has_its_whole_quarantine() {
    let (mut world, node) = with_lost_node();
    let old = world.object("Node", &node);
    world.remove("Node", &node);
    world.settle();
    world.put(json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": node, "labels": old["metadata"]["labels"] } }));
    for other in world.names("Node").iter().filter(|other| **other != node) {
        world.edit("Node", other, json!({ "spec": { "unschedulable": true } }));
    }
    world.remove("Pod", "web-0");
    world.settle();
    let before = world.object("Pod", "web-0");
    assert_eq!(before.text("/spec/nodeName"), node);
    world.remove("Node", &node);
    world.run(30);
    assert_eq!(world.object("Pod", "web-0").uid(), before.uid());
    world.run(30);
    assert_ne!(world.object("Pod", "web-0").uid(), before.uid());
}
