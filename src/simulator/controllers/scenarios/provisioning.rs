//! Volumes that are made for claims, and grow with them (PV-14, PV-57).

use serde_json::json;

use super::super::fields::Fields;
use super::super::kubelet::NODE_DOWN;
use super::super::provisioner::Provisioner;
use super::super::world::World;
use super::super::{Keyed, Part, View, Write};
use super::binding::volume_of;
use super::{claim, class, host_path, pod_with_claim};

#[test]
fn a_file_system_grows_only_on_a_node_that_is_up() {
    let mut world = World::new();
    world.put(class("fast", "Immediate", "Delete"));
    world.put(claim("mine", Some("fast")));
    world.put(pod_with_claim("user", "mine"));
    world.settle();
    let node = world.object("Pod", "user").text("/spec/nodeName").to_owned();
    world.edit("Node", &node, json!({ "metadata": { "annotations": { NODE_DOWN: "true" } } }));
    let more = json!({ "spec": { "resources": { "requests": { "storage": "3Gi" } } } });
    world.edit("PersistentVolumeClaim", "mine", more);
    world.run(5);
    assert_eq!(world.object("PersistentVolumeClaim", "mine")["status"]["capacity"]["storage"], "1Gi");
    world.edit("Node", &node, json!({ "metadata": { "annotations": { NODE_DOWN: null } } }));
    world.settle();
    assert_eq!(world.object("PersistentVolumeClaim", "mine")["status"]["capacity"]["storage"], "3Gi");
}

#[test]
fn claims_that_no_provisioner_would_serve_wait_and_say_why() {
    let mut world = World::new();
    world.put(class("fast", "Immediate", "Delete"));
    let mut choosy = claim("choosy", Some("fast"));
    choosy["spec"]["selector"] = json!({ "matchLabels": { "disk": "old" } });
    world.put(choosy);
    let mut copied = claim("copied", Some("fast"));
    copied["spec"]["dataSource"] = json!({ "kind": "PersistentVolumeClaim", "name": "choosy" });
    world.put(copied);
    let mut golden = claim("golden", Some("fast"));
    golden["spec"]["volumeAttributesClassName"] = json!("gold");
    world.put(golden);
    world.settle();
    for (name, why) in [
        ("choosy", "claim Selector is not supported"),
        ("copied", "data sources are not simulated"),
        ("golden", "classes of volume attributes are not simulated"),
    ] {
        assert_eq!(world.object("PersistentVolumeClaim", name).phase(), "Pending");
        let told = format!("failed to provision volume with StorageClass \"fast\": {why}");
        assert!(world.events("PersistentVolumeClaim", name).contains(&("ProvisioningFailed".to_owned(), told)));
    }
}

#[test]
fn in_a_copy_a_class_from_before_there_were_drivers_is_served_grown_and_cleaned_up_by_its_driver() {
    let mut world = World::new();
    world.play_copy();
    let mut gp2 = class("gp2", "Immediate", "Delete");
    gp2["provisioner"] = json!("kubernetes.io/aws-ebs");
    world.put(gp2);
    world.put(claim("mine", Some("gp2")));
    world.put(pod_with_claim("user", "mine"));
    let mut old = host_path("old", "gp2");
    old["metadata"]["annotations"] = json!({ "pv.kubernetes.io/provisioned-by": "kubernetes.io/aws-ebs" });
    old["spec"]["hostPath"] = json!(null);
    old["spec"]["awsElasticBlockStore"] = json!({ "volumeID": "aws://eu-1a/vol-1" });
    old["spec"]["persistentVolumeReclaimPolicy"] = json!("Delete");
    old["spec"]["claimRef"] = json!({ "namespace": "default", "name": "gone", "uid": "gone" });
    world.put(old);
    world.settle();
    let volume = world.object("PersistentVolume", &volume_of(&world, "mine"));
    assert_eq!(volume["spec"]["csi"]["driver"], "ebs.csi.aws.com");
    assert!(world.get("PersistentVolume", "", "old").is_none(), "its claim is gone, and its driver deletes it");
    let more = json!({ "spec": { "resources": { "requests": { "storage": "3Gi" } } } });
    world.edit("PersistentVolumeClaim", "mine", more);
    world.settle();
    assert_eq!(world.object("PersistentVolumeClaim", "mine")["status"]["capacity"]["storage"], "3Gi");
}

#[test]
fn a_request_that_is_taken_back_does_not_make_a_volume_smaller() {
    let mut world = World::new();
    world.put(class("fast", "Immediate", "Delete"));
    world.put(claim("mine", Some("fast")));
    world.settle();
    for size in ["9Gi", "6Gi"] {
        let more = json!({ "spec": { "resources": { "requests": { "storage": size } } } });
        world.edit("PersistentVolumeClaim", "mine", more);
        world.settle();
    }
    world.put(pod_with_claim("user", "mine"));
    world.settle();
    assert_eq!(world.object("PersistentVolumeClaim", "mine")["status"]["capacity"]["storage"], "9Gi");
}

#[test]
fn h_43_a_volume_of_a_copy_is_pinned_as_those_of_its_class() {
    let mut world = World::new();
    let mut zonal = class("zonal", "Immediate", "Delete");
    zonal["provisioner"] = json!("disks.example.com");
    world.put(zonal);
    let mut old = host_path("old", "zonal");
    old["metadata"]["annotations"] = json!({ "pv.kubernetes.io/provisioned-by": "disks.example.com" });
    old["spec"]["claimRef"] = json!({ "namespace": "default", "name": "other", "uid": "other" });
    old["spec"]["nodeAffinity"] = json!({ "required": { "nodeSelectorTerms": [
        { "matchExpressions": [{ "key": "zone", "operator": "In", "values": ["a"] }] },
    ] } });
    world.put(old.clone());
    world.put(claim("mine", Some("zonal")));
    world.settle();
    let place = world.object("PersistentVolumeClaim", "mine").target();
    let passes = Provisioner::of_all().passes_about(&world, &place, world.now);
    let made = passes.iter().flat_map(|pass| &pass.parts).find_map(|part| match part {
        Part::Write(Write::Create(volume)) => Some(volume),
        Part::Write(_) | Part::Batch(_) => None,
    });
    assert_eq!(made.unwrap()["spec"]["nodeAffinity"], old["spec"]["nodeAffinity"]);
}

#[test]
fn pv_57_a_grown_request_grows_volume_and_claim_once_a_pod_runs_with_it() {
    let mut world = World::new();
    world.put(class("fast", "Immediate", "Delete"));
    world.put(claim("mine", Some("fast")));
    world.settle();
    world.edit(
        "PersistentVolumeClaim",
        "mine",
        json!({ "spec": { "resources": { "requests": { "storage": "3Gi" } } } }),
    );
    world.settle();
    let held = world.object("PersistentVolumeClaim", "mine");
    assert!(held.holds("FileSystemResizePending") && !held.holds("Resizing"));
    assert_eq!(held["status"]["capacity"]["storage"], "1Gi");
    assert_eq!(world.object("PersistentVolume", &volume_of(&world, "mine"))["spec"]["capacity"]["storage"], "3Gi");
    world.put(pod_with_claim("user", "mine"));
    world.settle();
    let held = world.object("PersistentVolumeClaim", "mine");
    assert_eq!(held["status"]["capacity"]["storage"], "3Gi");
    assert!(held.condition("FileSystemResizePending").is_none());
}
