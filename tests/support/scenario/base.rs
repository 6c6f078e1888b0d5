//! The manifests that scenarios start from, and the names of what they touch.
//! Volumes and classes are global: they bear the namespace's name.

use kubectl_stateful::simulator::controllers::all::DISK;
use kubectl_stateful::simulator::controllers::kubelet::{START_SECONDS, STOP_SECONDS};
use serde_json::{Value, json};

use super::story::{Story, text};

/// An object that a scenario names, such as `pod/web-0`.
pub(super) struct Target {
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
}

impl Target {
    /// Reads `claim/data-web-0`. `volume/of data-web-0` is the volume that the
    /// claim of that name has, or last had; `seeded/standard` is a class that the
    /// cluster has from the start.
    pub fn of(written: &str, story: &Story) -> Result<Self, String> {
        let (kind, name) = written.split_once('/').ok_or_else(|| format!("`{written}` is not KIND/NAME"))?;
        let namespace = story.namespace.as_str();
        let global = format!("{namespace}-{name}");
        let (kind, name) = match kind {
            "set" => ("StatefulSet", name.to_owned()),
            "pod" => ("Pod", name.to_owned()),
            "claim" => ("PersistentVolumeClaim", name.to_owned()),
            "revision" => ("ControllerRevision", name.to_owned()),
            "namespace" => ("Namespace", namespace.to_owned()),
            "config" => ("ConfigMap", name.to_owned()),
            "quota" => ("ResourceQuota", name.to_owned()),
            "node" => ("Node", name.to_owned()),
            "budget" => ("PodDisruptionBudget", name.to_owned()),
            "seeded" => ("StorageClass", name.to_owned()),
            "class" if name.is_empty() => ("StorageClass", namespace.to_owned()),
            "class" => ("StorageClass", global),
            "volume" => match name.strip_prefix("of ") {
                Some(claim) => ("PersistentVolume", volume_of(story, claim)?),
                None => ("PersistentVolume", global),
            },
            _ => return Err(format!("`{written}` is of no known kind")),
        };
        let namespace = match kind {
            "StorageClass" | "PersistentVolume" | "Node" | "Namespace" => String::new(),
            _ => namespace.to_owned(),
        };
        Ok(Self { kind, namespace, name })
    }

    /// The manifest that a scenario's own fields are merged into.
    pub fn base(&self, namespace: &str) -> Value {
        let mut base = match self.kind {
            "StatefulSet" => set(&self.name, namespace),
            "Pod" => pod(),
            "PersistentVolumeClaim" => claim(namespace),
            "PersistentVolume" => volume(namespace),
            "StorageClass" => class(),
            "PodDisruptionBudget" => json!({"apiVersion": "policy/v1"}),
            _ => json!({"apiVersion": "v1"}),
        };
        base["kind"] = self.kind.into();
        base["metadata"]["name"] = self.name.as_str().into();
        if !self.namespace.is_empty() {
            base["metadata"]["namespace"] = self.namespace.as_str().into();
        }
        base
    }
}

fn volume_of(story: &Story, claim: &str) -> Result<String, String> {
    let seen = story.seen("PersistentVolumeClaim", claim).map(|seen| text(&seen.object, "/spec/volumeName"));
    match seen {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        Some(_) | None => Err(format!("claim `{claim}` has no volume")),
    }
}

/// Containers that start and stop at once, where nothing else is asked for.
fn prompt() -> Value {
    json!({START_SECONDS: "0", STOP_SECONDS: "0"})
}

fn set(name: &str, namespace: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "spec": {
            "replicas": 3,
            "serviceName": name,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": prompt()},
                "spec": {"containers": containers("1")},
            },
            "volumeClaimTemplates": [{
                "metadata": {"name": "data"},
                "spec": claim(namespace)["spec"],
            }],
        },
    })
}

/// The containers of a template that has this version of the image.
pub(super) fn containers(version: &str) -> Value {
    json!([{"name": "main", "image": format!("db:{version}")}])
}

fn pod() -> Value {
    json!({
        "apiVersion": "v1",
        "metadata": {"annotations": prompt()},
        "spec": {"containers": containers("1")},
    })
}

fn claim(namespace: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": namespace,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    })
}

fn volume(namespace: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": namespace,
            "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "/srv/data"},
        },
    })
}

fn class() -> Value {
    json!({
        "apiVersion": "storage.k8s.io/v1",
        "provisioner": DISK, "volumeBindingMode": "Immediate", "reclaimPolicy": "Delete",
        "allowVolumeExpansion": true,
    })
}
