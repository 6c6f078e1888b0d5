//! What a large set costs the simulated cluster: the time of 200 replicas as a
//! multiple of that of 100, measured in turns, and 1,000 pods.

#![expect(clippy::print_stdout, reason = "a benchmark prints rounded figures")]
#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use kubectl_stateful::simulator::{Advance, Options, Simulator};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";
const ROUNDS: usize = 3;
/// Linear would be 2.
const MOST_RATIO: f64 = 3.0;
/// The memory in the end, as a multiple of that after the creation.
const MOST_GROWTH: f64 = 1.5;

fn main() -> ExitCode {
    let sizes = std::env::args().filter_map(|argument| argument.parse().ok()).collect::<Vec<u64>>();
    if !sizes.is_empty() {
        for size in sizes {
            println!("{size} replicas: {:.2} s", grow(size, "OrderedReady").as_secs_f64());
        }
        return ExitCode::SUCCESS;
    }
    let mut good = true;
    for policy in ["OrderedReady", "Parallel"] {
        let (mut small, mut large) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            small = small.min(grow(100, policy));
            large = large.min(grow(200, policy));
        }
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        let met = ratio <= MOST_RATIO;
        good &= met;
        println!(
            "{} {policy}: 100 replicas {:.2} s, 200 replicas {:.2} s: {ratio:.1} times as long",
            if met { "ok  " } else { "MISS" },
            small.as_secs_f64(),
            large.as_secs_f64()
        );
    }
    println!("     Parallel: 1000 replicas {:.1} s", grow(1000, "Parallel").as_secs_f64());
    good &= stays_small();
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// 1,000 pods, 100,000 requests and an hour of rollouts: what is held at the end,
/// and how much more memory that is than after the creation.
fn stays_small() -> bool {
    let simulator = cluster(1000);
    create(&simulator, 1000, "Parallel");
    let after_creation = (simulator.sizes(), memory_mib());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    let begin = Instant::now();
    runtime.block_on(async {
        for number in 0..100_000_u32 {
            let path = format!("/api/v1/namespaces/default/pods/web-{}", number % 1000);
            // One in five writes.
            let request = if number % 5 == 0 {
                let note = json!({"metadata": {"annotations": {"note": number.to_string()}}}).to_string();
                let change = Request::builder().method("PATCH").uri(path);
                change.header("content-type", "application/merge-patch+json").body(Full::new(Bytes::from(note)))
            } else {
                Request::get(path).body(Full::new(Bytes::new()))
            };
            let request = request.expect("request");
            let answer = simulator.service().oneshot(request).await.expect("the service never fails");
            assert!(answer.status().is_success(), "{}", answer.status());
            answer.into_body().collect().await.expect("body");
        }
    });
    let requests = 100_000.0 / begin.elapsed().as_secs_f64();
    let end = simulator.now() + Duration::from_hours(1);
    let mut version = 0;
    while simulator.now() < end {
        version += 1;
        let image =
            json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": format!("i:{version}")}]}}}});
        send(&simulator, "PATCH", &format!("{SETS}/web"), &image);
        let pause = simulator.now() + Duration::from_mins(10);
        while simulator.now() < pause {
            simulator.advance(simulator.now().duration_until(pause).unsigned_abs());
        }
    }
    let sizes = simulator.sizes();
    let now = memory_mib();
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    let growth = now as f64 / after_creation.1.max(1) as f64;
    let met = sizes.history <= 2_000 && sizes.log <= 20_000 && growth <= MOST_GROWTH;
    println!("     1,000 pods: {:?}, {} MiB", after_creation.0, after_creation.1);
    println!("     {requests:.0} requests per second, one in five of which writes");
    println!(
        "{} 100,000 requests and an hour of rollouts later: {sizes:?}, {now} MiB, {growth:.1} times as much",
        if met { "ok  " } else { "MISS" },
    );
    met
}

/// The resident memory of this process, where the kernel tells.
fn memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// The time it takes until all replicas of a new set are ready.
fn grow(replicas: u64, policy: &str) -> Duration {
    let simulator = cluster(replicas);
    let start = Instant::now();
    create(&simulator, replicas, policy);
    start.elapsed()
}

/// A cluster with room for so many pods.
fn cluster(replicas: u64) -> Simulator {
    let simulator = Simulator::in_memory(Options::default());
    for node in 0..replicas / 100 {
        let room = json!({"cpu": "64", "memory": "256Gi", "pods": "250"});
        let node = json!({"metadata": {"name": format!("more-{node}")}, "status": {
            "capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}],
        }});
        send(&simulator, "POST", "/api/v1/nodes", &node);
    }
    simulator
}

/// Creates a set with a claim for each replica and waits until all are ready.
fn create(simulator: &Simulator, replicas: u64, policy: &str) {
    let set = json!({"metadata": {"name": "web"}, "spec": {
        "replicas": replicas, "serviceName": "web", "podManagementPolicy": policy,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        }}],
    }});
    send(simulator, "POST", SETS, &set);
    while simulator.advance(Duration::from_mins(1)) == Advance::Passed {}
    let set = send(simulator, "GET", &format!("{SETS}/web"), &Value::Null);
    assert_eq!(set["status"]["readyReplicas"], replicas, "{set}");
}

fn send(simulator: &Simulator, method: &str, path: &str, body: &Value) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", if method == "PATCH" { "application/merge-patch+json" } else { "application/json" })
        .body(Full::new(Bytes::from(body)))
        .expect("request");
    runtime.block_on(async {
        let answer = simulator.service().oneshot(request).await.expect("the service never fails");
        assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
        let bytes = answer.into_body().collect().await.expect("body").to_bytes();
        serde_json::from_slice(&bytes).expect("JSON")
    })
}
