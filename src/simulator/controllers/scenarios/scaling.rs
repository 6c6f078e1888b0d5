//! Scaling: which pods go, in which order, and what stops them (V-01 to V-07).

use serde_json::json;

use super::super::fields::Fields;
use super::super::world::World;
use super::{scale, set, world_with};

#[test]
fn ss_37_a_refused_pod_is_told_and_does_not_keep_the_status_back() {
    let mut world = world_with(set(2, "fast"));
    world.put(json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "pods", "namespace": "default" },
        "spec": { "hard": { "pods": 2 } },
    }));
    scale(&mut world, 3);
    world.settle();
    let status = &world.object("StatefulSet", "web")["status"];
    assert_eq!(status["observedGeneration"], 2);
    let told = world.events("StatefulSet", "web");
    let failed: Vec<_> = told.iter().filter(|(reason, _)| reason == "FailedCreate").collect();
    assert_eq!(failed.len(), 1, "{told:?}");
    assert!(failed[0].1.starts_with("Create Pod web-2 in StatefulSet web failed error: pods \"web-2\" is forbidden"));
    world.remove("ResourceQuota", "pods");
    world.settle();
    assert!(world.object("Pod", "web-2").holds("Ready"));
}

#[test]
fn ss_101_a_terminating_pod_counts_as_a_replica_but_not_as_current() {
    let mut world = world_with(set(3, "fast"));
    let slow = json!({ "metadata": { "annotations": { super::super::kubelet::STOP_SECONDS: "20" } } });
    world.edit("Pod", "web-2", slow);
    scale(&mut world, 2);
    world.run(5);
    let status = &world.object("StatefulSet", "web")["status"];
    assert_eq!((&status["replicas"], &status["readyReplicas"]), (&json!(3), &json!(3)));
    assert_eq!((&status["currentReplicas"], &status["updatedReplicas"]), (&json!(2), &json!(2)));
}

#[test]
fn ss_02_an_absurd_number_of_replicas_does_not_hurt() {
    let mut world = world_with(set(1, "fast"));
    scale(&mut world, i64::from(i32::MAX));
    world.run(10);
    assert_eq!(world.names("Pod").len(), 7);
}

#[test]
fn a_parallel_set_makes_no_more_pods_while_so_many_of_it_wait_for_a_node() {
    let mut world = World::new();
    for actor in ["default-scheduler", "kubelet", "endpointslice-controller", "garbage-collector-controller"] {
        world.stop_actor(actor);
    }
    let mut absurd = set(i32::MAX.into(), "fast");
    absurd["spec"]["podManagementPolicy"] = json!("Parallel");
    absurd["spec"]["volumeClaimTemplates"] = json!([]);
    world.put(absurd);
    world.settle();
    assert_eq!(world.names("Pod").len(), 500);
    for ordinal in 0..3 {
        world.edit("Pod", &format!("web-{ordinal}"), json!({ "spec": { "nodeName": "node-a" } }));
    }
    world.settle();
    assert_eq!(world.names("Pod").len(), 503);
}
