//! The cluster behaves as a cluster: real controllers, scheduler and binder
//! bring a StatefulSet up on nodes and disks that our actors play.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::live;
use crate::world::World;

pub fn tests() -> Vec<Trial> {
    vec![live("a_set_with_claims_becomes_ready_and_its_claims_bind", becomes_ready)]
}

fn becomes_ready(world: &World) -> Result<(), Failed> {
    world.create(headless_service("web"))?;
    world.create(set("web", 2, "standard"))?;
    world.until_object("StatefulSet", "web", |set| set["status"]["readyReplicas"] == 2)?;
    for name in ["data-web-0", "data-web-1"] {
        let claim = world.get("PersistentVolumeClaim", name)?.ok_or("no claim")?;
        let volume = claim["spec"]["volumeName"].as_str().unwrap_or_default();
        let volume = world.get("PersistentVolume", volume)?.ok_or("no volume")?;
        let bound = (&claim["status"]["phase"], &volume["status"]["phase"], &volume["spec"]["claimRef"]["name"]);
        if bound != (&json!("Bound"), &json!("Bound"), &json!(name)) {
            return Err(format!("not bound: {bound:?}").into());
        }
    }
    Ok(())
}

/// A headless Service for the pods of `name`.
pub fn headless_service(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"clusterIP": "None", "selector": {"app": name}, "ports": [{"port": 80, "name": "web"}]},
    })
}

/// A StatefulSet with one claim template `data` of 1Gi in `class`.
pub fn set(name: &str, replicas: u32, class: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name},
        "spec": {
            "replicas": replicas, "serviceName": name,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{"name": "main", "image": "example.com/web:1",
                                    "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
                },
            },
            "volumeClaimTemplates": [{
                "metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": class,
                         "resources": {"requests": {"storage": "1Gi"}}},
            }],
        },
    })
}
