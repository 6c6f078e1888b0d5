//! A plan meets a cluster that is no longer the one it was made on, or somebody
//! who may not do what it says.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("scale::a_run_on_a_cluster_that_changed_stops_and_goes_on_by_a_new_plan", replanned),
        live("scale::a_plan_tells_the_rights_and_the_dry_runs_of_the_server", asked),
    ]
}

/// The volume of a claim becomes `Retain` by somebody else's hand.
fn protect_by_hand(world: &World, claim: &str) -> Result<(), Failed> {
    let claim = world.get("PersistentVolumeClaim", claim)?.ok_or("no claim")?;
    let volume = claim["spec"]["volumeName"].as_str().ok_or("not bound")?;
    world.merge_patch("PersistentVolume", volume, &json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}}))?;
    Ok(())
}

fn replanned(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 3)?;
    let before = stage.picture()?;
    let words = ["scale", "web", "--replicas", "1", "--claims", "retire", "--yes", "--no-app-check", "--settle", "5s"];
    let stopped = std::thread::scope(|threads| {
        let run = threads.spawn(|| stage.cli.run(&words));
        world.until_gone("Pod", "web-2")?;
        protect_by_hand(world, "data-web-1")?;
        run.join().unwrap_or_else(|_| Err("the run panicked".to_owned())).map_err(Failed::from)
    })?;
    let stopped = stopped.ended(6)?;
    for part in ["approved was", "Delete", "now it is", "Retain", "--replan"] {
        stopped.says(part)?;
    }
    let half = stage.picture()?;
    half.has_retired(2, &before, &stopped)?;
    // By its plan it cannot go on.
    stage.cli.run(&["resume", "--yes"])?.ended(6)?;
    let report = stage.cli.run(&["report"])?.ended(0)?;
    for part in ["stopped", "approved was", "not done", "kept", "data-web-2", "can be taken back"] {
        report.says(part)?;
    }
    let said = stage.cli.run(&["resume", "--replan", "--yes"])?.ended(0)?;
    // What somebody protected by hand is retired as the rest.
    stage.picture()?.has_retired(4, &before, &said)?;
    stage.is_unlocked(&said)?;
    let report = stage.cli.run(&["report", "-o", "json"])?.ended(0)?;
    let report: Value = serde_json::from_str(&report.stdout)?;
    let all_done = report["effects"].as_array().is_some_and(|all| all.iter().all(|effect| effect["state"] == "done"));
    ensure(all_done && report["replanned"] == 1 && report["state"] == "done", || report.to_string())
}

fn asked(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 2)?;
    let before = stage.picture()?;
    let words = ["scale", "web", "--replicas", "1", "--claims", "retire"];
    let shown = stage.cli.run(&[&words[..], &["--plan-only", "-o", "json"]].concat())?.ended(0)?;
    let plan: Value = serde_json::from_str(&shown.stdout)?;
    let list = |field: &str| plan[field].as_array().cloned().unwrap_or_default();
    let (rights, dry_runs) = (list("rights"), list("dryRuns"));
    ensure(rights.len() > 12 && rights.iter().all(|right| right["answer"] == "allowed"), || plan.to_string())?;
    ensure(dry_runs.len() == 5 && dry_runs.iter().all(|tried| tried["answer"] == "accepted"), || plan.to_string())?;
    stage.is_still(&before, &shown)?;

    // Somebody who may only look is told everything before the first write.
    world.grant(User::Viewer, "view")?;
    let keep = ["scale", "web", "--replicas", "1", "--claims", "keep", "--yes", "--no-app-check"];
    let refused = world.cli(User::Viewer)?.run(&keep)?.ended(3)?;
    for part in ["you may not", "update statefulsets/scale", "create leases", "nothing was changed"] {
        refused.says(part)?;
    }
    stage.is_still(&before, &refused)
}
