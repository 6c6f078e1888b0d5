//! What the roles `view` and `edit` are enough for: a missing right is told
//! before the first write, all of them at once; what may not be read is
//! unknown, never fine.

use libtest_mimic::{Failed, Trial};

use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("a_viewer_is_told_every_missing_right_before_any_write", viewer),
        live("an_editor_sets_up_an_application_without_rights_on_the_cluster_itself", editor),
        live("status_with_the_rights_of_a_viewer_shows_what_is_unknown", status),
        live("who_may_read_nothing_is_refused", nobody),
    ]
}

fn viewer(world: &World) -> Result<(), Failed> {
    world.grant(User::Viewer, "view")?;
    let cli = world.cli(User::Viewer)?;
    let refused = cli.run(&["init", "couchdb", "--yes"])?.ended(3)?;
    for right in [
        "get secrets",
        "create secrets",
        "create services",
        "patch services",
        "create statefulsets",
        "patch statefulsets",
        "nothing was changed",
        &world.namespace,
    ] {
        refused.says(right)?;
    }
    let made = ["Secret", "Service", "StatefulSet"].map(|kind| world.list(kind));
    ensure(made.iter().all(|list| list.as_ref().is_ok_and(Vec::is_empty)), || format!("{made:?}"))
}

fn editor(world: &World) -> Result<(), Failed> {
    world.grant(User::Editor, "edit")?;
    let cli = world.cli(User::Editor)?;
    let said = cli.run(&["init", "couchdb", "--yes"])?.ended(0)?;
    said.says("pod couchdb-0 ready")?;
    // A class that cannot be listed can still be named.
    cli.run(&["init", "couchdb", "--name", "fast", "--storage-class", "fast", "--yes"])?.ended(0)?;
    let volume = ["--storage-class", "", "--host-path", "/srv/db", "--host-node", "node-a"];
    let refused = cli.run(&[&["init", "couchdb", "--name", "own", "--yes"], &volume[..]].concat())?.ended(3)?;
    refused.says("create persistentvolumes")?;
    ensure(world.get("Secret", "own-admin")?.is_none(), || format!("a Secret was made: {refused}"))
}

fn status(world: &World) -> Result<(), Failed> {
    world.grant(User::Viewer, "view")?;
    world.cli(User::Admin)?.run(&["init", "couchdb", "--yes"])?.ended(0)?;
    let cli = world.cli(User::Viewer)?;
    let said = cli.run(&["status"])?.ended(0)?;
    for part in ["couchdb  1/1 ready", "standard unknown", "no right to read persistentvolumes, nodes, leases"] {
        said.says(part)?;
    }
    let document = cli.run(&["status", "-o", "json"])?.ended(0)?;
    let document: serde_json::Value = serde_json::from_str(&document.stdout)?;
    let volume = &document["sets"][0]["pods"][0]["claims"][0]["volume"];
    let unknown = document["unknown"].as_array().is_some_and(|paths| !paths.is_empty());
    ensure(volume.is_null() && unknown, || document.to_string())
}

fn nobody(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Nobody)?;
    cli.run(&["status"])?.ended(3)?.says("forbidden")?;
    cli.run(&["init", "couchdb", "--yes"])?.ended(3)?;
    Ok(())
}
