//! The real quota controller and the real set controller under a quota: what
//! the simulator's tests of quotas say of theirs.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::sets::set;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![live("a_set_over_its_quota_stays_short_until_there_is_room", stays_short)]
}

fn used(world: &World, expected: &Value) -> Result<(), Failed> {
    world.until_object("ResourceQuota", "q", |quota| quota["status"]["used"] == *expected)?;
    Ok(())
}

fn stays_short(world: &World) -> Result<(), Failed> {
    let limits = json!({
        "pods": "5", "persistentvolumeclaims": "5", "requests.storage": "2Gi", "count/deployments.apps": "1",
        "fast.storageclass.storage.k8s.io/requests.storage": "5Gi", "example.org/parts": "1",
        "standard.storageclass.storage.k8s.io/requests.storage": "5Gi",
    });
    let quota =
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": limits}});
    world.create(quota)?;
    let used_by = |count: &str, size: &str| {
        json!({
            "pods": count, "persistentvolumeclaims": count, "requests.storage": size, "count/deployments.apps": "0",
            "fast.storageclass.storage.k8s.io/requests.storage": "0",
            "standard.storageclass.storage.k8s.io/requests.storage": size,
        })
    };
    used(world, &used_by("0", "0"))?;
    world.create(set("web", 3, "standard"))?;
    used(world, &used_by("2", "2Gi"))?;
    let refusal = "Create Claim data-web-2 for Pod web-2 in StatefulSet web failed error: persistentvolumeclaims \
                   \"data-web-2\" is forbidden: exceeded quota: q, requested: requests.storage=1Gi, used: \
                   requests.storage=2Gi, limited: requests.storage=2Gi";
    world.until("the event", || {
        Ok(world.list("Event")?.iter().any(|event| event["message"] == refusal).then_some(()))
    })?;
    let short = world.until_object("StatefulSet", "web", |set| set["status"]["readyReplicas"] == 2)?;
    ensure(short["status"]["replicas"] == 2, || short.to_string())?;
    world.merge_patch("ResourceQuota", "q", &json!({"spec": {"hard": {"requests.storage": "3Gi"}}}))?;
    // A set that was refused a claim is looked at ever more seldom, unless somebody touches it.
    world.merge_patch("StatefulSet", "web", &json!({"metadata": {"annotations": {"touched": "yes"}}}))?;
    used(world, &used_by("3", "3Gi"))?;
    world.delete("StatefulSet", "web")?;
    world.until_gone("Pod", "web-0")?;
    for name in ["data-web-0", "data-web-1", "data-web-2"] {
        world.delete("PersistentVolumeClaim", name)?;
    }
    used(world, &used_by("0", "0"))
}
