//! What tests of runbooks are played on, those of users and those of this
//! program: a set, and a home for its journals.

use std::io;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder, in memory where that is possible: a journal is synced with every line.
pub fn home() -> io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}

/// The set `web`, whose members have two claims each.
#[must_use]
pub fn set(replicas: u32) -> Value {
    let template = |name: &str| {
        json!({ "metadata": { "name": name }, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } },
        } })
    };
    let mount = |name: &str| json!({ "name": name, "mountPath": format!("/{name}") });
    let (templates, mounts) = (["data", "log"].map(template), ["data", "log"].map(mount));
    json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "web" }, "spec": {
        "replicas": replicas, "serviceName": "web", "selector": { "matchLabels": { "app": "web" } },
        "template": { "metadata": { "labels": { "app": "web" } }, "spec": {
            "terminationGracePeriodSeconds": 5,
            "containers": [{ "name": "main", "image": "web:1", "volumeMounts": mounts }],
        } },
        "volumeClaimTemplates": templates,
    } })
}
