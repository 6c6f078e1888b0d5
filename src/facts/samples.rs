//! Small worlds for tests: objects as the API server would answer them, and an
//! inventory made from any mix of them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::inventory::Inventory;
use super::revision::Revision;
use super::surroundings::Surroundings;
use super::{attachment::Attachment, autoscaler::Autoscaler, budget::Budget, class::Class, endpoints::Slice};
use super::{claim::Claim, event::Event, lock::Held, node::Node, pod::Pod, service::Service, set::Set, volume::Volume};

/// The moment at which all tests look.
pub(crate) fn now() -> Timestamp {
    "2026-03-13T12:00:00Z".parse().unwrap()
}

/// Twelve days before `now`.
const BORN: &str = "2026-03-01T12:00:00Z";

/// A set with the claim template `data` and this many replicas.
pub(crate) fn set(name: &str, replicas: u64) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"namespace": "default", "name": name, "uid": format!("set-{name}"), "generation": 2,
            "creationTimestamp": BORN},
        "spec": {"replicas": replicas, "serviceName": name, "podManagementPolicy": "OrderedReady",
            "template": {"metadata": {"labels": {"app": name}}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"},
                "spec": {"storageClassName": "standard", "resources": {"requests": {"storage": "10Gi"}}}}]},
        "status": {"observedGeneration": 2, "replicas": replicas, "readyReplicas": replicas,
            "currentRevision": format!("{name}-7c9f"), "updateRevision": format!("{name}-7c9f")},
    })
}

/// A headless Service that governs the set of that name.
pub(crate) fn service(name: &str) -> Value {
    json!({"kind": "Service", "metadata": {"namespace": "default", "name": name},
        "spec": {"clusterIP": "None", "selector": {"app": name}}})
}

/// A ready member on a node, with its claim mounted.
pub(crate) fn pod(set: &str, ordinal: u64, node: &str) -> Value {
    let name = format!("{set}-{ordinal}");
    json!({
        "kind": "Pod",
        "metadata": {"namespace": "default", "name": name, "uid": format!("pod-{name}"), "creationTimestamp": BORN,
            "labels": {"controller-revision-hash": format!("{set}-7c9f")},
            "ownerReferences": [{"kind": "StatefulSet", "name": set, "uid": format!("set-{set}"), "controller": true}]},
        "spec": {"nodeName": node, "volumes": [{"name": "data",
            "persistentVolumeClaim": {"claimName": format!("data-{name}")}}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "app", "ready": true, "state": {"running": {}}}]},
    })
}

/// A member that waits for a node.
pub(crate) fn pending_pod(set: &str, ordinal: u64, message: &str) -> Value {
    let mut pod = pod(set, ordinal, "");
    pod["metadata"]["creationTimestamp"] = json!("2026-03-13T11:56:00Z");
    pod["status"] = json!({"phase": "Pending",
        "conditions": [{"type": "PodScheduled", "status": "False", "message": message}]});
    pod
}

/// The name of the volume that a provisioner would have made for the n-th claim.
pub(crate) fn volume_name(number: u64) -> String {
    format!("pvc-{number:08x}-0000-4000-8000-000000000000")
}

/// A bound claim and its volume, pinned to a zone.
pub(crate) fn claim(template: &str, set: &str, ordinal: u64, zone: &str) -> [Value; 2] {
    let (name, volume) = (format!("{template}-{set}-{ordinal}"), volume_name(ordinal));
    let claim = json!({
        "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": "default", "name": name, "uid": format!("claim-{name}"), "creationTimestamp": BORN,
            "finalizers": ["kubernetes.io/pvc-protection"]},
        "spec": {"storageClassName": "standard", "volumeName": volume, "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Gi"}}},
        "status": {"phase": "Bound", "capacity": {"storage": "10Gi"}},
    });
    let zones =
        json!({"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]}]});
    let volume = json!({
        "kind": "PersistentVolume", "metadata": {"name": volume, "uid": format!("volume-{ordinal}")},
        "spec": {"capacity": {"storage": "10Gi"}, "storageClassName": "standard",
            "persistentVolumeReclaimPolicy": "Delete",
            "claimRef": {"namespace": "default", "name": name, "uid": format!("claim-{name}")},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [zones]}}},
        "status": {"phase": "Bound"},
    });
    [claim, volume]
}

pub(crate) fn node(name: &str, zone: &str, ready: bool) -> Value {
    json!({
        "kind": "Node", "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}},
        "status": {"conditions": [{"type": "Ready", "status": if ready { "True" } else { "Unknown" }}],
            "addresses": [{"type": "InternalIP", "address": format!("10.0.0.{}", name.len())}]},
    })
}

/// A class that binds at once.
pub(crate) fn class(name: &str, provisioner: &str) -> Value {
    json!({"kind": "StorageClass", "metadata": {"name": name}, "provisioner": provisioner})
}

/// A volume that hangs on a node.
pub(crate) fn attachment(name: &str, node: &str, volume: &str) -> Value {
    json!({"kind": "VolumeAttachment", "metadata": {"name": name}, "status": {"attached": true},
        "spec": {"attacher": "d", "nodeName": node, "source": {"persistentVolumeName": volume}}})
}

pub(crate) fn event(uid: &str, kind: &str, reason: &str, message: &str) -> Value {
    json!({"kind": "Event", "metadata": {"namespace": "default", "name": format!("{uid}.{reason}")}, "type": kind,
        "involvedObject": {"uid": uid}, "reason": reason, "message": message, "lastTimestamp": BORN})
}

/// `web` with three members, the last of which finds no node in its zone, and
/// two claims left from when it had five.
pub(crate) fn world() -> Vec<Value> {
    let unbound = "0/2 nodes are available: 2 node(s) had volume node affinity conflict.";
    let mut all = vec![
        set("web", 3),
        service("web"),
        pod("web", 0, "node-a"),
        pod("web", 1, "node-b"),
        pending_pod("web", 2, unbound),
        node("node-a", "eu-1a", true),
        node("node-b", "eu-1b", true),
        node("node-c", "eu-1c", false),
    ];
    for (ordinal, zone) in (0..).zip(["eu-1a", "eu-1b", "eu-1c", "eu-1a", "eu-1b"]) {
        all.extend(claim("data", "web", ordinal, zone));
    }
    all
}

/// What stands around such objects.
pub(crate) fn surroundings(objects: &[Value]) -> Surroundings {
    Surroundings {
        classes: Some(all(objects, "StorageClass", Class::read)),
        budgets: Some(all(objects, "PodDisruptionBudget", Budget::read)),
        autoscalers: Some(all(objects, "HorizontalPodAutoscaler", Autoscaler::read)),
        attachments: Some(all(objects, "VolumeAttachment", Attachment::read)),
        slices: Some(all(objects, "EndpointSlice", Slice::read)),
        revisions: Some(all(objects, "ControllerRevision", Revision::read)),
    }
}

fn all<T>(objects: &[Value], kind: &str, read: fn(&Value) -> Option<T>) -> Vec<T> {
    objects.iter().filter(|object| object["kind"] == kind).filter_map(read).collect()
}

/// The inventory of such objects; lists without objects are empty, not unread.
pub(crate) fn inventory(objects: &[Value]) -> Inventory {
    Inventory {
        sets: all(objects, "StatefulSet", Set::read),
        sets_hidden: false,
        pods: Some(all(objects, "Pod", Pod::read)),
        claims: Some(all(objects, "PersistentVolumeClaim", Claim::read)),
        services: Some(all(objects, "Service", Service::read)),
        volumes: Some(all(objects, "PersistentVolume", Volume::read)),
        nodes: Some(all(objects, "Node", Node::read)),
        events: Some(all(objects, "Event", Event::read)),
        locks: Some(all(objects, "Lease", Held::read)),
    }
}
