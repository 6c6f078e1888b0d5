//! What is asked at night, in a namespace with 5,000 pods and 5,000 claims of
//! other sets on a real API server: `status` beside what kubectl is asked for
//! the same, in turns with it, in time and in memory; and a folder of 1,000
//! manifests. Without the real server (no Go tools) only the folder is measured.

#![expect(clippy::print_stdout, reason = "a benchmark prints rounded figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark ends by panicking")]

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the harness is shared")]
mod support;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};

use support::api::{Api, Method, runtime};
use support::cli::Cli;
use support::control_plane::ControlPlane;
use support::credentials::User;

const SETS: u32 = 50;
const MEMBERS: u32 = 100;
const OWN: u32 = 3;
const TURNS: u32 = 5;
const NAMESPACE: &str = "crowd";
const MANIFESTS: u32 = 1_000;

/// A row of the result, and whether it is good enough.
type Row = (String, bool);

fn main() -> ExitCode {
    if let Some(words) = std::env::args().skip_while(|word| word != "measure").nth(1) {
        return measure(&words);
    }
    let mut rows = vec![folder()];
    match support::tools::missing() {
        None => rows.extend(beside_kubectl()),
        Some(reason) => println!("skip status beside kubectl: {reason}"),
    }
    for (row, met) in &rows {
        println!("{} {row}", if *met { "ok  " } else { "MISS" });
    }
    if rows.iter().all(|(_, met)| *met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Run as a process of its own, so that the memory is that of one line alone.
fn measure(line: &str) -> ExitCode {
    let start = Instant::now();
    let status = Command::new("/bin/sh").args(["-ec", line]).stdout(Stdio::null()).status();
    let taken = start.elapsed();
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss());
    println!("{} {memory}", taken.as_micros());
    if status.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Seconds and MiB of a line of shell.
fn cost(cli: &Cli, line: &str) -> (f64, f64) {
    let kubectl = cli.kubectl();
    let variables = kubectl.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    let mut own = Command::new(std::env::current_exe().unwrap());
    let output = own.env_clear().envs(variables).args(["measure", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let figures: Vec<f64> = text.split_whitespace().map(|figure| figure.parse().unwrap()).collect();
    (figures[0] / 1e6, figures[1] / 1024.0)
}

/// A line of ours beside one of kubectl's: at most so many of its time and memory.
fn beside(cli: &Cli, (ours, theirs): (&str, &str), (time, memory): (f64, f64)) -> Row {
    let (mut best, mut other) = ((f64::MAX, 0.0_f64), (f64::MAX, f64::MAX));
    for _ in 0..TURNS {
        let (seconds, mib) = cost(cli, ours);
        best = (best.0.min(seconds), best.1.max(mib));
        let (seconds, mib) = cost(cli, theirs);
        other = (other.0.min(seconds), other.1.min(mib));
    }
    let row = format!(
        "`{ours}` {:.2} s, {:.0} MiB; `{theirs}` {:.2} s, {:.0} MiB: {:.2} of the time, {:.2} of the memory",
        best.0,
        best.1,
        other.0,
        other.1,
        best.0 / other.0,
        best.1 / other.1
    );
    (row, best.0 <= other.0 * time && best.1 <= other.1 * memory)
}

fn beside_kubectl() -> Vec<Row> {
    let plane = ControlPlane::start_bare().unwrap();
    let runtime = runtime().unwrap();
    let api = Api::new(runtime.block_on(plane.client(User::Admin)).unwrap(), "bench");
    runtime.block_on(crowd(&api));
    let cli = Cli::live(&plane, User::Admin, NAMESPACE).unwrap();
    vec![
        beside(&cli, ("kubectl-stateful status web", "kubectl get sts,pod -l app=web; kubectl get pvc"), (1.0, 0.25)),
        beside(&cli, ("kubectl-stateful status", "kubectl get sts,pod,pvc"), (0.5, 0.25)),
    ]
}

async fn crowd(api: &Api) {
    api.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})).await.unwrap();
    let account = "/api/v1/namespaces/crowd/serviceaccounts";
    let _ = api.send(Method::Post, account, Some(&json!({"metadata": {"name": "default"}}))).await;
    let names = (0..SETS).map(|number| (format!("other-{number}"), MEMBERS)).chain([("web".to_owned(), OWN)]);
    for (name, members) in names {
        let made = api.create(&set(&name, members)).await.unwrap();
        let uid = made["metadata"]["uid"].clone();
        let member = |ordinal: u32| {
            let (name, uid) = (&name, &uid);
            async move {
                api.create(&claim(name, ordinal)).await.unwrap();
                api.create(&volume(name, ordinal)).await.unwrap();
                api.create(&pod(name, ordinal, uid)).await.unwrap();
                let bound = json!({"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}});
                let path = format!("/api/v1/namespaces/crowd/persistentvolumeclaims/data-{name}-{ordinal}/status");
                api.send(Method::MergePatch, &path, Some(&bound)).await.unwrap();
                let path = format!("/api/v1/namespaces/crowd/pods/{name}-{ordinal}/status");
                api.send(Method::MergePatch, &path, Some(&running())).await.unwrap();
            }
        };
        stream::iter(0..members).for_each_concurrent(16, member).await;
    }
}

fn running() -> Value {
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition);
    let container = json!({"name": "main", "image": "web:1", "imageID": "", "ready": true, "restartCount": 0,
        "containerID": "containerd://0", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}});
    json!({"status": {"phase": "Running", "conditions": conditions, "containerStatuses": [container]}})
}

fn template(name: &str) -> Value {
    json!({"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": "web:1",
        "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}})
}

fn set(name: &str, replicas: u32) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name, "namespace": NAMESPACE,
        "labels": {"app": name}}, "spec": {
        "replicas": replicas, "serviceName": name, "selector": {"matchLabels": {"app": name}}, "template": template(name),
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}})
}

fn pod(set: &str, ordinal: u32, uid: &Value) -> Value {
    let mut pod = template(set);
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = format!("{set}-{ordinal}").into();
    pod["metadata"]["namespace"] = NAMESPACE.into();
    pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": set,
        "uid": uid, "controller": true, "blockOwnerDeletion": true}]);
    pod["spec"]["nodeName"] = "node-a".into();
    pod["spec"]["volumes"] =
        json!([{"name": "data", "persistentVolumeClaim": {"claimName": format!("data-{set}-{ordinal}")}}]);
    pod
}

fn claim(set: &str, ordinal: u32) -> Value {
    let name = format!("data-{set}-{ordinal}");
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": NAMESPACE,
        "labels": {"app": set}}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "",
        "volumeName": format!("pv-{name}"), "resources": {"requests": {"storage": "1Gi"}}}})
}

fn volume(set: &str, ordinal: u32) -> Value {
    let name = format!("data-{set}-{ordinal}");
    json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": format!("pv-{name}")}, "spec": {
        "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"},
        "csi": {"driver": "disk.example.com", "volumeHandle": name},
        "claimRef": {"name": name, "namespace": NAMESPACE}}})
}

fn folder() -> Row {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..MANIFESTS {
        let name = format!("web-{number}");
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {
            "clusterIP": "None", "selector": {"app": name}, "ports": [{"port": 80}]}});
        let text = format!("{service:#}\n---\n{:#}\n", set(&name, 3));
        std::fs::write(folder.path().join(format!("{name}.yaml")), text).unwrap();
    }
    let own = Path::new(env!("CARGO_BIN_EXE_kubectl-stateful"));
    let mut best = Duration::MAX;
    for _ in 0..TURNS {
        let start = Instant::now();
        let mut doctor = Command::new(own);
        doctor.args(["doctor", "--local", "-f"]).arg(folder.path());
        let status = doctor.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(0));
        best = best.min(start.elapsed());
    }
    (format!("`doctor -f` of {MANIFESTS} manifests in {:.2} s", best.as_secs_f64()), best < Duration::from_secs(1))
}
