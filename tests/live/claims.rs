//! Claims that an earlier set left behind: nobody gets them, or the data in
//! them, without having said so.

use libtest_mimic::{Failed, Trial};

use crate::init::is_ready;
use crate::support::cli::Cli;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("claims_of_an_earlier_set_are_refused_and_adopted_only_by_flag", refused_then_adopted),
        live("a_stopping_pod_of_an_earlier_set_does_not_count_as_ready", stopping),
        live("adopted_data_with_a_new_password_is_warned_of", new_password),
    ]
}

const INIT: [&str; 3] = ["init", "couchdb", "--yes"];
const ADOPT: [&str; 4] = ["init", "couchdb", "--yes", "--adopt-claims"];

/// A set that was made and deleted again; gives back the name of its volume.
fn left_behind(world: &World, cli: &Cli) -> Result<String, Failed> {
    cli.run(&INIT)?.ended(0)?;
    cli.run_kubectl(&["delete", "statefulset", "couchdb", "--cascade=foreground"], "")?.ended(0)?;
    world.until_gone("Pod", "couchdb-0")?;
    volume(world)
}

fn volume(world: &World) -> Result<String, Failed> {
    let claim = world.get("PersistentVolumeClaim", "data-couchdb-0")?.ok_or("no claim")?;
    Ok(claim["spec"]["volumeName"].as_str().ok_or("not bound")?.to_owned())
}

fn refused_then_adopted(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    let volume = left_behind(world, &cli)?;
    let refused = cli.run(&INIT)?.ended(3)?;
    for part in ["claim data-couchdb-0", "s old, 10Gi", &volume, "nothing was changed", "--adopt-claims"] {
        refused.says(part)?;
    }
    ensure(world.get("StatefulSet", "couchdb")?.is_none(), || "the set was made".to_owned())?;

    // Another name meets no earlier claims.
    cli.run(&["init", "couchdb", "--yes", "--name", "other", "--no-wait"])?.ended(0)?;

    let adopted = cli.run(&ADOPT)?.ended(0)?;
    adopted.says("claim data-couchdb-0 of an earlier set")?;
    ensure(self::volume(world)? == volume, || adopted.to_string())?;
    let pod = world.get("Pod", "couchdb-0")?.ok_or("no pod")?;
    ensure(is_ready(&pod), || pod.to_string())?;
    cli.run_shell(adopted.labelled("same again")?)?.ended(0)?.says("nothing to change")?;
    Ok(())
}

/// The pod of the earlier set is ready until its end, its claim bound.
fn stopping(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    cli.run(&INIT)?.ended(0)?;
    cli.run_kubectl(&["delete", "statefulset", "couchdb"], "")?.ended(0)?;
    let said = cli.run(&ADOPT)?.ended(0)?;
    let (set, pod) = (world.get("StatefulSet", "couchdb")?, world.get("Pod", "couchdb-0")?);
    let (set, pod) = (set.ok_or("no set")?, pod.ok_or("no pod")?);
    let of_the_set = pod["metadata"]["ownerReferences"][0]["uid"] == set["metadata"]["uid"];
    let stays = pod["metadata"]["deletionTimestamp"].is_null();
    ensure(of_the_set && stays && is_ready(&pod), || format!("{pod}\nafter {said}"))
}

fn new_password(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    left_behind(world, &cli)?;
    world.delete("Secret", "couchdb-admin")?;
    cli.run(&ADOPT)?.ended(0)?.says("the old password may still be the one that counts")?;
    Ok(())
}
