//! Objects that have no verb of their own, written by a runbook on the real
//! control plane and taken back: what its server makes of them, and its collector.

use std::fs;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::support::cli::Cli;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("objects::what_a_runbook_writes_in_general_words_is_taken_back", taken_back),
        live("objects::what_others_own_or_have_written_stays", stays),
    ]
}

const HEADER: &str = "const RUNBOOK = #{ api: 1, summary: \"own\", effects: [\"apply\", \"create\", \"patch\", \"delete\"], params: [] };\n";

const ALL: &str = r#"
    k8s::create(#{ kind: "ConfigMap", metadata: #{ name: "made" }, data: #{ a: "1" } });
    k8s::patch("ConfigMap", "made", #{ data: #{ a: "2", b: "3" } });
    k8s::apply(#{ kind: "PodDisruptionBudget", metadata: #{ name: "calm" },
                  spec: #{ maxUnavailable: 0, selector: #{ matchLabels: #{ app: "web" } } } });
    k8s::apply(#{ kind: "PodDisruptionBudget", metadata: #{ name: "calm" },
                  spec: #{ maxUnavailable: 1, selector: #{ matchLabels: #{ app: "web" } } } });
    k8s::create(#{ kind: "ResourceQuota", metadata: #{ name: "enough" }, spec: #{ hard: #{ "limits.cpu": "64000m" } } });
    k8s::apply(#{ kind: "Service", metadata: #{ name: "outside" }, spec: #{ type: "NodePort", ports: [#{ port: 80 }] } });
    k8s::patch("ConfigMap", "theirs", #{ data: #{ only: () }, metadata: #{ labels: #{ l: () } } });
    k8s::patch("Service", "front", #{ spec: #{ selector: #{ app: () }, ports: [#{ port: 81 }] } });
    k8s::delete("ConfigMap", "old");
    k8s::delete("Service", "back");
"#;

/// Writes the runbook and types a command about it.
fn book(cli: &Cli, run: &str) -> Result<String, Failed> {
    let file = cli.home().join("own.rhai");
    fs::write(&file, format!("{HEADER}fn run(p) {{ {run} }}\n"))?;
    Ok(file.display().to_string())
}

/// What people have written.
fn picture(world: &World) -> Result<Vec<Value>, Failed> {
    let mut all = Vec::new();
    for kind in ["ConfigMap", "Service", "PodDisruptionBudget", "ResourceQuota"] {
        for object in world.list(kind)?.into_iter().filter(|object| object["metadata"]["name"] != "kube-root-ca.crt") {
            let mut spec = object["spec"].clone();
            for address in ["clusterIP", "clusterIPs"] {
                spec[address] = Value::Null;
            }
            all.push(json!([kind, object["metadata"]["name"], object["metadata"]["labels"], object["data"], spec]));
        }
    }
    Ok(all)
}

fn made(world: &World) -> Result<(), Failed> {
    let labels = json!({ "l": "1" });
    let map = |name: &str| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "labels": labels }, "data": { "only": "1" } });
    world.create(map("theirs"))?;
    world.create(map("old"))?;
    world.create(json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "front" },
                         "spec": { "selector": { "app": "web" }, "ports": [{ "port": 80 }] } }))?;
    world.create(json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "back" },
                         "spec": { "selector": { "app": "db" }, "ports": [{ "port": 80 }] } }))?;
    Ok(())
}

fn taken_back(world: &World) -> Result<(), Failed> {
    made(world)?;
    let cli = world.cli(User::Admin)?;
    let owner = world.get("ConfigMap", "old")?.ok_or("no map")?["metadata"]["uid"].clone();
    let owners = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "old", "uid": owner }]);
    // Of a kind that the run does not look through.
    world.create(json!({ "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                         "metadata": { "name": "precious", "ownerReferences": owners }, "spec": {} }))?;
    let file = book(&cli, ALL)?;
    let before = picture(world)?;
    let plan = cli.run(&["plan", &file])?.ended(0)?;
    plan.says("dry runs")?;
    ensure(picture(world)? == before, || format!("a plan has written\n{plan}"))?;
    let said = cli.run(&["run", &file, "--yes"])?.ended(0)?;
    let map = world.get("ConfigMap", "made")?.ok_or("not made")?;
    ensure(map["data"] == json!({ "a": "2", "b": "3" }), || format!("{map}\n{said}"))?;
    let front = world.get("Service", "front")?.ok_or("no service")?;
    ensure(front["spec"]["selector"].is_null() && front["spec"]["ports"][0]["port"] == 81, || front.to_string())?;
    ensure(world.get("ConfigMap", "old")?.is_none(), || format!("it is still there\n{said}"))?;
    let precious = world.get("Lease", "precious")?.ok_or("what it owned was collected")?;
    let owners = &precious["metadata"]["ownerReferences"];
    ensure(owners.as_array().is_none_or(Vec::is_empty), || format!("{precious}\n{said}"))?;
    let said = cli.run(&["undo", "--yes"])?.ended(0)?;
    let after = picture(world)?;
    ensure(after == before, || format!("before {before:?}\nafter {after:?}\n{said}"))
}

fn stays(world: &World) -> Result<(), Failed> {
    made(world)?;
    let cli = world.cli(User::Admin)?;
    let owner = world.get("ConfigMap", "old")?.ok_or("no map")?["metadata"]["uid"].clone();
    let owners = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "old", "uid": owner }]);
    world.create(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": "precious", "ownerReferences": owners },
        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Mi" } } },
    }))?;
    let refused = cli.run(&["run", &book(&cli, "k8s::delete(\"ConfigMap\", \"old\");")?, "--yes"])?.ended(3)?;
    refused.says("PersistentVolumeClaim `precious` belongs to it")?;
    let make =
        book(&cli, "k8s::create(#{ kind: \"ConfigMap\", metadata: #{ name: \"made\" }, data: #{ a: \"1\" } });")?;
    cli.run(&["run", &make, "--yes"])?.ended(0)?;
    world.merge_patch("ConfigMap", "made", &json!({ "data": { "precious": "2" } }))?;
    let refused = cli.run(&["undo", "--yes"])?.ended(3)?;
    refused.says("`live-test` has written fields of it since")?;
    let kept = world.get("ConfigMap", "made")?.ok_or("it is gone")?;
    ensure(kept["data"]["precious"] == "2" && world.get("ConfigMap", "old")?.is_some(), || format!("{kept}\n{refused}"))
}
