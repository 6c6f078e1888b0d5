//! 20 members that go to 10, with their claims, on a real control plane: the
//! program's whole scale-down, its plan and its journal included, beside what
//! kubectl and the controllers take for the same without any of it, at the same
//! time on the same cluster. Each member needs the 10 s of its grace period.

#![expect(clippy::print_stdout, reason = "a benchmark prints rounded figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark ends by panicking")]

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the harness is shared")]
mod support;

use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use kubectl_stateful::simulator::controllers::Controller;
use kubectl_stateful::simulator::controllers::all::DISK;
use kubectl_stateful::simulator::controllers::attacher::Attacher;
use kubectl_stateful::simulator::controllers::kubelet::{Kubelet, PlayedNodes, STOP_SECONDS};
use kubectl_stateful::simulator::controllers::provisioner::Provisioner;
use serde_json::{Value, json};

use support::actors::Actors;
use support::api::{Api, runtime};
use support::cli::Cli;
use support::control_plane::ControlPlane;
use support::credentials::User;

const FROM: u32 = 20;
const TO: u32 = 10;
const GRACE: u32 = 10;
/// Of the time that the controllers take.
const MOST_RATIO: f64 = 1.05;
/// Not ready by then, never ready.
const PATIENCE: Duration = Duration::from_mins(5);

fn main() -> ExitCode {
    if let Some(reason) = support::tools::missing() {
        println!("skip 20 members to 10: {reason}");
        return ExitCode::SUCCESS;
    }
    let plane = ControlPlane::start().unwrap();
    let players: Vec<Box<dyn Controller>> =
        vec![Box::new(Kubelet::new(PlayedNodes::All)), Box::new(Provisioner::new(DISK)), Box::new(Attacher::new(DISK))];
    let _actors = Actors::start(&plane, players).unwrap();
    let ready: Vec<Cli> = thread::scope(|threads| {
        let sets = ["ours", "theirs"].map(|namespace| threads.spawn(|| prepared(&plane, namespace)));
        sets.into_iter().map(|set| set.join().unwrap()).collect()
    });
    let leaving = || TO..FROM;
    let pods: Vec<String> = leaving().map(|ordinal| format!("pod/web-{ordinal}")).collect();
    let claims: Vec<String> = leaving().map(|ordinal| format!("data-web-{ordinal}")).collect();
    let (pods, claims) = (pods.join(" "), claims.join(" "));
    let theirs = format!(
        "kubectl scale sts/web --replicas {TO} && kubectl wait --for=delete --timeout=10m {pods} \
         && kubectl delete pvc {claims}"
    );
    let ours = format!("kubectl stateful scale web --replicas {TO} --claims retire --settle 0s --yes --no-app-check");
    let (ours, theirs) = thread::scope(|threads| {
        let ours = threads.spawn(|| taken(&ready[0], &ours));
        let theirs = taken(&ready[1], &theirs);
        (ours.join().unwrap(), theirs)
    });
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    let met = ratio <= MOST_RATIO;
    println!(
        "{} {FROM} to {TO} members with {GRACE} s of grace: {:.1} s, kubectl and the controllers {:.1} s: {ratio:.3} of it",
        if met { "ok  " } else { "MISS" },
        ours.as_secs_f64(),
        theirs.as_secs_f64(),
    );
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How long a line of shell takes, which must succeed.
fn taken(cli: &Cli, line: &str) -> Duration {
    let kubectl = cli.kubectl();
    let variables = kubectl.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    let mut shell = Command::new("/bin/sh");
    shell.env_clear().envs(variables).current_dir(cli.home()).args(["-c", line]);
    let begin = Instant::now();
    let output = shell.stdin(Stdio::null()).output().unwrap();
    let taken = begin.elapsed();
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{line}\n{stdout}\n{stderr}");
    taken
}

/// A set with all of its members ready, in a namespace of its own.
fn prepared(plane: &ControlPlane, namespace: &str) -> Cli {
    let runtime = runtime().unwrap();
    let api = Api::new(runtime.block_on(plane.client(User::Admin)).unwrap(), "bench");
    let begin = Instant::now();
    runtime.block_on(async {
        api.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})).await.unwrap();
        api.create(&set(namespace)).await.unwrap();
        loop {
            let set = api.get("StatefulSet", namespace, "web").await.unwrap().unwrap();
            if set["status"]["readyReplicas"] == FROM {
                break;
            }
            assert!(begin.elapsed() < PATIENCE, "not ready: {}", set["status"]);
            thread::sleep(Duration::from_millis(200));
        }
    });
    Cli::live(plane, User::Admin, namespace).unwrap()
}

fn set(namespace: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web", "namespace": namespace}, "spec": {
        "replicas": FROM, "serviceName": "web", "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}, "annotations": {STOP_SECONDS: GRACE.to_string()}},
            "spec": {
                "terminationGracePeriodSeconds": GRACE,
                "containers": [{"name": "main", "image": "web:1",
                                "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
            },
        },
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "standard",
            "resources": {"requests": {"storage": "1Gi"}}}}]}})
}
