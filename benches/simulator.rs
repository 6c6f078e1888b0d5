//! How fast the simulated cluster is: until it is ready, until a copy of a large
//! namespace is, and for one client beside the real API server, in turns with
//! it. Without the real one (no Go tools) its row is left out.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark ends by panicking")]

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the harness is shared")]
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use kubectl_stateful::simulator::{Options, Origin, Original, Simulator};
use serde_json::{Value, json};

use support::api::{Api, Method, runtime};
use support::control_plane::ControlPlane;
use support::credentials::User;

const READY: Duration = Duration::from_millis(100);
const SEEDED: Duration = Duration::from_secs(1);
const LEAST_RATIO: f64 = 20.0;
const REPLICAS: u32 = 1_000;
const TEMPLATES: [&str; 3] = ["data", "wal", "log"];
/// Requests of one turn, and turns.
const REQUESTS: u32 = 300;
const TURNS: u32 = 3;

fn main() -> ExitCode {
    let mut rows = vec![ready(), seeding()];
    match support::tools::missing() {
        None => rows.push(beside_the_real_one()),
        Some(reason) => println!("skip requests beside the real API server: {reason}"),
    }
    for (row, met) in &rows {
        println!("{} {row}", if *met { "ok  " } else { "MISS" });
    }
    if rows.iter().all(|(_, met)| *met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn ready() -> (String, bool) {
    let start = Instant::now();
    let simulator = Simulator::in_memory(Options::default());
    let runtime = runtime().unwrap();
    let api = in_process(&runtime, &simulator);
    runtime.block_on(api.list("Node", "")).unwrap();
    let first = start.elapsed();
    (format!("ready, with its first answer, in {:.1} ms", ms(first)), first < READY)
}

fn in_process(runtime: &tokio::runtime::Runtime, simulator: &Simulator) -> Api {
    let _inside = runtime.enter();
    Api::new(simulator.client(), "bench")
}

fn seeding() -> (String, bool) {
    let objects = namespace();
    let count = objects.len();
    let origin = Origin {
        cluster: "bench".to_owned(),
        namespace: "default".to_owned(),
        at: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    let start = Instant::now();
    let simulator = Simulator::copy_of(Original { origin, objects, unread: Vec::new() }, 7);
    let taken = start.elapsed();
    let row = format!(
        "copy of {REPLICAS} replicas with {} claims each ({count} objects) in {:.1} ms",
        TEMPLATES.len(),
        ms(taken)
    );
    let runtime = runtime().unwrap();
    let api = in_process(&runtime, &simulator);
    let claims = runtime.block_on(api.list("PersistentVolumeClaim", "default")).unwrap();
    (row, taken < SEEDED && claims.len() == 3 * usize::try_from(REPLICAS).unwrap())
}

/// A set of that size as a real server holds it, with pods, claims and volumes.
fn namespace() -> Vec<Value> {
    let simulator = Simulator::with_controllers(Options::default(), Vec::new());
    let runtime = runtime().unwrap();
    let api = in_process(&runtime, &simulator);
    let one = |object: Value| runtime.block_on(api.create(&object)).unwrap();
    let set = one(set());
    let owner = json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "controller": true,
                        "blockOwnerDeletion": true, "uid": set["metadata"]["uid"]}]);
    for ordinal in 0..REPLICAS {
        let mut pod = set["spec"]["template"].clone();
        pod["apiVersion"] = "v1".into();
        pod["kind"] = "Pod".into();
        pod["metadata"]["name"] = format!("web-{ordinal}").into();
        pod["metadata"]["namespace"] = "default".into();
        pod["metadata"]["ownerReferences"] = owner.clone();
        let volume =
            |name| json!({"name": name, "persistentVolumeClaim": {"claimName": format!("{name}-web-{ordinal}")}});
        pod["spec"]["volumes"] = TEMPLATES.map(volume).to_vec().into();
        one(pod);
        for template in TEMPLATES {
            let name = format!("{template}-web-{ordinal}");
            let claim = one(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": name, "namespace": "default"}, "spec": {
                    "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
                    "volumeName": format!("pv-{name}")}}));
            one(json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": format!("pv-{name}")},
                "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"},
                         "csi": {"driver": "disk.example.com", "volumeHandle": name},
                         "claimRef": {"name": name, "namespace": "default", "uid": claim["metadata"]["uid"]}}}));
        }
    }
    simulator.objects().iter().map(|object| Value::clone(object)).collect()
}

fn set() -> Value {
    let mounts = TEMPLATES.map(|name| json!({"name": name, "mountPath": format!("/{name}")}));
    let templates = TEMPLATES.map(|name| {
        json!({"metadata": {"name": name}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})
    });
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web", "namespace": "default"}, "spec": {
        "replicas": REPLICAS, "serviceName": "web", "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {
            "containers": [{"name": "main", "image": "web:1", "volumeMounts": mounts}]}},
        "volumeClaimTemplates": templates}})
}

fn beside_the_real_one() -> (String, bool) {
    let plane = ControlPlane::start_bare().unwrap();
    let runtime = runtime().unwrap();
    let real = Api::new(runtime.block_on(plane.client(User::Admin)).unwrap(), "bench");
    let simulator = Simulator::with_controllers(Options::default(), Vec::new());
    let ours = in_process(&runtime, &simulator);
    let (mut theirs_best, mut ours_best) = (Duration::MAX, Duration::MAX);
    for turn in 0..TURNS {
        theirs_best = theirs_best.min(turn_of(&runtime, &real, turn));
        ours_best = ours_best.min(turn_of(&runtime, &ours, turn));
    }
    let rate = |time: Duration| f64::from(REQUESTS) / time.as_secs_f64();
    let ratio = rate(ours_best) / rate(theirs_best);
    let row = format!(
        "one client: {:.0} requests a second, the real API server {:.0}: {ratio:.1} times as many",
        rate(ours_best),
        rate(theirs_best)
    );
    (row, ratio >= LEAST_RATIO)
}

/// A create, three reads, a patch and a delete of a set, again and again.
fn turn_of(runtime: &tokio::runtime::Runtime, api: &Api, turn: u32) -> Duration {
    let start = Instant::now();
    runtime.block_on(async {
        for round in 0..REQUESTS / 6 {
            let mut set = set();
            set["metadata"]["name"] = format!("web-{turn}-{round}").into();
            api.create(&set).await.unwrap();
            let path = format!("/apis/apps/v1/namespaces/default/statefulsets/web-{turn}-{round}");
            for _ in 0..3 {
                api.send(Method::Get, &path, None).await.unwrap();
            }
            let wish = json!({"spec": {"replicas": round}});
            api.send(Method::MergePatch, &path, Some(&wish)).await.unwrap();
            api.send(Method::Delete, &path, None).await.unwrap();
        }
    });
    start.elapsed()
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
