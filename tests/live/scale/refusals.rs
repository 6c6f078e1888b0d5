//! What stands against a scale-down, each by its name, and nothing half-deleted.

use std::process::Stdio;

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::stage::{Picture, Stage};
use crate::support::cli::Said;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("scale::an_autoscaler_on_a_set_refuses_a_scale_down", autoscaled),
        live("scale::a_member_that_is_not_ready_refuses_a_scale_down", unready),
        live("scale::a_foreign_pod_on_a_claim_refuses_a_scale_down", foreign_pod),
        live("scale::claims_that_go_with_their_members_are_not_kept_but_retired_and_come_back", when_scaled),
        live("scale::the_highest_members_go_of_a_set_that_starts_at_three", starts_at_three),
        live("scale::a_second_run_at_once_is_refused_by_the_lock", second_run),
    ]
}

/// Whatever happened, all data are where they were.
pub fn same_data(now: &Picture, before: &Picture, said: &Said) -> Result<(), Failed> {
    let same = before.volumes.iter().all(|(name, disk)| {
        now.volumes.get(name).is_some_and(|kept| kept.uid == disk.uid && kept.data == disk.data && kept.data.is_some())
    });
    ensure(same, || format!("before {before:?}\nnow {now:?}\n{said}"))
}

fn autoscaled(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 2)?;
    world.create(json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "busy"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"},
                 "minReplicas": 1, "maxReplicas": 5},
    }))?;
    let before = stage.picture()?;
    for claims in ["keep", "retire"] {
        let refused = stage.scale(1, &["--claims", claims])?.ended(3)?;
        refused.says("HorizontalPodAutoscaler `busy`")?;
        refused.says("nothing was changed")?;
        stage.is_still(&before, &refused)?;
    }
    Ok(())
}

fn unready(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 2)?;
    let before = stage.picture()?;
    let knob = json!({"metadata": {"annotations": {"sandbox.kubectl-stateful/never-ready": "true"}}});
    world.merge_patch("Pod", "web-0", &knob)?;
    world.until_object("StatefulSet", "web", |set| set["status"]["readyReplicas"] == 1)?;
    let refused = stage.scale(1, &["--claims", "retire"])?.ended(3)?;
    refused.says("1 of 2 members of web are ready")?;
    refused.says("nothing was changed")?;
    stage.is_still(&before, &refused)
}

fn foreign_pod(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 2)?;
    let before = stage.picture()?;
    world.create(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "reader"},
        "spec": {"containers": [{"name": "main", "image": "example.com/reader:1"}],
                 "volumes": [{"name": "log", "persistentVolumeClaim": {"claimName": "log-web-1"}}]},
    }))?;
    let refused = stage.scale(1, &["--claims", "retire"])?.ended(3)?;
    refused.says("pod reader uses its claim")?;
    refused.says("nothing was changed")?;
    stage.is_still(&before, &refused)
}

fn when_scaled(world: &World) -> Result<(), Failed> {
    let policy = json!({"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete", "whenDeleted": "Retain"}});
    let stage = Stage::with(world, "web", 3, &policy)?;
    let before = stage.picture()?;
    let refused = stage.scale(1, &["--claims", "keep"])?.ended(3)?;
    refused.says("whenScaled: Delete")?;
    stage.is_still(&before, &refused)?;
    let said = stage.retire(1)?;
    stage.picture()?.has_retired(4, &before, &said)?;
    let said = stage.cli.run(&["undo", "--yes"])?.ended(0)?;
    stage.until_ready(3)?;
    stage.is_still(&before, &said)?;
    // A class that retains keeps the volumes, but not what they are.
    for volume in stage.volumes()? {
        let name = volume["metadata"]["name"].as_str().unwrap_or_default();
        let retain = json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}});
        world.merge_patch("PersistentVolume", name, &retain)?;
    }
    let before = stage.picture()?;
    let refused = stage.scale(2, &["--claims", "keep"])?.ended(3)?;
    refused.says("does not say whose data it holds")?;
    stage.is_still(&before, &refused)
}

fn starts_at_three(world: &World) -> Result<(), Failed> {
    let stage = Stage::with(world, "web", 3, &json!({"ordinals": {"start": 3}}))?;
    let before = stage.picture()?;
    let said = stage.retire(1)?;
    let after = stage.picture()?;
    after.has_retired(4, &before, &said)?;
    let left: Vec<_> = after.claims.keys().map(String::as_str).collect();
    ensure(left == ["data-web-3", "log-web-3"], || format!("{after:?}\n{said}"))?;
    let said = stage.cli.run(&["undo", "--yes"])?.ended(0)?;
    stage.until_ready(3)?;
    stage.is_still(&before, &said)
}

/// The one that is under way is not disturbed by the refused one.
fn second_run(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 3)?;
    let before = stage.picture()?;
    let first = ["scale", "web", "--replicas", "1", "--claims", "retire", "--yes", "--no-app-check", "--settle", "2s"];
    let quiet = Stdio::null;
    let mut first = stage.cli.plugin().args(first).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn()?;
    // The first member is on its way: the refusal is the lock's, not a guard's.
    world.until_object("StatefulSet", "web", |set| set["spec"]["replicas"] == 2)?;
    stage.until_ready(2)?;
    let refused = stage.scale(1, &["--claims", "retire"])?.ended(3);
    let ended = first.wait()?;
    let refused = refused?;
    for part in ["stateful-web", "is held by run", "nothing was changed"] {
        refused.says(part)?;
    }
    ensure(ended.success(), || format!("the first run ended with {ended}"))?;
    let after = stage.picture()?;
    after.has_retired(4, &before, &refused)?;
    stage.is_unlocked(&refused)
}
