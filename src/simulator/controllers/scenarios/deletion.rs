//! Deleting a set, adopting and releasing pods, owners, namespaces (SS-04,
//! SS-95 to SS-98).

use serde_json::json;

use super::super::View;
use super::super::fields::Fields;
use super::super::world::World;
use super::{set, world_with};

#[test]
fn ss_95_deleting_a_set_collects_its_pods_and_keeps_its_claims() {
    let mut world = world_with(set(3, "fast"));
    world.remove("StatefulSet", "web");
    world.settle();
    assert!(world.names("Pod").is_empty());
    assert!(world.names("ControllerRevision").is_empty());
    assert_eq!(world.names("PersistentVolumeClaim").len(), 3);
}

#[test]
fn ss_96_when_deleted_delete_takes_the_claims_too() {
    let mut doomed = set(3, "fast");
    doomed["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] = json!("Delete");
    let mut world = world_with(doomed);
    world.remove("StatefulSet", "web");
    world.settle();
    assert!(world.names("PersistentVolumeClaim").is_empty());
    assert!(world.names("PersistentVolume").is_empty());
}

#[test]
fn foreground_deletion_keeps_the_set_until_its_pods_are_gone() {
    let mut world = world_with(set(2, "fast"));
    world.edit("StatefulSet", "web", json!({ "metadata": { "finalizers": ["foregroundDeletion"] } }));
    world.remove("StatefulSet", "web");
    world.settle();
    assert!(!world.exists("StatefulSet", "web"));
    let place = |line: &str| world.log.iter().position(|logged| logged == line).unwrap();
    assert!(place("gone StatefulSet/web") > place("gone Pod/web-0").max(place("gone Pod/web-1")));
}

#[test]
fn ss_97_orphaned_pods_stay_and_are_adopted_by_a_new_set_of_the_name() {
    let mut world = world_with(set(2, "fast"));
    let old = world.object("Pod", "web-0");
    world.edit("StatefulSet", "web", json!({ "metadata": { "finalizers": ["orphan"] } }));
    world.remove("StatefulSet", "web");
    world.settle();
    assert!(!world.exists("StatefulSet", "web"));
    assert!(world.object("Pod", "web-0").owners().is_empty());
    world.put(set(2, "fast"));
    world.settle();
    let adopted = world.object("Pod", "web-0");
    assert_eq!(adopted.uid(), old.uid());
    assert_eq!(adopted.controller().unwrap()["uid"], world.object("StatefulSet", "web").uid());
    assert_eq!(world.names("ControllerRevision").len(), 1);
}

#[test]
fn ss_04_a_pod_that_stops_matching_is_released_and_blocks_its_name_silently() {
    let mut world = world_with(set(2, "fast"));
    world.edit("Pod", "web-1", json!({ "metadata": { "labels": { "app": "other" } } }));
    world.settle();
    let pod = world.object("Pod", "web-1");
    assert!(pod.owners().is_empty());
    assert_eq!(world.object("StatefulSet", "web")["status"]["replicas"], 1);
    assert!(!world.events("StatefulSet", "web").iter().any(|(reason, _)| reason.starts_with("Failed")));
    world.edit("Pod", "web-1", json!({ "metadata": { "labels": { "app": "web" } } }));
    world.settle();
    assert_eq!(world.object("StatefulSet", "web")["status"]["replicas"], 2);
}

#[test]
fn ss_03_pods_of_a_set_whose_name_ends_in_a_number_are_not_ours() {
    let mut world = world_with(set(1, "fast"));
    let mut other = world.object("Pod", "web-0");
    other["metadata"] = json!({ "name": "web-1-0", "namespace": "default", "labels": { "app": "web" } });
    world.put(other);
    world.settle();
    assert!(world.object("Pod", "web-1-0").owners().is_empty());
    assert_eq!(world.object("StatefulSet", "web")["status"]["replicas"], 1);
}

#[test]
fn an_owner_of_an_unknown_kind_counts_as_alive() {
    let mut world = World::new();
    let owner = json!([{ "apiVersion": "example.com/v1", "kind": "Database", "name": "db", "uid": "u-9" }]);
    let gone = json!([{ "apiVersion": "v1", "kind": "Pod", "name": "nobody", "uid": "u-8" }]);
    for (name, owners) in [("kept", owner), ("dropped", gone)] {
        world.put(json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": name, "namespace": "default", "ownerReferences": owners },
        }));
    }
    world.settle();
    assert_eq!(world.names("ConfigMap"), ["kept"]);
}

#[test]
fn a_terminating_namespace_is_emptied_and_then_goes() {
    let mut world = world_with(set(2, "fast"));
    world.put(json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "default" },
        "spec": { "finalizers": ["kubernetes"] },
    }));
    world.remove("Namespace", "default");
    world.settle();
    assert!(!world.exists("Namespace", "default"));
    for kind in ["Pod", "PersistentVolumeClaim", "StatefulSet", "ControllerRevision"] {
        assert!(world.list(kind).is_empty(), "{kind}");
    }
    let place = |line: &str| world.log.iter().position(|logged| logged == line).unwrap();
    assert!(place("gone Namespace/default") > place("gone PersistentVolumeClaim/data-web-1"));
}

#[test]
fn ss_32_a_set_that_is_being_deleted_adopts_and_makes_nothing() {
    let mut world = world_with(set(2, "fast"));
    world.edit("StatefulSet", "web", json!({ "metadata": { "finalizers": ["example.com/hold"] } }));
    world.edit("Pod", "web-0", json!({ "metadata": { "ownerReferences": null } }));
    world.remove("StatefulSet", "web");
    world.remove("Pod", "web-1");
    world.settle();
    assert_eq!(world.names("Pod"), ["web-0"]);
    assert!(world.object("Pod", "web-0").owners().is_empty());
    assert_eq!(world.object("StatefulSet", "web")["status"]["replicas"], 0);
}
