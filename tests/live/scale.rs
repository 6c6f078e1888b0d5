//! Members go and their data stay: `scale`, `undo` and `volumes` as a person
//! types them, on volumes whose provisioner really deletes the folder of each.

mod asking;
mod churn;
mod kills;
mod refusals;
mod replan;
mod stage;
mod stops;
mod unprotected;

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::world::World;
use crate::{ensure, live};
use stage::Stage;

pub fn tests() -> Vec<Trial> {
    let mut tests = vec![
        live("scale::a_scale_down_that_retires_keeps_each_volume_with_its_data_and_is_undone", retired_and_undone),
        live("scale::retired_volumes_are_restored_without_the_run_that_retired_them", restored),
        live("scale::retired_volumes_are_purged_only_with_the_typed_name", purged),
    ];
    tests.extend(asking::tests());
    tests.extend(refusals::tests());
    tests.extend(stops::tests());
    tests.extend(unprotected::tests());
    tests.extend(kills::tests());
    tests.extend(churn::tests());
    tests.extend(replan::tests());
    tests
}

fn retired_and_undone(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 5)?;
    let before = stage.picture()?;
    ensure(before.claims.len() == 10 && before.retired().count() == 0, || format!("{before:?}"))?;
    let said = stage.retire(2)?;
    let after = stage.picture()?;
    after.has_retired(6, &before, &said)?;
    ensure(after.replicas == 2 && after.claims.len() == 4, || format!("{after:?}\n{said}"))?;
    // Those that stay are not touched.
    let others = after.claims.iter().all(|(claim, volume)| {
        before.claims.get(claim) == Some(volume) && before.volumes.get(volume) == after.volumes.get(volume)
    });
    ensure(others, || format!("before {before:?}\nnow {after:?}"))?;
    let set = world.get("StatefulSet", "web")?.ok_or("no set")?;
    let status = &set["status"];
    ensure(status["readyReplicas"] == 2 && status["replicas"] == 2, || format!("{set}\n{said}"))?;
    stage.is_unlocked(&said)?;

    let said = stage.cli.run(&["undo", "--yes"])?.ended(0)?;
    stage.until_ready(5)?;
    stage.is_still(&before, &said)
}

fn restored(world: &World) -> Result<(), Failed> {
    let mut stage = Stage::ready(world, 3)?;
    let before = stage.picture()?;
    let said = stage.retire(1)?;
    stage.picture()?.has_retired(4, &before, &said)?;
    // Somebody else, with another home: what is needed stands on the volumes.
    stage.cli = world.cli(crate::support::credentials::User::Admin)?;
    let listed = stage.cli.run(&["volumes", "list"])?.ended(0)?;
    for name in before.volumes.keys() {
        let kept = stage.picture()?.claims.values().any(|volume| volume == name);
        ensure(listed.stdout.contains(name.as_str()) != kept, || format!("{name}: {listed}"))?;
    }
    let said = stage.cli.run(&["volumes", "restore", "web", "--scale", "--yes"])?.ended(0)?;
    stage.until_ready(3)?;
    stage.is_still(&before, &said)
}

fn purged(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 3)?;
    // Another set in the namespace, with a retired volume of its own.
    let other = Stage::with(world, "other", 2, &json!({}))?;
    let before = stage.picture()?;
    stage.retire(1)?;
    other.retire(1)?;
    let (retired, elsewhere) = (stage.picture()?, other.picture()?);

    let refused = stage.cli.run(&["volumes", "purge", "web", "--yes"])?.ended(3)?;
    refused.says("--confirm web")?;
    stage.is_still(&retired, &refused)?;
    let refused = stage.cli.run(&["volumes", "purge", "web", "--yes", "--confirm", "other"])?.ended(3)?;
    stage.is_still(&retired, &refused)?;

    let said = stage.cli.run(&["volumes", "purge", "web", "--yes", "--confirm", "web"])?.ended(0)?;
    let after = stage.picture()?;
    ensure(after.retired().count() == 0 && after.claims == retired.claims, || format!("{after:?}\n{said}"))?;
    let rest = after.volumes.iter().all(|(name, disk)| before.volumes.get(name) == Some(disk));
    ensure(rest && after.volumes.len() == 2, || format!("{after:?}\n{said}"))?;
    ensure(stage.folders_there() == 2, || format!("{} folders are left: {said}", stage.folders_there()))?;
    stage.is_unlocked(&said)?;
    other.is_still(&elsewhere, &said)
}
