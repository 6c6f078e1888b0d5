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

const ROUNDS: usize = 3;
/// Linear would be 2.
const MOST_RATIO: f64 = 2.6;

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
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Creates a set with a claim for each replica and waits until all are ready.
fn grow(replicas: u64, policy: &str) -> Duration {
    let simulator = Simulator::in_memory(Options::default());
    for node in 0..replicas / 100 {
        let room = json!({"cpu": "64", "memory": "256Gi", "pods": "250"});
        let node = json!({"metadata": {"name": format!("more-{node}")}, "status": {
            "capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}],
        }});
        send(&simulator, "POST", "/api/v1/nodes", &node);
    }
    let set = json!({"metadata": {"name": "web"}, "spec": {
        "replicas": replicas, "serviceName": "web", "podManagementPolicy": policy,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        }}],
    }});
    let start = Instant::now();
    send(&simulator, "POST", "/apis/apps/v1/namespaces/default/statefulsets", &set);
    while simulator.advance(Duration::from_hours(1)) == Advance::Passed {}
    let spent = start.elapsed();
    let set = send(&simulator, "GET", "/apis/apps/v1/namespaces/default/statefulsets/web", &Value::Null);
    assert_eq!(set["status"]["readyReplicas"], replicas, "{set}");
    spent
}

fn send(simulator: &Simulator, method: &str, path: &str, body: &Value) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .expect("request");
    runtime.block_on(async {
        let answer = simulator.service().oneshot(request).await.expect("the service never fails");
        assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
        let bytes = answer.into_body().collect().await.expect("body").to_bytes();
        serde_json::from_slice(&bytes).expect("JSON")
    })
}
