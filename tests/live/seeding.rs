//! A namespace of the real cluster in odd states and its copy in the simulator
//! go the same way: left alone nothing moves, and scaled both take the same
//! steps to the same end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kubectl_stateful::facts::reader::Reader;
use kubectl_stateful::facts::snapshot::{self, Gap, Snapshot};
use kubectl_stateful::simulator::controllers::kubelet::NEVER_READY;
use kubectl_stateful::simulator::{Advance, Origin, Original, Simulator};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::picture::{Known, title};
use crate::sets::{headless_service, set};
use crate::support::api::{Api, Method, path_of};
use crate::support::canonical::differences;
use crate::support::credentials::User;
use crate::world::World;
use crate::{ensure, live};

pub fn tests() -> Vec<Trial> {
    vec![
        live("a_copied_namespace_in_odd_states_rests_and_scales_as_the_original_does", same_course),
        live("sandbox_capture_makes_a_copy_without_values_and_names_what_is_partial", captured),
        live("sandbox_capture_with_the_rights_of_view_assumes_what_may_not_be_read", as_viewer),
    ]
}

fn same_course(world: &World) -> Result<(), Failed> {
    into_odd_states(world)?;
    let alone = left_alone(world)?;
    let mut taken = take(world)?;
    // What has been the same for a minute is not on its way: nothing moves here,
    // so it is as good as read a minute later.
    let at = taken.at.ok_or("a real server tells its time")?;
    taken.at = Some(at + A_MINUTE.saturating_sub(alone));
    let taken = without_knobs(taken);
    let simulator = copy(world, &taken);
    let (client, api) = {
        let _inside = world.runtime.enter();
        let client = simulator.client();
        (client.clone(), Api::new(client, "live-test"))
    };
    let known = Known::of(&taken);
    let original = known.picture(&snapshot_of(world, &world.client)?);
    same(&original, &known.picture(&snapshot_of(world, &client)?), "just copied")?;

    let moved = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&moved);
    simulator.on_commit(Box::new(move |commit| {
        // Events are not copied, so that one or the other is told once more.
        if !matches!(commit.kind.kind, "Lease" | "Event") {
            let what = (commit.kind.kind, commit.name.clone(), commit.by.clone(), commit.after.clone());
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(what);
        }
    }));
    let_pass(&simulator, A_MINUTE);
    let moved = std::mem::take(&mut *moved.lock().unwrap_or_else(PoisonError::into_inner));
    ensure(moved.is_empty(), || format!("in the copy moved by itself: {moved:#?}"))?;
    let left = snapshot_of(world, &client)?;
    let well = left.of("Pod").filter(|pod| title(pod) == "Pod/stuck-2" && ready(pod) == json!("True")).count();
    ensure(well == 0, || "what keeps a pod from being ready is not in the copy, and it got well".to_owned())?;
    let original = known.picture(&snapshot_of(world, &world.client)?);
    same(&original, &known.picture(&left), "left alone")?;

    for (name, replicas) in [("stuck", 1), ("held", 1), ("small", 3), ("part", 4), ("byhand", 3)] {
        for api in [&world.api, &api] {
            let path = format!("{}/scale", path_of("StatefulSet", &world.namespace, name));
            let wish = json!({"spec": {"replicas": replicas}});
            world.runtime.block_on(api.send(Method::MergePatch, &path, Some(&wish))).map_err(String::from)?;
        }
    }
    world.until_object("StatefulSet", "stuck", |set| {
        set["status"]["updatedReplicas"] == 1 && set["status"]["availableReplicas"] == 1
    })?;
    at_rest(world)?;
    let_pass(&simulator, 2 * A_MINUTE);
    let (original, copy) = (snapshot_of(world, &world.client)?, snapshot_of(world, &client)?);
    same(&known.picture(&original), &known.picture(&copy), "scaled")?;
    let course = |api: &Api| -> Result<Value, String> {
        Ok(known.course(world.runtime.block_on(api.list("Event", &world.namespace))?))
    };
    let (theirs, ours) = (course(&world.api)?, course(&api)?);
    ensure(theirs.as_object().is_some_and(|course| course.len() == 5), || theirs.to_string())?;
    same(&theirs, &ours, "course")?;
    Ok(())
}

fn ready(pod: &Value) -> Value {
    let conditions = pod["status"]["conditions"].as_array();
    let ready = conditions.and_then(|all| all.iter().find(|condition| condition["type"] == "Ready"));
    ready.map_or(Value::Null, |ready| ready["status"].clone())
}

/// As of a cluster whose pods are not played: why one is not ready is nowhere to be read.
fn without_knobs(mut taken: Snapshot) -> Snapshot {
    let annotations = taken.objects.iter_mut().filter(|object| object["kind"] == "Pod");
    for annotations in annotations.filter_map(|pod| pod["metadata"]["annotations"].as_object_mut()) {
        annotations.retain(|key, _| !key.starts_with("sandbox.kubectl-stateful/"));
    }
    taken
}

/// A stuck rollout, a claim that is terminating under its pod, leftover claims,
/// an update held by its partition, and one that goes on by hand.
fn into_odd_states(world: &World) -> Result<(), String> {
    let names = ["stuck", "held", "small", "part", "byhand"];
    for (name, replicas) in names.into_iter().zip([3, 2, 3, 3, 2]) {
        world.create(headless_service(name))?;
        let mut set = set(name, replicas, "standard");
        if name == "byhand" {
            set["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
        }
        world.create(set)?;
    }
    for (name, replicas) in names.into_iter().zip([3, 2, 3, 3, 2]) {
        world.until_object("StatefulSet", name, |set| set["status"]["readyReplicas"] == replicas)?;
    }
    let patch = |name: &str, patch: Value| world.merge_patch("StatefulSet", name, &patch);
    let template = |what: Value| json!({"spec": {"template": {"metadata": {"annotations": what}}}});
    // Its second half waits long enough for the first to become unwell.
    let mut next = template(json!({"next": "true"}));
    next["spec"]["minReadySeconds"] = json!(20);
    patch("stuck", next)?;
    world.delete("PersistentVolumeClaim", "data-held-1")?;
    patch("small", json!({"spec": {"replicas": 1}}))?;
    let mut partial = template(json!({"next": "true"}));
    partial["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}});
    patch("part", partial)?;
    patch("byhand", template(json!({"next": "true"})))?;
    world.delete("Pod", "byhand-1")?;

    world.until_object("Pod", "stuck-2", |pod| pod["metadata"]["annotations"]["next"] == "true")?;
    let unwell = json!({"metadata": {"annotations": { NEVER_READY: "true" }}});
    world.merge_patch("Pod", "stuck-2", &unwell)?;
    world
        .until_object("Pod", "stuck-2", |pod| ready(pod) == "False" && !pod["status"]["containerStatuses"].is_null())?;
    world.until_object("StatefulSet", "stuck", |set| set["status"]["availableReplicas"] == 2)?;
    world.until_gone("Pod", "small-1")?;
    for (name, updated) in [("part", 1), ("byhand", 1)] {
        world.until_object("StatefulSet", name, |set| {
            set["status"]["updatedReplicas"] == updated && set["status"]["readyReplicas"] == set["spec"]["replicas"]
        })?;
    }
    Ok(())
}

const A_MINUTE: Duration = Duration::from_mins(1);

/// How long nothing changes when nothing is going on.
const REST: Duration = Duration::from_millis(2500);

/// Until nothing changes any more, and on demand (`KUBECTL_STATEFUL_MINUTE`) for
/// a whole minute; tells for how long nothing did.
fn left_alone(world: &World) -> Result<Duration, Failed> {
    let before = at_rest(world)?;
    if std::env::var_os("KUBECTL_STATEFUL_MINUTE").is_none() {
        return Ok(REST);
    }
    let begun = Instant::now();
    let end = A_MINUTE.saturating_sub(REST);
    world.until("the minute is over", || Ok((begun.elapsed() > end).then_some(())))?;
    let after = versions(world)?;
    ensure(before == after, || {
        format!(
            "in the original moved by itself:
{before:#?}
{after:#?}"
        )
    })?;
    Ok(A_MINUTE)
}

/// What there is, and which version of it.
fn versions(world: &World) -> Result<BTreeMap<String, Value>, String> {
    let objects = take(world)?.objects;
    let counted = objects.iter().filter(|object| KINDS.iter().any(|kind| object["kind"] == *kind));
    Ok(counted.map(|object| (title(object), object["metadata"]["resourceVersion"].clone())).collect())
}

/// Kinds whose state is compared.
const KINDS: [&str; 5] = ["Pod", "PersistentVolumeClaim", "PersistentVolume", "StatefulSet", "ControllerRevision"];

fn snapshot_of(world: &World, client: &kube::Client) -> Result<Snapshot, String> {
    let reader = Reader::new(client.clone());
    world.runtime.block_on(snapshot::read(&reader, &world.namespace)).map_err(|why| format!("{why:?}"))
}

fn take(world: &World) -> Result<Snapshot, String> {
    snapshot_of(world, &world.client)
}

fn copy(world: &World, taken: &Snapshot) -> Simulator {
    let at = taken.at.unwrap_or_default();
    let origin =
        Origin { cluster: "test".to_owned(), namespace: world.namespace.clone(), at, version: taken.version.clone() };
    let unread = taken.unread.iter().map(|kind| kind.kind.to_owned()).collect();
    Simulator::copy_of(Original { origin, objects: taken.objects.clone(), unread }, 7)
}

fn let_pass(simulator: &Simulator, time: Duration) {
    let end = simulator.now() + time;
    while simulator.now() < end {
        let left = simulator.now().duration_until(end);
        if simulator.advance(left.unsigned_abs()) == Advance::Idle {
            return;
        }
    }
}

/// Until the namespace has been the same for a while.
fn at_rest(world: &World) -> Result<BTreeMap<String, Value>, String> {
    let last = RefCell::new((BTreeMap::new(), Instant::now()));
    world.until("rest", || {
        let versions = versions(world)?;
        let mut last = last.borrow_mut();
        if last.0 != versions {
            *last = (versions, Instant::now());
        }
        Ok((last.1.elapsed() > REST).then(|| last.0.clone()))
    })
}

fn same(original: &Value, copy: &Value, when: &str) -> Result<(), Failed> {
    let found = differences(original, copy);
    ensure(found.is_empty(), || format!("{when}: golden is the original\n{}", found.join("\n")))
}

/// The plugin's own way: a sandbox of its own, which goes on by itself.
fn captured(world: &World) -> Result<(), Failed> {
    world.create(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "admin"},
                        "stringData": {"password": "hunter2"}}))?;
    world.create(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf"},
                        "data": {"file": "hunter3"}}))?;
    let mut web = set("web", 2, "standard");
    web["spec"]["template"]["spec"]["containers"][0]["env"] =
        json!([{"name": "P", "valueFrom": {"secretKeyRef": {"name": "admin", "key": "password"}}}]);
    world.create(headless_service("web"))?;
    world.create(web)?;
    let foreign = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "held", "finalizers": ["example.com/backup"]},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    world.create(foreign)?;
    world.until_object("StatefulSet", "web", |set| set["status"]["readyReplicas"] == 2)?;
    let cli = world.cli(User::Admin)?;
    let told = cli.run(&["sandbox", "capture", "try"])?.ended(0)?;
    for part in [
        "    2  pods\n",
        "    3  persistentvolumeclaims\n",
        "  persistentvolumes\n",
        "values and annotations of Secrets and ConfigMaps",
        "PersistentVolumeClaim/held has the finalizer example.com/backup",
        "kubectl stateful status --sandbox=try",
    ] {
        told.says(part)?;
    }
    let log = cli.home().join("state/kubectl-stateful/sandboxes/try/log.jsonl");
    let held = std::fs::read_to_string(&log)?;
    ensure(held.contains("\"password\":\"\"") && held.contains("\"file\":\"\""), || held.clone())?;
    for value in ["hunter2", "hunter3", "aHVudGVyMg"] {
        ensure(!held.contains(value), || format!("{value} was taken"))?;
    }
    let words = ["status", "-o", "json"];
    let uid = |cli_words: &[&str]| -> Result<Value, String> {
        let text = cli.run(cli_words)?.ended(0)?.stdout;
        let found: Value = serde_json::from_str(&text).map_err(|why| why.to_string())?;
        Ok(found)
    };
    let uids = |found: &Value| {
        let mut uids: Vec<String> = Vec::new();
        collect_uids(found, &mut uids);
        uids
    };
    let (live, copy) = (uid(&words)?, uid(&[&words[..], &["--sandbox=try"]].concat())?);
    ensure(uids(&live) == uids(&copy), || format!("{live}\n{copy}"))?;
    cli.run(&["sandbox", "capture", "try"])?.ended(3)?.says("there is a sandbox `try` already")?;
    Ok(())
}

fn collect_uids(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if key == "uid" {
                    found.push(value.to_string());
                }
                collect_uids(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_uids(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Volumes, classes, nodes and Secrets are out of reach, and the copy is quiet.
fn as_viewer(world: &World) -> Result<(), Failed> {
    world.create(headless_service("web"))?;
    world.create(set("web", 2, "standard"))?;
    world.until_object("StatefulSet", "web", |set| set["status"]["readyReplicas"] == 2)?;
    world.grant(User::Viewer, "view")?;
    let client = world.runtime.block_on(world.plane.client(User::Viewer))?;
    let taken = snapshot_of(world, &client)?;
    let unread: Vec<&str> = taken.unread.iter().map(|kind| kind.kind).collect();
    for kind in ["PersistentVolume", "StorageClass", "Node", "Secret"] {
        ensure(unread.contains(&kind), || format!("{unread:?}"))?;
    }
    ensure(taken.gaps.contains(&Gap::AdmissionUnread), || format!("{:?}", taken.gaps))?;
    let simulator = copy(world, &taken);
    let_pass(&simulator, Duration::from_mins(1));
    let client = {
        let _inside = world.runtime.enter();
        simulator.client()
    };
    let after = snapshot_of(world, &client)?;
    let phases =
        |kind: &'static str| -> Vec<Value> { after.of(kind).map(|object| object["status"]["phase"].clone()).collect() };
    let found = (phases("Pod"), phases("PersistentVolumeClaim"), phases("PersistentVolume"));
    let expected = (vec![json!("Running"); 2], vec![json!("Bound"); 2], vec![json!("Bound"); 2]);
    ensure(found == expected, || format!("{found:?}"))
}
