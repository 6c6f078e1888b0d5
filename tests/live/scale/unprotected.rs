//! Claims that go although their volumes are not ours to protect.

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use super::stage::Stage;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("scale::an_editor_without_rights_on_volumes_gives_claims_up_by_name", editor),
        live("scale::volumes_that_are_retain_keep_the_data_of_unprotected_claims", retaining),
    ]
}

fn editor(world: &World) -> Result<(), Failed> {
    world.grant(User::Editor, "edit")?;
    let mut stage = Stage::ready(world, 3)?;
    let before = stage.picture()?;
    stage.cli = world.cli(User::Editor)?;
    let refused = stage.scale(1, &["--claims", "retire", "--confirm", "web"])?.ended(3)?;
    refused.says("you may not get persistentvolumes")?;
    let unprotected = ["--claims", "retire", "--unprotected", "--confirm", "web"];
    let refused = stage.scale(1, &unprotected)?.ended(3)?;
    refused.says("not known to be Retain")?;
    let refused = stage.scale(1, &["--claims", "destroy", "--unprotected"])?.ended(3)?;
    refused.says("--confirm web")?;
    stage.is_still(&before, &refused)?;
    let said = stage.scale(1, &["--claims", "destroy", "--unprotected", "--confirm", "web"])?.ended(0)?;
    for part in ["cannot be undone", "whether its data go with it is not known", "do not come back"] {
        said.says(part)?;
    }
    let after = stage.picture()?;
    let left: Vec<_> = after.claims.keys().map(String::as_str).collect();
    ensure(left == ["data-web-0", "log-web-0"] && after.replicas == 1, || format!("{after:?}\n{said}"))?;
    // What stays is as it was.
    let same = after.claims.values().all(|volume| after.volumes.get(volume) == before.volumes.get(volume));
    ensure(same, || format!("before {before:?}\nnow {after:?}\n{said}"))?;
    stage.is_unlocked(&said)
}

fn retaining(world: &World) -> Result<(), Failed> {
    let stage = Stage::ready(world, 2)?;
    for volume in stage.volumes()? {
        let name = volume["metadata"]["name"].as_str().unwrap_or_default();
        let retain = json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}});
        world.merge_patch("PersistentVolume", name, &retain)?;
    }
    let before = stage.picture()?;
    let words = ["--claims", "retire", "--unprotected", "--confirm", "web"];
    let said = stage.scale(1, &words)?.ended(0)?;
    said.says("its volume is Retain and stays with its data")?;
    let after = stage.picture()?;
    let kept = after.retired().filter(|disk| disk.phase == "Released" && !disk.is_marked && disk.data.is_some());
    ensure(kept.count() == 2 && after.claims.len() == 2, || format!("before {before:?}\nnow {after:?}\n{said}"))?;
    let undone = stage.cli.run(&["undo", "--yes"])?.ended(4)?;
    undone.says("PersistentVolumeClaim/data-web-1")?;
    stage.until_ready(2)?;
    stage.is_unlocked(&undone)
}
