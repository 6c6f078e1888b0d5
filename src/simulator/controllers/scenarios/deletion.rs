//! Deleting a set, adopting and releasing pods, owners, namespaces (SS-04,
//! SS-95 to SS-98).

use serde_json::json;

use super::super::View;
use super::super::fields::Fields;
use super::super::world::World;
use super::{set, world_with};

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
