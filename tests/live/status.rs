//! `status` on the sandbox and on the real cluster: for the same state the same
//! text and the same documents, but for what a cluster makes up by itself.

use libtest_mimic::{Failed, Trial};
use regex::Regex;
use serde_json::{Value, json};

use crate::support::cli::Cli;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("status_says_the_same_of_the_sandbox_and_of_a_real_cluster_in_the_same_state", same),
        live("a_released_volume_that_a_claim_waits_for_is_freed_by_the_command_that_status_names", released),
    ]
}

/// Brings a cluster into states worth a look: ready, scaled down with claims
/// left over, waiting for a volume that nobody makes, waiting for a Secret that
/// is not there, and led to by a Service that is not headless.
const STATES: [&[&str]; 7] = [
    &["init", "couchdb", "--yes"],
    &["init", "generic", "--name", "web", "--image", "web:1", "--replicas", "3", "--port", "80", "--yes"],
    &["init", "generic", "--name", "web", "--image", "web:1", "--replicas", "1", "--port", "80", "--yes"],
    &["init", "generic", "--name", "lonely", "--image", "x:1", "--storage-class", "manual", "--yes", "--no-wait"],
    &["init", "generic", "--name", "none", "--image", "x:1", "--storage-class", "", "--yes", "--no-wait"],
    &["create", "statefulset", "keyless", "--image", "x:1", "--env-from-secret", "A=missing/key", "--yes", "--no-wait"],
    &["create", "service", "keyless", "--type", "ClusterIP", "--port", "80", "--yes"],
];

fn same(world: &World) -> Result<(), Failed> {
    let (real, simulated) = (world.cli(User::Admin)?, Cli::sandbox()?);
    for words in STATES {
        for cli in [&real, &simulated] {
            cli.run(words)?.ended(0)?;
        }
    }
    for format in ["tree", "wide"] {
        let words = if format == "tree" { vec!["status"] } else { vec!["status", "-o", format] };
        let say = |cli: &Cli| -> Result<String, String> { Ok(settled(world, &cli.run(&words)?.ended(0)?.stdout)) };
        alike(world, format, || Ok((say(&real)?, say(&simulated)?)))?;
    }
    for format in ["json", "yaml"] {
        let document = |cli: &Cli| -> Result<String, String> {
            let text = cli.run(&["status", "-o", format])?.ended(0)?.stdout;
            let mut documents = kubectl_stateful::objects::yaml::documents(&text).map_err(|why| why.to_string())?;
            documents.iter_mut().for_each(forget);
            Ok(settled(world, &serde_json::to_string_pretty(&documents).unwrap_or_default()))
        };
        alike(world, format, || Ok((document(&real)?, document(&simulated)?)))?;
    }
    for set in ["keyless", "lonely"] {
        // What to type leads to the real cluster alone.
        let say = |cli: &Cli| -> Result<String, String> {
            let text = settled(world, &cli.run(&["status", set])?.ended(0)?.stdout);
            Ok(text.lines().filter(|line| !line.contains("kubectl ")).collect::<Vec<_>>().join("\n"))
        };
        alike(world, set, || Ok((say(&real)?, say(&simulated)?)))?;
        ensure(say(&real)?.contains(&format!("{set}-0 is in the way: ")), || say(&real).unwrap_or_default())?;
    }
    let names = |cli: &Cli, words: &[&str]| cli.run(&[&["status", "-o", "name"], words].concat())?.ended(0);
    let all = names(&real, &[])?.stdout;
    ensure(all == names(&simulated, &[])?.stdout && all.lines().count() == 5, || all.clone())?;
    let chosen = names(&real, &["-l", "app.kubernetes.io/instance in (web, none)"])?.stdout;
    ensure(chosen == "statefulset.apps/none\nstatefulset.apps/web\n", || chosen.clone())?;
    everywhere(world, &real)
}

/// S1-e3: a volume whose claim was deleted is nobody's until it is freed.
fn released(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    let class = world.namespace.as_str();
    world.create(json!({ "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": class },
                         "provisioner": "kubernetes.io/no-provisioner" }))?;
    let volume =
        ["create", "pv", class, "--size", "1Gi", "--source", "host-path", "--host-path", "/srv", "--storage-class"];
    cli.run(&[&volume[..], &[class, "--reclaim-policy", "Retain", "--yes"]].concat())?.ended(0)?;
    cli.run(&["create", "pvc", "data-web-0", "--size", "1Gi", "--storage-class", class, "--yes"])?.ended(0)?;
    world.until_object("PersistentVolume", class, |volume| volume["status"]["phase"] == "Bound")?;
    world.delete("PersistentVolumeClaim", "data-web-0")?;
    world.until_object("PersistentVolume", class, |volume| volume["status"]["phase"] == "Released")?;
    let words = ["init", "generic", "--name", "web", "--image", "x:1", "--size", "1Gi", "--storage-class", class];
    cli.run(&[&words[..], &["--yes", "--no-wait"]].concat())?.ended(0)?;

    world.until_object("PersistentVolumeClaim", "data-web-0", |_| true)?;
    let told = cli.run(&["status", "web"])?.ended(0)?;
    told.says(&format!(
        "volume `{class}` would fit, but it is Released and still belongs to the deleted claim `data-web-0`"
    ))?;
    let typed = |line: &'_ str| line.trim_start_matches([' ', '-', '>', '→']).starts_with("kubectl patch");
    let line = told.stdout.lines().chain(told.stderr.lines()).find(|line| typed(line)).ok_or("no command is told")?;
    cli.run_shell(line.trim_start_matches([' ', '-', '>', '→']))?.ended(0)?;
    world.until_object("PersistentVolumeClaim", "data-web-0", |claim| claim["spec"]["volumeName"] == class)?;
    Ok(())
}

/// `-A` names the namespace before each set, and finds those of other tests, too.
fn everywhere(world: &World, cli: &Cli) -> Result<(), Failed> {
    let tree = cli.run(&["status", "-A"])?.ended(0)?;
    for set in ["couchdb  1/1 ready", "web  1/1 ready", "keyless  0/1 ready"] {
        tree.says(&format!("{}/{set}", world.namespace))?;
    }
    let document = cli.run(&["status", "-A", "-o", "json", "-l", "app.kubernetes.io/instance=none"])?.ended(0)?;
    let document: Value = serde_json::from_str(&document.stdout)?;
    let found = document["sets"].as_array().into_iter().flatten();
    let ours = found.filter(|set| set["namespace"] == world.namespace.as_str()).count();
    ensure(ours == 1, || document.to_string())
}

/// Both clusters come to rest in their own time.
fn alike(world: &World, what: &str, look: impl Fn() -> Result<(String, String), String>) -> Result<(), Failed> {
    let waited = world.until(&format!("the same {what}"), || {
        let (real, sandbox) = look()?;
        Ok((real == sandbox).then_some(()))
    });
    waited.or_else(|_| {
        let (real, sandbox) = look()?;
        Err(format!("{what} on the real cluster:\n{real}\non the sandbox:\n{sandbox}").into())
    })
}

/// Text without names that clusters make up, nodes that they choose, ages, and
/// the width of columns.
fn settled(world: &World, text: &str) -> String {
    let made_up = [
        (r"(pvc|disk)-[0-9a-f]{8}(…|\.\.\.|[0-9a-f-]{28})", "$1-MADE-UP"),
        (r"revision [a-z0-9]+", "revision HASH"),
        (r"\b([0-9]+[dhms])+\b", "AGE"),
        (r"\b(node|zone)-[abc]\b", "$1-CHOSEN"),
        (r"  +", "  "),
    ];
    let mut text = text.replace(&world.namespace, "default");
    for (pattern, symbol) in made_up {
        text = Regex::new(pattern).map(|found| found.replace_all(&text, symbol).into_owned()).unwrap_or(text);
    }
    text
}

/// Takes out what is never the same on two clusters.
fn forget(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let stamp = ["uid", "resourceVersion", "createdAt", "deletedAt"].contains(&name.as_str());
                if name == "revision" {
                    field["current"] = "HASH".into();
                    field["update"] = "HASH".into();
                } else if stamp && field.is_string() {
                    *field = "MADE-UP".into();
                } else {
                    forget(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
