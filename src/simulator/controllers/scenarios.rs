//! What the actors do together, named after the rules and vectors of the
//! semantics reference.

mod attachments;
mod binding;
mod containers;
mod creation;
mod deletion;
mod kubelets;
mod nodes;
mod provisioning;
mod retention;
mod rollout;
mod scaling;
mod scheduling;
mod stopping;

use serde_json::{Value, json};

use super::world::World;

/// The manifests that the scenarios use.
pub(super) fn class(name: &str, mode: &str, policy: &str) -> Value {
    json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": name },
        "provisioner": super::all::DISK, "volumeBindingMode": mode, "reclaimPolicy": policy,
        "allowVolumeExpansion": true,
    })
}

/// A set `web` with a claim template `data` of the class.
pub(super) fn set(replicas: i64, class: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": { "name": "web", "namespace": "default" },
        "spec": {
            "replicas": replicas,
            "serviceName": "web",
            "selector": { "matchLabels": { "app": "web" } },
            "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } },
            "persistentVolumeClaimRetentionPolicy": { "whenDeleted": "Retain", "whenScaled": "Retain" },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "restartPolicy": "Always", "containers": [{ "name": "main", "image": "db:1" }] },
            },
            "volumeClaimTemplates": [{
                "metadata": { "name": "data" },
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": class,
                    "resources": { "requests": { "storage": "1Gi" } },
                },
            }],
        },
    })
}

/// A world in which `set` has settled, on classes `fast` (at once) and
/// `local` (when a pod comes).
pub(super) fn world_with(set: Value) -> World {
    let mut world = World::new();
    world.put(class("fast", "Immediate", "Delete"));
    world.put(class("local", "WaitForFirstConsumer", "Retain"));
    world.put(set);
    world.settle();
    world.log.clear();
    world
}

/// Creations and deletions of pods, in order, such as `delete web-4`.
pub(super) fn pod_moves(world: &World) -> Vec<String> {
    let of_pods = world.log.iter().filter(|line| line.contains(" Pod/") && !line.starts_with("patch"));
    of_pods.filter(|line| !line.starts_with("bind")).map(|line| line.replace("Pod/", "")).collect()
}

/// Makes a pod's readiness probe fail from now on.
pub(super) fn break_pod(world: &mut World, pod: &str) {
    let broken = json!({ "metadata": { "annotations": { super::kubelet::NEVER_READY: "true" } } });
    world.edit("Pod", pod, broken);
    world.run(1);
}

pub(super) fn scale(world: &mut World, replicas: i64) {
    world.edit("StatefulSet", "web", json!({ "spec": { "replicas": replicas } }));
}

/// A static volume of 1Gi on the class, with reclaim policy Retain.
pub(super) fn host_path(name: &str, class: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": name },
        "spec": {
            "capacity": { "storage": "1Gi" }, "accessModes": ["ReadWriteOnce"], "storageClassName": class,
            "persistentVolumeReclaimPolicy": "Retain", "hostPath": { "path": "/srv/data" },
        },
    })
}

/// A claim of 1Gi; `None` leaves the class out.
pub(super) fn claim(name: &str, class: Option<&str>) -> Value {
    let mut claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": name, "namespace": "default" },
        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
    });
    if let Some(class) = class {
        claim["spec"]["storageClassName"] = json!(class);
    }
    claim
}

/// A pod of its own that mounts a claim.
pub(super) fn pod_with_claim(name: &str, claim: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": "default" },
        "spec": {
            "restartPolicy": "Never", "containers": [{ "name": "main", "image": "tool:1" }],
            "volumes": [{ "name": "data", "persistentVolumeClaim": { "claimName": claim } }],
        },
    })
}
