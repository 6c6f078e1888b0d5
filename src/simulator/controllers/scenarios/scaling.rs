//! Scaling: which pods go, in which order, and what stops them (V-01 to V-07).

use serde_json::json;

use super::super::fields::Fields;
use super::{break_pod, claim, pod_moves, pod_with_claim, scale, set, world_with};

#[test]
fn v_01_scaling_down_deletes_the_highest_first_and_keeps_the_claims() {
    let mut world = world_with(set(5, "fast"));
    scale(&mut world, 3);
    world.settle();
    assert_eq!(
        pod_moves(&world),
        ["delete web-4", "delete web-4", "gone web-4", "delete web-3", "delete web-3", "gone web-3"]
    );
    assert!(world.exists("PersistentVolumeClaim", "data-web-4"));
    assert_eq!(world.object("StatefulSet", "web")["status"]["replicas"], 3);
}

#[test]
fn v_02_one_unready_condemned_pod_does_not_stop_the_others() {
    let mut world = world_with(set(3, "fast"));
    break_pod(&mut world, "web-2");
    scale(&mut world, 1);
    world.settle();
    assert_eq!(world.names("Pod"), ["web-0"]);
}

#[test]
fn v_03_two_unready_condemned_pods_block_until_the_highest_is_deleted_by_hand() {
    let mut world = world_with(set(3, "fast"));
    break_pod(&mut world, "web-1");
    break_pod(&mut world, "web-2");
    scale(&mut world, 1);
    world.settle();
    assert_eq!(world.names("Pod"), ["web-0", "web-1", "web-2"]);
    world.remove("Pod", "web-2");
    world.settle();
    assert_eq!(world.names("Pod"), ["web-0"]);
}

#[test]
fn v_04_an_unready_pod_in_range_stops_all_scale_down() {
    let mut world = world_with(set(3, "fast"));
    break_pod(&mut world, "web-0");
    world.log.clear();
    scale(&mut world, 1);
    world.settle();
    assert!(pod_moves(&world).is_empty());
}

#[test]
fn v_05_the_only_unready_condemned_pod_may_be_below_a_ready_one() {
    let mut world = world_with(set(3, "fast"));
    break_pod(&mut world, "web-1");
    world.log.clear();
    scale(&mut world, 1);
    world.settle();
    let gone: Vec<String> = pod_moves(&world).into_iter().filter(|line| line.starts_with("gone")).collect();
    assert_eq!(gone, ["gone web-2", "gone web-1"]);
}

#[test]
fn v_06_parallel_deletes_all_at_once_although_none_is_ready() {
    let mut parallel = set(3, "fast");
    parallel["spec"]["podManagementPolicy"] = json!("Parallel");
    let mut world = world_with(parallel);
    for pod in ["web-0", "web-1", "web-2"] {
        break_pod(&mut world, pod);
    }
    world.log.clear();
    scale(&mut world, 0);
    world.settle();
    assert_eq!(pod_moves(&world)[..3], ["delete web-2", "delete web-1", "delete web-0"]);
    assert!(world.names("Pod").is_empty());
}

#[test]
fn v_07_moving_the_start_makes_the_new_range_before_it_takes_the_old_one_down() {
    let mut shifted = set(2, "fast");
    shifted["spec"]["ordinals"] = json!({ "start": 2 });
    let mut world = world_with(shifted);
    assert_eq!(world.names("Pod"), ["web-2", "web-3"]);
    world.edit("StatefulSet", "web", json!({ "spec": { "ordinals": { "start": 4 } } }));
    world.settle();
    let moves = pod_moves(&world);
    let order: Vec<&String> =
        moves.iter().filter(|line| line.starts_with("create") || line.starts_with("gone")).collect();
    assert_eq!(order, ["create web-4", "create web-5", "gone web-3", "gone web-2"]);
}

#[test]
fn ss_40_a_missing_low_pod_is_made_although_a_higher_one_is_unready() {
    let mut world = world_with(set(3, "fast"));
    break_pod(&mut world, "web-2");
    world.remove("Pod", "web-0");
    world.settle();
    assert!(world.object("Pod", "web-0").holds("Ready"));
}

#[test]
fn parallel_makes_all_pods_without_waiting() {
    let mut parallel = set(4, "fast");
    parallel["spec"]["podManagementPolicy"] = json!("Parallel");
    let mut world = world_with(parallel);
    scale(&mut world, 8);
    world.run(1);
    assert_eq!(world.names("Pod").len(), 8);
}

#[test]
fn ss_30_min_ready_seconds_hold_the_next_pod_back() {
    let mut slow = set(2, "fast");
    slow["spec"]["minReadySeconds"] = json!(30);
    let mut world = super::super::world::World::new();
    world.put(super::class("fast", "Immediate", "Delete"));
    world.put(slow);
    world.run(25);
    assert!(world.object("Pod", "web-0").holds("Ready"));
    assert_eq!(world.object("StatefulSet", "web")["status"]["availableReplicas"], 0);
    assert!(!world.exists("Pod", "web-1"));
    world.run(15);
    assert_eq!(world.object("StatefulSet", "web")["status"]["availableReplicas"], 1);
    assert!(world.exists("Pod", "web-1"));
}

#[test]
fn v_16_a_pod_is_not_made_while_its_claim_is_being_deleted() {
    let mut world = world_with(set(3, "fast"));
    world.put(pod_with_claim("backup", "data-web-2"));
    scale(&mut world, 2);
    world.settle();
    let old = world.object("PersistentVolumeClaim", "data-web-2");
    world.remove("PersistentVolumeClaim", "data-web-2");
    scale(&mut world, 3);
    world.settle();
    assert!(!world.exists("Pod", "web-2"));
    let told = world.events("StatefulSet", "web");
    assert!(told.iter().any(|(reason, message)| reason == "FailedCreate"
        && message == "Create Pod web-2 in StatefulSet web failed error: pvc data-web-2 is being deleted"));
    world.remove("Pod", "backup");
    world.settle();
    assert!(world.object("Pod", "web-2").holds("Ready"));
    assert_ne!(world.object("PersistentVolumeClaim", "data-web-2").uid(), old.uid());
}

#[test]
fn ss_71_an_existing_claim_is_taken_whatever_it_is() {
    let mut world = world_with(set(1, "fast"));
    let mut foreign = claim("data-web-1", Some("local"));
    foreign["spec"]["resources"]["requests"]["storage"] = json!("5Gi");
    world.put(foreign);
    scale(&mut world, 2);
    world.settle();
    assert!(world.object("Pod", "web-1").holds("Ready"));
    assert_eq!(world.object("PersistentVolumeClaim", "data-web-1")["status"]["capacity"]["storage"], "5Gi");
}

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
fn ss_07_a_set_with_too_long_a_name_makes_claims_but_no_pods() {
    let mut long = set(1, "fast");
    let name = "w".repeat(53);
    long["metadata"]["name"] = json!(name);
    let world = world_with(long);
    assert!(world.names("Pod").is_empty());
    assert_eq!(world.names("PersistentVolumeClaim").len(), 1);
    assert!(world.events("StatefulSet", &name).iter().any(|(reason, _)| reason == "FailedCreate"));
}

#[test]
fn ss_33_a_failed_pod_is_deleted_and_made_again() {
    let mut world = world_with(set(2, "fast"));
    let old = world.object("Pod", "web-0");
    world.edit_status("Pod", "web-0", &json!({ "phase": "Failed", "reason": "Evicted" }));
    world.settle();
    let new = world.object("Pod", "web-0");
    assert!(new.holds("Ready"));
    assert_ne!(new.uid(), old.uid());
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
