//! Objects and fields of somebody else: shown with their owner, never taken.

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::init::{COUCHDB, identities};
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("a_field_that_another_manager_owns_is_a_conflict_that_names_it", conflict),
        live("a_service_of_somebody_else_is_not_touched", foreign),
        live("an_existing_secret_without_the_needed_key_is_refused", missing_key),
    ]
}

fn conflict(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    cli.run(&["init", "couchdb", "--yes", "--no-wait"])?.ended(0)?;
    let ports = json!([{"name": "http", "port": 5984, "protocol": "TCP", "targetPort": 8080}]);
    let theirs = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "couchdb-client"},
                        "spec": {"ports": ports}});
    let apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=network-team", "-f", "-"];
    cli.run_kubectl(&apply, &theirs.to_string())?.ended(0)?;
    let before = identities(world, &COUCHDB)?;
    let refused = cli.run(&["init", "couchdb", "--yes", "--no-wait", "--admin-user", "root"])?.ended(3)?;
    for part in ["Service/couchdb-client", "network-team", "targetPort"] {
        refused.says(part)?;
    }
    ensure(identities(world, &COUCHDB)? == before, || format!("something was changed: {refused}"))
}

fn foreign(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    cli.run_kubectl(&["create", "service", "clusterip", "couchdb-client", "--tcp=80"], "")?.ended(0)?;
    let before = identities(world, &[("Service", "couchdb-client")])?;
    let refused = cli.run(&["init", "couchdb", "--yes"])?.ended(3)?;
    refused.says("`Service/couchdb-client` exists already and was made by `kubectl-create`")?;
    ensure(world.get("Secret", "couchdb-admin")?.is_none(), || format!("a Secret was made: {refused}"))?;
    ensure(identities(world, &[("Service", "couchdb-client")])? == before, || refused.to_string())
}

fn missing_key(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    cli.run_kubectl(&["create", "secret", "generic", "couchdb-admin", "--from-literal=user=root"], "")?.ended(0)?;
    cli.run(&["init", "couchdb", "--yes"])?.ended(3)?.says("`password`")?;
    ensure(world.get("Service", "couchdb")?.is_none(), || "a Service was made".to_owned())
}
