//! What could not be read of the original is stood in for, and nothing goes with it.

use kubectl_stateful::simulator::Simulator;
use serde_json::json;

use super::{CLAIM, POD, SET, meta, objects, original};
use crate::support::{get, merge, run, seconds, send};

#[test]
fn what_could_not_be_read_is_stood_in_for() {
    let mut objects = objects();
    let read = ["StatefulSet", "ControllerRevision", "Pod", "PersistentVolumeClaim"];
    objects.retain(|object| read.iter().any(|kind| object["kind"] == *kind));
    let from = json!([{"name": "P", "valueFrom": {"secretKeyRef": {"name": "admin", "key": "password"}}}]);
    objects[0]["spec"]["template"]["spec"]["containers"][0]["env"] = from;
    let unread = ["PersistentVolume", "Node", "StorageClass", "Secret"];
    let simulator = Simulator::copy_of(original(objects, &unread), 7);
    run(&simulator, seconds(60));
    assert_eq!(get(&simulator, CLAIM).ok()["status"]["phase"], "Bound");
    assert_eq!(get(&simulator, "/api/v1/persistentvolumes/pvc-4").ok()["status"]["phase"], "Bound");
    let secret = get(&simulator, "/api/v1/namespaces/prod/secrets/admin").ok();
    assert_eq!(secret["data"], json!({"password": ""}));
    merge(&simulator, &format!("{SET}/scale"), &json!({"spec": {"replicas": 2}})).ok();
    run(&simulator, seconds(60));
    assert_eq!(get(&simulator, SET).ok()["status"]["replicas"], 2);
}

#[test]
fn what_is_owned_by_something_that_was_not_read_stays() {
    let by =
        |version: &str, kind: &str| json!([{"apiVersion": version, "kind": kind, "name": "x", "uid": "of-the-owner"}]);
    let mut objects = objects();
    let claim = objects.iter_mut().find(|object| object["kind"] == "PersistentVolumeClaim").unwrap();
    claim["metadata"]["ownerReferences"] = by("v1", "Secret");
    let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("leader", 9), "data": {}});
    map["metadata"]["ownerReferences"] = by("coordination.k8s.io/v1", "Lease");
    objects.push(map);
    // Of this one it is known that it is gone.
    let mut orphan = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("garbage", 10), "data": {}});
    orphan["metadata"]["ownerReferences"] = by("v1", "Service");
    objects.push(orphan);
    let simulator = Simulator::copy_of(original(objects, &["Secret", "Lease"]), 7);
    run(&simulator, seconds(60));
    assert!(get(&simulator, CLAIM).ok()["metadata"]["deletionTimestamp"].is_null());
    get(&simulator, "/api/v1/namespaces/prod/configmaps/leader").ok();
    assert_eq!(get(&simulator, "/api/v1/namespaces/prod/configmaps/garbage").code, 404);
    send(&simulator, "DELETE", "/api/v1/namespaces/prod/secrets/x", "", "").ok();
    run(&simulator, seconds(60));
    assert!(get(&simulator, CLAIM).ok()["metadata"]["deletionTimestamp"].is_string(), "its owner is gone now");
}

#[test]
fn a_volume_that_could_not_be_read_is_within_reach_of_its_node_alone() {
    let mut objects = objects();
    objects.retain(|object| object["kind"] != "PersistentVolume");
    let node = objects.iter_mut().find(|object| object["kind"] == "Node").unwrap();
    node["metadata"]["labels"] = json!({"kubernetes.io/hostname": "host-1"});
    let mut other = node.clone();
    other["metadata"] = meta("n2", 8);
    other["metadata"]["labels"] = json!({"kubernetes.io/hostname": "host-2"});
    other["metadata"].as_object_mut().unwrap().remove("namespace");
    objects.push(other);
    let simulator = Simulator::copy_of(original(objects, &["PersistentVolume"]), 7);
    let unschedulable = |is: bool| {
        merge(&simulator, "/api/v1/nodes/n1", &json!({"spec": {"unschedulable": is}})).ok();
        run(&simulator, seconds(60));
        get(&simulator, POD).ok()
    };
    merge(&simulator, "/api/v1/nodes/n1", &json!({"spec": {"unschedulable": true}})).ok();
    send(&simulator, "DELETE", POD, "", "").ok();
    let waiting = unschedulable(true);
    assert_eq!(waiting["status"]["phase"], "Pending", "the other node cannot reach the volume: {waiting}");
    assert_eq!(unschedulable(false)["spec"]["nodeName"], "n1");
}
