//! Claims and volumes without a set: matching, reservations, phases, reclaim.

use serde_json::json;

use super::super::fields::Fields;
use super::super::world::World;
use super::{claim, class, host_path};

pub(super) fn volume_of(world: &World, name: &str) -> String {
    world.object("PersistentVolumeClaim", name).text("/spec/volumeName").to_owned()
}

#[test]
fn a_static_volume_without_a_class_binds_with_the_marks_of_the_controller() {
    let mut world = World::new();
    world.put(host_path("disk", ""));
    world.settle();
    assert_eq!(world.object("PersistentVolume", "disk").phase(), "Available");
    world.put(claim("mine", Some("")));
    world.settle();
    let held = world.object("PersistentVolumeClaim", "mine");
    assert_eq!((held.phase(), held.text("/spec/volumeName")), ("Bound", "disk"));
    assert_eq!(held.annotation("pv.kubernetes.io/bind-completed"), Some("yes"));
    assert_eq!(held.annotation("pv.kubernetes.io/bound-by-controller"), Some("yes"));
    assert_eq!(held["status"]["accessModes"], json!(["ReadWriteOnce"]));
    assert_eq!(
        world.object("PersistentVolume", "disk").annotation("pv.kubernetes.io/bound-by-controller"),
        Some("yes")
    );
}

#[test]
fn v_22_a_claim_that_names_no_class_takes_a_volume_without_one_or_the_default_later() {
    let mut world = World::new();
    world.put(host_path("disk", ""));
    world.put(claim("first", None));
    world.put(claim("second", None));
    world.settle();
    assert_eq!(volume_of(&world, "first"), "disk");
    let told = world.events("PersistentVolumeClaim", "second");
    assert_eq!(told[0].1, "no persistent volumes available for this claim and no storage class is set");
    let mut default = class("fast", "Immediate", "Delete");
    default["metadata"]["annotations"] = json!({ "storageclass.kubernetes.io/is-default-class": "true" });
    world.put(default);
    world.settle();
    let second = world.object("PersistentVolumeClaim", "second");
    assert_eq!((second.phase(), second.text("/spec/storageClassName")), ("Bound", "fast"));
}

#[test]
fn pv_11_the_empty_class_is_never_changed() {
    let mut world = World::new();
    let mut default = class("fast", "Immediate", "Delete");
    default["metadata"]["annotations"] = json!({ "storageclass.kubernetes.io/is-default-class": "true" });
    world.put(default);
    world.put(claim("mine", Some("")));
    world.settle();
    assert_eq!(world.object("PersistentVolumeClaim", "mine").phase(), "Pending");
}

#[test]
fn pv_03_a_reservation_beats_size_and_class_but_not_a_group_of_fewer_modes() {
    let mut world = World::new();
    let mut reserved = host_path("reserved", "other");
    reserved["spec"]["capacity"]["storage"] = json!("9Gi");
    reserved["spec"]["claimRef"] = json!({ "namespace": "default", "name": "mine" });
    world.put(reserved.clone());
    world.put(host_path("free", ""));
    world.put(claim("mine", Some("")));
    world.settle();
    assert_eq!(volume_of(&world, "mine"), "reserved");
    let kept = world.object("PersistentVolume", "reserved");
    assert_eq!(kept.annotation("pv.kubernetes.io/bound-by-controller"), None, "the user chose it (PV-31)");

    let mut world = World::new();
    reserved["spec"]["accessModes"] = json!(["ReadWriteOnce", "ReadWriteMany"]);
    world.put(reserved);
    world.put(host_path("free", ""));
    world.settle();
    world.put(claim("mine", Some("")));
    world.settle();
    assert_eq!(volume_of(&world, "mine"), "free");
}

#[test]
fn pv_34_a_released_volume_does_not_become_available_and_pv_35_without_its_reference_it_does() {
    let mut world = World::new();
    world.put(host_path("disk", ""));
    world.put(claim("mine", Some("")));
    world.settle();
    world.remove("PersistentVolumeClaim", "mine");
    world.settle();
    world.put(claim("mine", Some("")));
    world.settle();
    assert_eq!(world.object("PersistentVolume", "disk").phase(), "Released");
    assert_eq!(world.object("PersistentVolumeClaim", "mine").phase(), "Pending");
    world.edit("PersistentVolume", "disk", json!({ "spec": { "claimRef": null } }));
    world.settle();
    assert_eq!(volume_of(&world, "mine"), "disk");
}

#[test]
fn pv_20_a_claim_that_asks_for_a_volume_by_name_is_told_why_it_cannot_have_it() {
    let mut world = World::new();
    let mut small = host_path("disk", "");
    small["spec"]["capacity"]["storage"] = json!("10Mi");
    world.put(small);
    let mut named = claim("mine", Some(""));
    named["spec"]["volumeName"] = json!("disk");
    world.put(named);
    world.settle();
    let told = world.events("PersistentVolumeClaim", "mine");
    assert_eq!(
        told[0],
        ("VolumeMismatch".into(), "Cannot bind to requested volume \"disk\": requested PV is too small".into())
    );
    world.edit("PersistentVolume", "disk", json!({ "spec": { "capacity": { "storage": "1Gi" } } }));
    world.settle();
    let bound = world.object("PersistentVolumeClaim", "mine");
    assert_eq!(bound.phase(), "Bound");
    assert_eq!(bound.annotation("pv.kubernetes.io/bound-by-controller"), None);
}

#[test]
fn pv_32_a_claim_whose_volume_is_gone_is_lost_and_mended_by_a_volume_with_its_uid() {
    let mut world = World::new();
    world.put(host_path("disk", ""));
    world.put(claim("mine", Some("")));
    world.settle();
    world.edit("PersistentVolume", "disk", json!({ "metadata": { "finalizers": null } }));
    let old = world.object("PersistentVolume", "disk");
    world.remove("PersistentVolume", "disk");
    world.settle();
    assert_eq!(world.object("PersistentVolumeClaim", "mine").phase(), "Lost");
    let mut again = host_path("disk", "");
    again["spec"]["claimRef"] = old["spec"]["claimRef"].clone();
    world.put(again);
    world.settle();
    assert_eq!(world.object("PersistentVolumeClaim", "mine").phase(), "Bound");
}

#[test]
fn pv_40_delete_removes_a_dynamic_volume_and_retain_keeps_it() {
    for (policy, left) in [("Delete", 0), ("Retain", 1)] {
        let mut world = World::new();
        world.put(class("fast", "Immediate", policy));
        world.put(claim("mine", Some("fast")));
        world.settle();
        assert_eq!(world.names("PersistentVolume").len(), 1);
        world.remove("PersistentVolumeClaim", "mine");
        world.settle();
        assert_eq!(world.names("PersistentVolume").len(), left, "{policy}");
    }
}

#[test]
fn pv_40_a_host_path_outside_tmp_cannot_be_deleted_and_fails() {
    let mut world = World::new();
    let mut disk = host_path("disk", "");
    disk["spec"]["persistentVolumeReclaimPolicy"] = json!("Delete");
    world.put(disk);
    world.put(claim("mine", Some("")));
    world.settle();
    world.remove("PersistentVolumeClaim", "mine");
    world.settle();
    let volume = world.object("PersistentVolume", "disk");
    assert_eq!(volume.phase(), "Failed");
    assert_eq!(world.events("PersistentVolume", "disk")[0].0, "VolumeFailedDelete");
}

#[test]
fn pv_40_recycle_makes_the_volume_available_again() {
    let mut world = World::new();
    let mut disk = host_path("disk", "");
    disk["spec"]["persistentVolumeReclaimPolicy"] = json!("Recycle");
    world.put(disk);
    world.put(claim("mine", Some("")));
    world.settle();
    world.remove("PersistentVolumeClaim", "mine");
    world.settle();
    let volume = world.object("PersistentVolume", "disk");
    assert_eq!(volume.phase(), "Available");
    assert!(volume["spec"]["claimRef"].is_null());
}

#[test]
fn pv_14_a_claim_of_a_class_that_is_missing_or_foreign_is_told_so() {
    let mut world = World::new();
    world.put(claim("missing", Some("nowhere")));
    let mut foreign = class("cloud", "Immediate", "Delete");
    foreign["provisioner"] = json!("ebs.csi.aws.com");
    world.put(foreign);
    world.put(claim("foreign", Some("cloud")));
    world.settle();
    let told = world.events("PersistentVolumeClaim", "missing");
    assert_eq!(told[0], ("ProvisioningFailed".into(), "storageclass.storage.k8s.io \"nowhere\" not found".into()));
    assert_eq!(world.events("PersistentVolumeClaim", "foreign")[0].0, "ExternalProvisioning");
    let held = world.object("PersistentVolumeClaim", "foreign");
    assert_eq!(held.annotation("volume.kubernetes.io/storage-provisioner"), Some("ebs.csi.aws.com"));
    assert_eq!(held.phase(), "Pending");
}

#[test]
fn two_claims_of_one_look_do_not_get_the_same_volume() {
    let mut world = World::new();
    world.put(claim("one", Some("")));
    world.put(claim("two", Some("")));
    world.put(host_path("disk-a", ""));
    world.put(host_path("disk-b", ""));
    world.settle();
    assert_ne!(volume_of(&world, "one"), volume_of(&world, "two"));
}

#[test]
fn pv_43_a_volume_deleted_before_its_claim_still_goes_with_it() {
    let mut world = World::new();
    world.put(class("fast", "Immediate", "Delete"));
    world.put(claim("mine", Some("fast")));
    world.settle();
    let volume = volume_of(&world, "mine");
    world.remove("PersistentVolume", &volume);
    world.settle();
    assert!(world.object("PersistentVolume", &volume).terminating());
    assert_eq!(world.object("PersistentVolumeClaim", "mine").phase(), "Bound");
    world.remove("PersistentVolumeClaim", "mine");
    world.settle();
    assert!(!world.exists("PersistentVolume", &volume));
}

#[test]
fn pv_36_a_bound_volume_that_loses_its_reference_is_bound_back() {
    let mut world = World::new();
    world.put(host_path("disk", ""));
    world.put(claim("mine", Some("")));
    world.settle();
    world.edit("PersistentVolume", "disk", json!({ "spec": { "claimRef": null } }));
    world.put(claim("thief", Some("")));
    world.settle();
    let volume = world.object("PersistentVolume", "disk");
    assert_eq!(volume["spec"]["claimRef"]["name"], "mine");
    assert_eq!(world.object("PersistentVolumeClaim", "thief").phase(), "Pending");
}
