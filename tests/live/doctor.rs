//! `doctor` on the sandbox and on the real cluster: the same states, the same
//! findings; and stuck states whose finding is gone after its command was typed.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::support::cli::Cli;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("doctor_finds_the_same_on_the_sandbox_and_on_a_real_cluster_in_the_same_state", same),
        live("after_an_undone_rollout_doctor_names_the_pod_to_delete_and_is_silent_after_it", rollout),
        live("a_claim_that_is_deleted_under_its_pod_is_told_first_with_what_keeps_the_volume", claim),
        live("the_server_takes_every_manifest_that_doctor_must_not_call_wrong", valid),
        live("a_service_or_budget_alone_is_held_against_what_a_real_cluster_has", alone),
        live("without_rights_to_volumes_and_nodes_doctor_works_and_says_what_is_unknown", viewer),
    ]
}

/// A set that is well, one that lacks a Secret and its Service, and two that
/// wait for volumes that nobody makes.
const STATES: [&[&str]; 4] = [
    &["init", "generic", "--name", "web", "--image", "web:1", "--port", "80", "--yes"],
    &["create", "statefulset", "keyless", "--image", "x:1", "--env-from-secret", "A=missing/key", "--yes", "--no-wait"],
    &["init", "generic", "--name", "lonely", "--image", "x:1", "--storage-class", "manual", "--yes", "--no-wait"],
    &["init", "generic", "--name", "none", "--image", "x:1", "--storage-class", "", "--yes", "--no-wait"],
];

fn findings(cli: &Cli, words: &[&str]) -> Result<Vec<Value>, String> {
    let said = cli.run(&[&["doctor", "-o", "json"], words].concat())?;
    let document: Value = serde_json::from_str(&said.stdout).map_err(|why| format!("{why}: {said}"))?;
    Ok(document["findings"].as_array().cloned().unwrap_or_default())
}

fn codes(cli: &Cli, words: &[&str]) -> Result<Vec<String>, String> {
    let found = findings(cli, words)?;
    Ok(found.iter().map(|finding| format!("{} {}", finding["code"], finding["object"]).replace('"', "")).collect())
}

fn same(world: &World) -> Result<(), Failed> {
    let (real, simulated) = (world.cli(User::Admin)?, Cli::sandbox()?);
    for words in STATES {
        for cli in [&real, &simulated] {
            cli.run(words)?.ended(0)?;
        }
    }
    let expected = [
        ("keyless", "config-missing Pod/keyless-0"),
        ("lonely", "claim-pending PersistentVolumeClaim/data-lonely-0"),
        ("none", "claim-pending PersistentVolumeClaim/data-none-0"),
    ];
    for (set, first) in expected {
        for cli in [&real, &simulated] {
            world
                .until(first, || Ok((codes(cli, &[set])?.first().map(String::as_str) == Some(first)).then_some(())))?;
        }
        world.until("the same findings", || Ok((codes(&real, &[set])? == codes(&simulated, &[set])?).then_some(())))?;
    }
    ensure(codes(&real, &["web"])?.is_empty(), || format!("{:?}", codes(&real, &["web"])))?;
    real.run(&["doctor", "web"])?.ended(0)?.says("nothing found in 1 set")?;
    real.run(&["doctor"])?.ended(5)?;
    Ok(())
}

/// SS-65 and SS-09: the undo alone mends nothing.
fn rollout(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    cli.run(&["init", "generic", "--name", "web", "--image", "web:1", "--yes"])?.ended(0)?;
    let set = world.get("StatefulSet", "web")?.unwrap_or_default();
    let good = set["spec"]["template"]["spec"]["containers"].clone();
    let mut bad = good.clone();
    bad[0]["env"] = json!([{ "name": "A", "valueFrom": { "secretKeyRef": { "name": "missing", "key": "a" } } }]);
    let containers = |list: &Value| json!({ "spec": { "template": { "spec": { "containers": list } } } });
    world.merge_patch("StatefulSet", "web", &containers(&bad))?;
    let first = |code: &str| {
        world.until(code, || {
            Ok((findings(&cli, &["web"])?.first().map(|one| one["code"].clone()) == Some(code.into())).then_some(()))
        })
    };
    first("config-missing")?;
    world.merge_patch("StatefulSet", "web", &containers(&good))?;
    first("rollout-stuck")?;
    let command = findings(&cli, &["web"])?[0]["command"].as_str().unwrap_or_default().to_owned();
    cli.run_shell(&command)?.ended(0)?;
    world.until("nothing left to find", || Ok(findings(&cli, &["web"])?.is_empty().then_some(())))?;
    Ok(())
}

/// PV-52 and PV-53: the time bomb, and what takes the data out of its reach.
fn claim(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    cli.run(&["init", "generic", "--name", "web", "--image", "web:1", "--yes"])?.ended(0)?;
    world.delete("PersistentVolumeClaim", "data-web-0")?;
    let found = findings(&cli, &["web"])?;
    ensure(found.first().is_some_and(|one| one["code"] == "claim-terminating"), || format!("{found:?}"))?;
    cli.run_shell(found[0]["command"].as_str().unwrap_or_default())?.ended(0)?;
    let volume = world.get("PersistentVolumeClaim", "data-web-0")?.unwrap_or_default()["spec"]["volumeName"].clone();
    let volume = world.get("PersistentVolume", volume.as_str().unwrap_or_default())?.unwrap_or_default();
    ensure(volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain", || volume.to_string())
}

/// What `tests/surface/doctor.rs` holds its rules against is no opinion of ours.
fn valid(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/surface/doctor/valid");
    let create = ["create", "--dry-run=server", "--validate=strict", "-f", folder];
    let said = cli.run_kubectl(&create, "")?.ended(0)?;
    let taken = said.stdout.lines().filter(|line| line.ends_with("created (server dry run)")).count();
    ensure(taken >= 80, || format!("{taken} objects: {said}"))
}

/// A set, a Deployment that nobody has scaled up yet, and a Service with an address.
const NEIGHBOURS: &str = r#"
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: "web:1", ports: [{name: http, containerPort: 80}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 0
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: app, image: "api:1", ports: [{name: grpc, containerPort: 81}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: clients}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
"#;

/// A selector, a port, a budget and an address: what is wrong with each is what the
/// cluster shows, and the same without the slip is fine, also for a Deployment.
fn alone(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    cli.run_kubectl(&["apply", "-f", "-"], NEIGHBOURS)?.ended(0)?;
    let told = |text: &str| -> Result<Vec<String>, Failed> {
        let path = cli.home().join("alone.yaml");
        std::fs::write(&path, text)?;
        Ok(codes(&cli, &["-f", &path.display().to_string()])?)
    };
    let service = |name: &str, app: &str, spec: &str| {
        let head =
            format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  selector: {{app: {app}}}\n");
        format!("{head}  {spec}\n")
    };
    let port = |name: &str| format!("ports: [{{port: 80, targetPort: {name}}}]");
    let headless = |name: &str| format!("clusterIP: None\n  {}", port(name));
    let budget = |least: u64| {
        format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web}}\n\
             spec: {{minAvailable: {least}, selector: {{matchLabels: {{app: web}}}}}}\n"
        )
    };
    let cases: [(String, &[&str]); 9] = [
        (service("web", "web", &headless("http")), &[]),
        (service("api", "api", &port("grpc")), &[]),
        (service("clients", "web", &port("http")), &[]),
        (budget(1), &[]),
        (service("web", "wbe", &headless("http")), &["selector-matches-nothing Service/web"]),
        (service("web", "web", &port("http")), &["service-not-headless Service/web"]),
        (service("api", "api", &port("http")), &["port-missing Service/api"]),
        (service("clients", "web", &headless("http")), &["immutable-field Service/clients"]),
        (budget(2), &["budget-forbids-all PodDisruptionBudget/web"]),
    ];
    for (text, expected) in cases {
        let found = told(&text)?;
        ensure(found == expected, || format!("{found:?} of\n{text}"))?;
    }
    // What doctor says of the address, the server says as well.
    let refused = cli.run_kubectl(&["apply", "-f", "-"], &service("clients", "web", &headless("http")))?;
    refused.says("may not change once set")?;
    Ok(())
}

fn viewer(world: &World) -> Result<(), Failed> {
    world.grant(User::Viewer, "view")?;
    let admin = world.cli(User::Admin)?;
    admin.run(STATES[1])?.ended(0)?;
    let cli = world.cli(User::Viewer)?;
    world.until("what is missing", || {
        Ok((codes(&cli, &[])?.first().map(String::as_str) == Some("config-missing Pod/keyless-0")).then_some(()))
    })?;
    let said = cli.run(&["doctor"])?.ended(5)?;
    cli.run(&["status", "keyless"])?.ended(0)?.says("keyless-0 is in the way: ")?;
    said.says(
        "no right to read persistentvolumes, nodes, leases, storageclasses, volumeattachments: what depends on them is unknown",
    )?;
    Ok(())
}
