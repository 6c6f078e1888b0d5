//! The ground that the promises about data stand on: what the real binder and
//! a real provisioner and deleter do with a claim's volume.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::live;
use crate::sets::{headless_service, set};
use crate::support::seed::class;
use crate::world::World;

pub fn tests() -> Vec<Trial> {
    vec![
        live("deleting_a_claim_of_reclaim_policy_delete_deletes_its_folder", |world| folder_after(world, "Delete")),
        live("deleting_a_claim_of_reclaim_policy_retain_keeps_its_folder", |world| folder_after(world, "Retain")),
        live("scaling_down_keeps_the_claims_and_a_claim_in_use_only_turns_terminating", protection),
    ]
}

/// Made by the controller manager; gone when the test is over, however.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn folder_after(world: &World, policy: &str) -> Result<(), Failed> {
    let class_name = format!("{}-disk", world.namespace);
    world.create(class(&class_name, "kubernetes.io/host-path", policy, "Immediate", false))?;
    world.create(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"storageClassName": class_name, "accessModes": ["ReadWriteOnce"],
                 "resources": {"requests": {"storage": "1Mi"}}},
    }))?;
    let claim = world.until_object("PersistentVolumeClaim", "data", |claim| claim["status"]["phase"] == "Bound")?;
    let name = claim["spec"]["volumeName"].as_str().unwrap_or_default();
    let volume = world.get("PersistentVolume", name)?.ok_or("no volume")?;
    let folder = Folder(host_path(&volume)?);
    fs::write(folder.0.join("data"), "precious")?;
    world.delete("PersistentVolumeClaim", "data")?;
    if policy == "Delete" {
        world.until_gone("PersistentVolume", name)?;
        return if folder.0.exists() { Err("the folder outlived its volume".into()) } else { Ok(()) };
    }
    world.until_object("PersistentVolume", name, |volume| volume["status"]["phase"] == "Released")?;
    if fs::read(folder.0.join("data"))? == b"precious" { Ok(()) } else { Err("other data".into()) }
}

fn host_path(volume: &Value) -> Result<PathBuf, Failed> {
    let path = Path::new(volume["spec"]["hostPath"]["path"].as_str().unwrap_or_default());
    if path.starts_with("/tmp") && path.is_dir() {
        Ok(path.to_owned())
    } else {
        Err(format!("no folder below /tmp: {volume}").into())
    }
}

fn protection(world: &World) -> Result<(), Failed> {
    world.create(headless_service("web"))?;
    world.create(set("web", 2, "standard"))?;
    world.until_object("StatefulSet", "web", |set| set["status"]["readyReplicas"] == 2)?;
    world.merge_patch("StatefulSet", "web", &json!({"spec": {"replicas": 1}}))?;
    world.until_gone("Pod", "web-1")?;
    let left: Vec<Value> =
        world.list("PersistentVolumeClaim")?.iter().map(|claim| claim["metadata"]["name"].clone()).collect();
    if left != ["data-web-0", "data-web-1"] {
        return Err(format!("claims after scaling down: {left:?}").into());
    }
    world.delete("PersistentVolumeClaim", "data-web-1")?;
    world.until_gone("PersistentVolumeClaim", "data-web-1")?;
    // The pod of this one is alive, so its claim stays, Terminating.
    world.delete("PersistentVolumeClaim", "data-web-0")?;
    world.until_object("PersistentVolumeClaim", "data-web-0", |claim| {
        claim["metadata"]["deletionTimestamp"].is_string() && claim["status"]["phase"] == "Bound"
    })?;
    world.delete("StatefulSet", "web")?;
    world.until_gone("PersistentVolumeClaim", "data-web-0")?;
    Ok(())
}
