//! What a test cluster holds from the start: three nodes in three zones and
//! three storage classes, the same as a fresh sandbox.

use kube::Client;
use kubectl_stateful::simulator::controllers::all::DISK;
use kubectl_stateful::simulator::controllers::attachments::MANAGED;
use serde_json::{Value, json};

use super::api::{Api, Method};

/// A driver whose volumes nobody makes, and which attaches those that there are.
pub const CLOUD: &str = "ebs.csi.aws.com";

/// Puts nodes and classes in; the cluster must be empty.
pub async fn put_in(client: &Client) -> Result<(), String> {
    let api = Api::new(client.clone(), "seed");
    for letter in ["a", "b", "c"] {
        put_node_in(&api, letter).await?;
    }
    for class in classes() {
        api.send(Method::Post, "/apis/storage.k8s.io/v1/storageclasses", Some(&class)).await?;
    }
    Ok(())
}

async fn put_node_in(api: &Api, letter: &str) -> Result<(), String> {
    let name = format!("node-{letter}");
    let path = format!("/api/v1/nodes/{name}");
    let node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "annotations": {MANAGED: "true"}, "labels": {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/region": "sandbox",
            "topology.kubernetes.io/zone": format!("zone-{letter}"),
        }},
    });
    api.send(Method::Post, "/api/v1/nodes", Some(&node)).await?;
    let room = json!({"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "500"});
    let ready = json!({"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "played by the tests"});
    let status = json!({"status": {
        "capacity": room, "allocatable": room, "conditions": [ready],
        "addresses": [{"type": "Hostname", "address": name}],
    }});
    api.send(Method::MergePatch, &format!("{path}/status"), Some(&status)).await?;
    // Admission gives each new node the taint `not-ready`; only the node
    // lifecycle controller, which does not run here, would take it away.
    api.send(Method::MergePatch, &path, Some(&json!({"spec": {"taints": null}}))).await?;
    Ok(())
}

fn classes() -> [Value; 3] {
    [
        class("standard", DISK, "Delete", "WaitForFirstConsumer", true),
        class("fast", DISK, "Retain", "Immediate", true),
        class("manual", "kubernetes.io/no-provisioner", "Retain", "Immediate", false),
    ]
}

/// A StorageClass; `standard` is the default one.
pub fn class(name: &str, provisioner: &str, reclaim: &str, binding: &str, expandable: bool) -> Value {
    let annotations =
        if name == "standard" { json!({"storageclass.kubernetes.io/is-default-class": "true"}) } else { json!({}) };
    json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": name, "annotations": annotations},
        "provisioner": provisioner,
        "reclaimPolicy": reclaim,
        "volumeBindingMode": binding,
        "allowVolumeExpansion": expandable,
    })
}
