//! What a fresh simulated cluster holds: the usual namespaces, three nodes in
//! three zones and three storage classes.

mod roles;

use http::Method;
use serde_json::{Value, json};

use super::clock::clock_text;
use super::controllers::all::DISK;
use super::controllers::attachments::MANAGED;
use super::request::Raw;
use super::world::World;

/// Fills an empty world.
pub fn fill(world: &mut World) {
    for name in ["default", "kube-system"] {
        post(world, "/api/v1/namespaces", &json!({"metadata": {"name": name}}));
    }
    for name in ["a", "b", "c"] {
        let node = node(name, &clock_text(world.now));
        post(world, "/api/v1/nodes", &node);
    }
    for class in classes() {
        post(world, "/apis/storage.k8s.io/v1/storageclasses", &class);
    }
    for class in priorities() {
        post(world, "/apis/scheduling.k8s.io/v1/priorityclasses", &class);
    }
    for (path, object) in roles::all() {
        post(world, path, &object);
    }
    world.fresh.clear();
}

fn post(world: &mut World, path: &str, body: &Value) {
    let raw = Raw::by("sandbox", Method::POST, path.to_owned(), "application/json", body.clone());
    // The seed is ours and a test proves that all of it goes in.
    let _ = world.answer_actor(&raw);
}

fn node(letter: &str, now: &str) -> Value {
    let name = format!("node-{letter}");
    let amounts = json!({"cpu": "16", "memory": "64Gi", "pods": "110", "ephemeral-storage": "500Gi"});
    json!({
        "metadata": {"name": name, "annotations": {MANAGED: "true"}, "labels": {
            "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
            "topology.kubernetes.io/region": "sandbox", "topology.kubernetes.io/zone": format!("zone-{letter}"),
        }},
        "status": {
            "capacity": amounts, "allocatable": amounts,
            "addresses": [{"type": "Hostname", "address": name}],
            "nodeInfo": {"kubeletVersion": super::discovery::VERSION, "operatingSystem": "linux", "architecture": "amd64"},
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "KubeletReady",
                "message": "kubelet is posting ready status", "lastHeartbeatTime": now, "lastTransitionTime": now,
            }],
        },
    })
}

/// The classes that every cluster has.
pub(super) fn priorities() -> [Value; 2] {
    let class = |name: &str, value: i64, what: &str| {
        let description = format!("Used for system critical pods that must {what}.");
        json!({"metadata": {"name": name}, "value": value, "description": description})
    };
    [
        class(
            "system-cluster-critical",
            2_000_000_000,
            "run in the cluster, but can be moved to another node if necessary",
        ),
        class("system-node-critical", 2_000_001_000, "not be moved from their current node"),
    ]
}

fn classes() -> [Value; 3] {
    let class = |name: &str, provisioner: &str, policy: &str, mode: &str| {
        json!({
            "metadata": {"name": name}, "provisioner": provisioner, "reclaimPolicy": policy,
            "volumeBindingMode": mode, "allowVolumeExpansion": provisioner == DISK,
        })
    };
    let mut standard = class("standard", DISK, "Delete", "WaitForFirstConsumer");
    standard["metadata"]["annotations"] = json!({"storageclass.kubernetes.io/is-default-class": "true"});
    // A prepared volume of class `manual` is bound at once, before any pod.
    let manual = class("manual", "kubernetes.io/no-provisioner", "Retain", "Immediate");
    [standard, class("fast", DISK, "Retain", "Immediate"), manual]
}
