//! How fast the simulated cluster is: until it is ready, until a copy of a large
//! namespace is, and for one client beside the real API server, in turns with
//! it. Without the real one (no Go tools) its row is left out.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark ends by panicking")]

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the harness is shared")]
mod support;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use kubectl_stateful::simulator::{Advance, Options, Origin, Original, Simulator};
use serde_json::{Value, json};

use support::api::{Api, runtime};
use support::control_plane::ControlPlane;
use support::credentials::User;

const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";
const READY: Duration = Duration::from_millis(100);
const SEEDED: Duration = Duration::from_secs(1);
const LEAST_RATIO: f64 = 20.0;
const REPLICAS: u32 = 1_000;
const TEMPLATES: [&str; 3] = ["data", "wal", "log"];
/// Requests of one turn, and turns.
const REQUESTS: u32 = 300;
const TURNS: u32 = 3;

fn main() -> ExitCode {
    let mut rows = vec![ready(), serving(), seeding()];
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

/// The program, from its start until it says where it serves.
fn serving() -> (String, bool) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-stateful"));
    command
        .env_clear()
        .env("HOME", home.path())
        .args(["sandbox", "serve"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let start = Instant::now();
    let mut server = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let taken = start.elapsed();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(line.starts_with("export KUBECONFIG="), "it says {line:?}");
    (format!("`sandbox serve` of a new sandbox serves after {:.1} ms", ms(taken)), taken < READY)
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
        version: None,
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

/// A set of that size as it has grown in a cluster with all actors: its pods run,
/// and its volumes are attached.
fn namespace() -> Vec<Value> {
    let simulator = Simulator::in_memory(Options::default());
    let runtime = runtime().unwrap();
    let api = in_process(&runtime, &simulator);
    let one = |object: Value| runtime.block_on(api.create(&object)).unwrap();
    let room = json!({"cpu": "64", "memory": "256Gi", "pods": "250"});
    for number in 0..REPLICAS / 100 {
        one(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("more-{number}")}, "status": {
            "capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]}}));
    }
    one(set());
    while simulator.advance(Duration::from_mins(1)) == Advance::Passed {}
    let set = runtime.block_on(api.get("StatefulSet", "default", "web")).unwrap().unwrap();
    assert_eq!(set["status"]["readyReplicas"], REPLICAS, "{set}");
    simulator.objects().iter().map(|object| Value::clone(object)).collect()
}

fn set() -> Value {
    let mounts = TEMPLATES.map(|name| json!({"name": name, "mountPath": format!("/{name}")}));
    let templates = TEMPLATES.map(|name| {
        json!({"metadata": {"name": name}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})
    });
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web", "namespace": "default"}, "spec": {
        "replicas": REPLICAS, "serviceName": "web", "podManagementPolicy": "Parallel", "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {
            "containers": [{"name": "main", "image": "web:1", "volumeMounts": mounts}]}},
        "volumeClaimTemplates": templates}})
}

fn beside_the_real_one() -> (String, bool) {
    let plane = ControlPlane::start_bare().unwrap();
    let runtime = runtime().unwrap();
    let real = runtime.block_on(plane.client(User::Admin)).unwrap();
    let simulator = Simulator::with_controllers(Options::default(), Vec::new());
    let ours = {
        let _inside = runtime.enter();
        simulator.client()
    };
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

/// A create, three reads, a patch and a delete of a set, again and again. The
/// client receives each answer to its end, and takes none apart: that would be
/// its own work, and on the one side most of all there is.
fn turn_of(runtime: &tokio::runtime::Runtime, client: &Client, turn: u32) -> Duration {
    let rounds: Vec<(String, String)> = (0..REQUESTS / 6)
        .map(|round| {
            let mut set = set();
            set["metadata"]["name"] = format!("web-{turn}-{round}").into();
            (format!("{SETS}/web-{turn}-{round}"), set.to_string())
        })
        .collect();
    let start = Instant::now();
    runtime.block_on(async {
        for (path, set) in rounds {
            send(client, "POST", SETS, "application/json", set).await;
            for _ in 0..3 {
                send(client, "GET", &path, "application/json", String::new()).await;
            }
            let wish = r#"{"spec": {"replicas": 7}}"#.to_owned();
            send(client, "PATCH", &path, "application/merge-patch+json", wish).await;
            send(client, "DELETE", &path, "application/json", String::new()).await;
        }
    });
    start.elapsed()
}

async fn send(client: &Client, method: &str, path: &str, content: &str, body: String) {
    let request = http::Request::builder().method(method).uri(path).header(http::header::CONTENT_TYPE, content);
    let answer = client.send(request.body(Body::from(body.into_bytes())).unwrap()).await.unwrap();
    assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
    assert!(!answer.into_body().collect().await.unwrap().to_bytes().is_empty());
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
