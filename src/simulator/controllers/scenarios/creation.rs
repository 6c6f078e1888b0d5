//! A set comes up: order, claims, volumes, status.

use serde_json::json;

use super::super::fields::Fields;
use super::super::world::World;
use super::{class, set, world_with};

#[test]
fn an_immediate_claim_gets_its_volume_before_any_pod() {
    let mut world = World::new();
    world.put(class("fast", "Immediate", "Delete"));
    world.put(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": { "name": "alone", "namespace": "default" },
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "fast",
            "resources": { "requests": { "storage": "1Gi" } },
        },
    }));
    world.settle();
    let claim = world.object("PersistentVolumeClaim", "alone");
    assert_eq!(claim.phase(), "Bound");
    let volume = world.object("PersistentVolume", claim.text("/spec/volumeName"));
    assert_eq!(volume.phase(), "Bound");
    assert_eq!(volume["spec"]["claimRef"]["uid"], claim["metadata"]["uid"]);
    assert!(volume["spec"]["nodeAffinity"].is_null());
}

#[test]
fn a_delayed_claim_waits_for_its_pod_and_stays_in_the_zone_of_the_node() {
    let world = world_with(set(3, "local"));
    for ordinal in 0..3 {
        let pod = world.object("Pod", &format!("web-{ordinal}"));
        let claim = world.object("PersistentVolumeClaim", &format!("data-web-{ordinal}"));
        let volume = world.object("PersistentVolume", claim.text("/spec/volumeName"));
        let node = world.object("Node", pod.text("/spec/nodeName"));
        let zone = &volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0];
        assert_eq!(zone["values"][0], node["metadata"]["labels"]["topology.kubernetes.io/zone"]);
        assert!(pod.holds("Ready"));
    }
}
