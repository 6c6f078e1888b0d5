//! Claims after their pods: the retention policy, and what a new pod of the
//! same ordinal finds (V-17 to V-20, V-23, V-24).

use serde_json::json;

use super::super::fields::Fields;
use super::super::kubelet::STOP_SECONDS;
use super::super::world::World;
use super::{break_pod, host_path, pod_with_claim, scale, set, world_with};

fn policy(scaled: &str, deleted: &str) -> serde_json::Value {
    let mut set = set(3, "fast");
    set["spec"]["persistentVolumeClaimRetentionPolicy"] = json!({ "whenScaled": scaled, "whenDeleted": deleted });
    set
}

#[test]
fn v_17_a_retained_volume_is_never_the_new_claims_volume() {
    let mut retained = set(3, "local");
    retained["spec"]["podManagementPolicy"] = json!("Parallel");
    let mut world = world_with(retained);
    let old = world.object("PersistentVolumeClaim", "data-web-2").text("/spec/volumeName").to_owned();
    scale(&mut world, 2);
    world.settle();
    world.remove("PersistentVolumeClaim", "data-web-2");
    world.settle();
    assert_eq!(world.object("PersistentVolume", &old).phase(), "Released");
    scale(&mut world, 3);
    world.settle();
    assert_ne!(world.object("PersistentVolumeClaim", "data-web-2").text("/spec/volumeName"), old);
    assert_eq!(world.object("PersistentVolume", &old).phase(), "Released");
}

#[test]
fn v_18_clearing_the_uid_brings_the_old_volume_back() {
    let mut world = world_with(set(3, "local"));
    let old = world.object("PersistentVolumeClaim", "data-web-2").text("/spec/volumeName").to_owned();
    scale(&mut world, 2);
    world.settle();
    world.remove("PersistentVolumeClaim", "data-web-2");
    world.settle();
    let reserved = json!({ "spec": { "claimRef": { "uid": null, "resourceVersion": null } } });
    world.edit("PersistentVolume", &old, reserved);
    world.settle();
    assert_eq!(world.object("PersistentVolume", &old).phase(), "Available");
    scale(&mut world, 3);
    world.settle();
    assert_eq!(world.object("PersistentVolumeClaim", "data-web-2").text("/spec/volumeName"), old);
    assert!(world.object("Pod", "web-2").holds("Ready"));
}

#[test]
fn v_19_condemned_claims_belong_to_their_pods_until_the_scale_down_is_cancelled() {
    let mut world = world_with(policy("Delete", "Retain"));
    let slow = json!({ "metadata": { "annotations": { STOP_SECONDS: "20" } } });
    for pod in ["web-1", "web-2"] {
        world.edit("Pod", pod, slow.clone());
    }
    let first = world.object("PersistentVolumeClaim", "data-web-2");
    scale(&mut world, 1);
    world.run(5);
    for ordinal in 1..3 {
        let claim = world.object("PersistentVolumeClaim", &format!("data-web-{ordinal}"));
        assert_eq!(claim.owners()[0]["kind"], "Pod", "claim {ordinal}");
    }
    scale(&mut world, 3);
    world.settle();
    assert!(world.object("PersistentVolumeClaim", "data-web-1").owners().is_empty());
    let second = world.object("PersistentVolumeClaim", "data-web-2");
    assert_ne!(second.uid(), first.uid());
    assert!(second.owners().is_empty());
    assert!(world.object("Pod", "web-2").holds("Ready"));
}

#[test]
fn v_19_a_finished_scale_down_collects_the_claims() {
    let mut world = world_with(policy("Delete", "Retain"));
    scale(&mut world, 1);
    world.settle();
    assert_eq!(world.names("PersistentVolumeClaim"), ["data-web-0"]);
    assert_eq!(world.names("PersistentVolume").len(), 1);
}

#[test]
fn v_20_a_claim_whose_pod_was_missing_is_left_behind() {
    let mut world = world_with(policy("Delete", "Retain"));
    break_pod(&mut world, "web-0");
    world.remove("Pod", "web-2");
    world.settle();
    assert!(!world.exists("Pod", "web-2"), "web-0 keeps it from being made again");
    scale(&mut world, 2);
    world.settle();
    let claim = world.object("PersistentVolumeClaim", "data-web-2");
    assert!(claim.is_object() && claim.owners().is_empty());
}

#[test]
fn ss_80_the_table_of_owners() {
    let mut world = world_with(policy("Delete", "Delete"));
    let claim = world.object("PersistentVolumeClaim", "data-web-2");
    assert_eq!(claim.owners()[0]["kind"], "StatefulSet");
    assert_eq!(claim.owners()[0]["controller"], true);
    let slow = json!({ "metadata": { "annotations": { STOP_SECONDS: "20" } } });
    world.edit("Pod", "web-2", slow);
    scale(&mut world, 2);
    world.run(5);
    let claim = world.object("PersistentVolumeClaim", "data-web-2");
    assert_eq!(claim.owners().len(), 1);
    assert_eq!(claim.owners()[0]["kind"], "Pod");
}

#[test]
fn ss_82_a_claim_of_another_controller_is_left_alone_and_told() {
    let mut world = world_with(policy("Delete", "Delete"));
    let foreign =
        json!([{ "apiVersion": "x/v1", "kind": "Operator", "name": "boss", "uid": "u-1", "controller": true }]);
    world.edit("PersistentVolumeClaim", "data-web-2", json!({ "metadata": { "ownerReferences": foreign } }));
    scale(&mut world, 0);
    world.settle();
    assert_eq!(world.names("PersistentVolumeClaim"), ["data-web-2"]);
    let told =
        |world: &World| world.events("StatefulSet", "web").iter().any(|(reason, _)| reason == "ConflictingController");
    assert!(!told(&world), "nothing of ours had to be taken off the claim");
    scale(&mut world, 3);
    world.settle();
    assert!(told(&world), "the new pod takes a claim that is not ours");
}

#[test]
fn v_23_a_claim_deleted_under_a_running_pod_goes_when_the_pod_is_replaced() {
    let mut world = world_with(set(3, "fast"));
    let old = world.object("PersistentVolumeClaim", "data-web-1");
    world.remove("PersistentVolumeClaim", "data-web-1");
    world.settle();
    assert!(world.object("PersistentVolumeClaim", "data-web-1").terminating());
    world.remove("Pod", "web-1");
    world.settle();
    assert!(world.object("Pod", "web-1").holds("Ready"));
    assert_ne!(world.object("PersistentVolumeClaim", "data-web-1").uid(), old.uid());
}

#[test]
fn v_24_a_completed_pod_keeps_a_claim_terminating() {
    let mut world = world_with(set(2, "fast"));
    world.put(pod_with_claim("job", "data-web-1"));
    world.settle();
    world.edit_status("Pod", "job", &json!({ "phase": "Succeeded" }));
    scale(&mut world, 1);
    world.settle();
    world.remove("PersistentVolumeClaim", "data-web-1");
    world.settle();
    assert!(world.object("PersistentVolumeClaim", "data-web-1").terminating());
    world.remove("Pod", "job");
    world.settle();
    assert!(!world.exists("PersistentVolumeClaim", "data-web-1"));
}

#[test]
fn pv_52_a_claim_deleted_under_a_pending_pod_is_made_again() {
    let mut world = world_with(set(1, ""));
    assert_eq!(world.object("Pod", "web-0").phase(), "Pending");
    let old = world.object("PersistentVolumeClaim", "data-web-0");
    world.remove("PersistentVolumeClaim", "data-web-0");
    world.settle();
    let new = world.object("PersistentVolumeClaim", "data-web-0");
    assert_ne!(new.uid(), old.uid());
    world.put(host_path("disk", ""));
    world.settle();
    assert!(world.object("Pod", "web-0").holds("Ready"));
}

#[test]
fn ss_74_a_pod_is_not_made_while_its_claim_still_names_the_pod_before_it() {
    let mut world = world_with(policy("Delete", "Retain"));
    world.stop_actor("garbage-collector-controller");
    scale(&mut world, 2);
    world.settle();
    scale(&mut world, 3);
    world.settle();
    assert!(!world.exists("Pod", "web-2"));
    world.restart();
    world.settle();
    assert!(world.object("Pod", "web-2").holds("Ready"));
}
