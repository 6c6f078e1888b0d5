//! The CouchDB tutorial, object by object (S1-01 to S1-12): what `create` makes
//! is what a person would write by hand, and it works on a real cluster.

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::init::is_ready;
use crate::support::cli::Cli;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("each_object_of_the_couchdb_tutorial_is_what_a_person_would_write_and_works", by_hand),
        live("init_couchdb_binds_to_the_volume_that_it_prepares_itself", prepared),
    ]
}

const VOLUME: &str = "pv-couchdb";

fn by_hand(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    volume_and_claim(world, &cli)?;
    secret(world, &cli)?;
    give_back(world, &cli)?;
    set(world, &cli)?;
    service(world, &cli)?;
    drill(world)
}

/// S1-02 to S1-05. The folder is on one node, so the volume names that node.
fn volume_and_claim(world: &World, cli: &Cli) -> Result<(), Failed> {
    let words = ["--size", "100M", "--host-path", "/tmp/couchdb", "--host-path-type", "unchecked", "--node", "node-b"];
    let here = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-b"]});
    let hand = json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": VOLUME},
        "spec": {
            "capacity": {"storage": "100M"}, "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "/tmp/couchdb"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    });
    let differences = compared(world, cli, &hand, &[&["pv", VOLUME], &words[..]].concat())?;
    ensure(differences.is_empty(), || format!("{differences:#?}"))?;
    world.until_object("PersistentVolume", VOLUME, |volume| volume["status"]["phase"] == "Available")?;

    let hand = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "pvc-couchdb"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "",
                 "resources": {"requests": {"storage": "10M"}}},
    });
    let words = ["pvc", "pvc-couchdb", "--size", "10M", "--storage-class", ""];
    let differences = compared(world, cli, &hand, &words)?;
    ensure(differences.is_empty(), || format!("{differences:#?}"))?;
    let claim = world.until_object("PersistentVolumeClaim", "pvc-couchdb", |one| one["status"]["phase"] == "Bound")?;
    let got = (&claim["spec"]["volumeName"], &claim["status"]["capacity"]["storage"]);
    ensure(got == (&json!(VOLUME), &json!("100M")), || claim.to_string())
}

/// S1-06: the same command as kubectl's, beside it.
fn secret(world: &World, cli: &Cli) -> Result<(), Failed> {
    std::fs::write(cli.home().join("password"), "passw0rd")?;
    let words = ["secret", "generic", "couchdb-password", "--from-file", "password"];
    let hand =
        cli.run_kubectl(&[&["create"], &words[..], &["--dry-run=server", "-o", "json"]].concat(), "")?.ended(0)?;
    let said = cli.run(&[&["create"], &words[..], &["--yes"]].concat())?.ended(0)?;
    ensure(!said.to_string().contains("passw0rd"), || "the password was shown".to_owned())?;
    let ours = world.get("Secret", "couchdb-password")?.ok_or("no Secret")?;
    let differences = differences(&plain(serde_json::from_str(&hand.stdout)?), &plain(ours));
    ensure(differences.is_empty(), || format!("{differences:#?}"))
}

/// S1-07: the one-off claim goes; the volume keeps its data and is reserved for
/// the set's claim (S1-e3).
fn give_back(world: &World, cli: &Cli) -> Result<(), Failed> {
    cli.run_kubectl(&["delete", "pvc", "pvc-couchdb"], "")?.ended(0)?;
    world.until_object("PersistentVolume", VOLUME, |volume| volume["status"]["phase"] == "Released")?;
    let reserve = r#"{"spec": {"claimRef": {"name": "couchdb-data-couchdb-0", "uid": null, "resourceVersion": null}}}"#;
    cli.run_kubectl(&["patch", "pv", VOLUME, "--type=merge", "-p", reserve], "")?.ended(0)?;
    world.until_object("PersistentVolume", VOLUME, |volume| volume["status"]["phase"] == "Available")?;
    Ok(())
}

/// S1-08 and S1-09.
fn set(world: &World, cli: &Cli) -> Result<(), Failed> {
    let secret = json!({"name": "couchdb-password", "key": "password"});
    let container = json!({
        "name": "couchdb", "image": "couchdb:1.6", "ports": [{"name": "http", "containerPort": 5984}],
        "volumeMounts": [{"name": "couchdb-data", "mountPath": "/usr/local/var/lib/couchdb"}],
        "env": [{"name": "COUCHDB_USER", "value": "admin"},
                {"name": "COUCHDB_PASSWORD", "valueFrom": {"secretKeyRef": secret}}],
    });
    let template = json!({
        "metadata": {"name": "couchdb-data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "",
                 "resources": {"requests": {"storage": "10M"}}},
    });
    let hand = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "couchdb"},
        "spec": {
            "serviceName": "couchdb", "replicas": 1, "selector": {"matchLabels": {"tier": "db"}},
            "template": {"metadata": {"labels": {"tier": "db"}},
                         "spec": {"terminationGracePeriodSeconds": 10, "containers": [container]}},
            "volumeClaimTemplates": [template],
        },
    });
    let words = [
        "statefulset",
        "couchdb",
        "--image",
        "couchdb:1.6",
        "--port",
        "http:5984",
        "--grace-period",
        "10",
        "--env",
        "COUCHDB_USER=admin",
        "--env-from-secret",
        "COUCHDB_PASSWORD=couchdb-password/password",
        "--claim",
        "couchdb-data:10M::/usr/local/var/lib/couchdb",
        "--selector",
        "tier=db",
    ];
    let differences = compared(world, cli, &hand, &words)?;
    let added = [
        // The set carries the labels of its pods.
        r#"/metadata/labels: nothing by hand, {"tier":"db"}"#,
        // A probe that tries the port: without one, Ready means no more than started (S1-e11).
        r#"/spec/template/spec/containers/0/readinessProbe: nothing by hand, {"tcpSocket":{"port":5984},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3}"#,
    ];
    ensure(differences == added, || format!("{differences:#?}"))?;
    let claim = world.get("PersistentVolumeClaim", "couchdb-data-couchdb-0")?.ok_or("no claim")?;
    let pod = world.get("Pod", "couchdb-0")?.ok_or("no pod")?;
    let bound = claim["spec"]["volumeName"] == VOLUME && claim["status"]["phase"] == "Bound";
    ensure(bound && is_ready(&pod) && pod["spec"]["nodeName"] == "node-b", || format!("{claim}\n{pod}"))
}

/// S1-10: a port on each node, and the pod behind it.
fn service(world: &World, cli: &Cli) -> Result<(), Failed> {
    let hand = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "couchdb", "labels": {"app": "couchdb", "tier": "db"}},
        "spec": {"type": "NodePort", "selector": {"tier": "db"}, "ports": [{"port": 5984}]},
    });
    let words = [
        "service",
        "couchdb",
        "--type",
        "NodePort",
        "--port",
        "5984",
        "--selector",
        "tier=db",
        "--label",
        "app=couchdb",
        "--label",
        "tier=db",
    ];
    let differences = compared(world, cli, &hand, &words)?;
    ensure(differences.is_empty(), || format!("{differences:#?}"))?;
    let service = world.get("Service", "couchdb")?.ok_or("no Service")?;
    let port = service["spec"]["ports"][0]["nodePort"].as_u64().unwrap_or(0);
    ensure((30000..32768).contains(&port), || service.to_string())?;
    let pod = world.get("Pod", "couchdb-0")?.ok_or("no pod")?;
    world.until("an endpoint of the Service", || {
        let slices = world.list("EndpointSlice")?;
        let mut endpoints = slices.iter().filter_map(|slice| slice["endpoints"].as_array()).flatten();
        Ok(endpoints.any(|one| one["addresses"][0] == pod["status"]["podIP"]).then_some(()))
    })?;
    Ok(())
}

/// S1-12: the pod comes back by itself, with the same claim.
fn drill(world: &World) -> Result<(), Failed> {
    let uid = |kind, name| -> Result<Value, String> {
        Ok(world.get(kind, name)?.map_or(Value::Null, |object| object["metadata"]["uid"].clone()))
    };
    let (pod, claim) = (uid("Pod", "couchdb-0")?, uid("PersistentVolumeClaim", "couchdb-data-couchdb-0")?);
    world.delete("Pod", "couchdb-0")?;
    world.until_object("Pod", "couchdb-0", |one| one["metadata"]["uid"] != pod && is_ready(one))?;
    ensure(uid("PersistentVolumeClaim", "couchdb-data-couchdb-0")? == claim, || "another claim".to_owned())
}

fn prepared(world: &World) -> Result<(), Failed> {
    let cli = world.cli(User::Admin)?;
    let volume = ["--storage-class", "", "--host-path", "/srv/couchdb", "--host-node", "node-c", "--size", "1Gi"];
    let said = cli.run(&[&["init", "couchdb", "--yes"], &volume[..]].concat())?.ended(0)?;
    let name = format!("{}-data-couchdb-0", world.namespace);
    said.says(&format!("claim data-couchdb-0 bound to {name} (1Gi)"))?;
    let volume = world.get("PersistentVolume", &name)?.ok_or("no volume")?;
    let pod = world.get("Pod", "couchdb-0")?.ok_or("no pod")?;
    let claim = &volume["spec"]["claimRef"];
    let ours = claim["namespace"] == world.namespace.as_str() && claim["name"] == "data-couchdb-0";
    let keeps = volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain";
    ensure(ours && keeps && pod["spec"]["nodeName"] == "node-c", || format!("{volume}\n{pod}"))?;
    cli.run_shell(said.labelled("same again")?)?.ended(0)?.says("nothing to change")?;
    Ok(())
}

/// Makes an object with `create` and says how it differs from the one that the
/// server would make of a hand-written manifest.
fn compared(world: &World, cli: &Cli, hand: &Value, words: &[&str]) -> Result<Vec<String>, Failed> {
    let dry = ["create", "--dry-run=server", "-o", "json", "-f", "-"];
    let made = cli.run_kubectl(&dry, &hand.to_string())?.ended(0)?;
    cli.run(&[&["create"], words, &["--yes"]].concat())?.ended(0)?;
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let (kind, name) = (text(&hand["kind"]), text(&hand["metadata"]["name"]));
    let ours = world.get(&kind, &name)?.ok_or_else(|| format!("{kind} {name} was not made"))?;
    Ok(differences(&plain(serde_json::from_str(&made.stdout)?), &plain(ours)))
}

/// Without what the server and the binder write or choose by themselves.
fn plain(mut object: Value) -> Value {
    let chosen = [
        "/metadata/uid",
        "/metadata/resourceVersion",
        "/metadata/creationTimestamp",
        "/metadata/managedFields",
        "/metadata/annotations/pv.kubernetes.io~1bind-completed",
        "/metadata/annotations/pv.kubernetes.io~1bound-by-controller",
        "/metadata/finalizers",
        "/status",
        "/spec/volumeName",
        "/spec/claimRef",
        "/spec/clusterIP",
        "/spec/clusterIPs",
        "/spec/ports/0/nodePort",
    ];
    for pointer in chosen {
        let (parent, field) = pointer.rsplit_once('/').unwrap_or_default();
        if let Some(parent) = object.pointer_mut(parent).and_then(Value::as_object_mut) {
            parent.remove(&field.replace("~1", "/"));
        }
    }
    if object["metadata"]["annotations"] == json!({}) {
        object["metadata"].as_object_mut().map(|meta| meta.remove("annotations"));
    }
    object
}

/// `path: by hand, ours` for each place where the two differ.
fn differences(hand: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect("", Some(hand), Some(ours), &mut found);
    found
}

fn collect(path: &str, hand: Option<&Value>, ours: Option<&Value>, found: &mut Vec<String>) {
    match (hand, ours) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let keys: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
            for key in keys {
                collect(&format!("{path}/{key}"), one.get(key), other.get(key), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for index in 0..one.len().max(other.len()) {
                collect(&format!("{path}/{index}"), one.get(index), other.get(index), found);
            }
        }
        (one, other) if one == other => {}
        (one, other) => {
            let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
            found.push(format!("{path}: {} by hand, {}", show(one), show(other)));
        }
    }
}
