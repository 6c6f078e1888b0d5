//! How long a plan takes: a scale-down from 1,000 members to 500 with three
//! claims each, played on a copy. What the cluster is asked besides (rights, dry
//! runs) is answered by a simulated one here and counts.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark ends by panicking")]

#[path = "../tests/support/unattended.rs"]
#[expect(dead_code, reason = "nothing is shown here")]
mod unattended;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use kubectl_stateful::cluster::Interrupt;
use kubectl_stateful::commands::Context;
use kubectl_stateful::commands::runbook::flags::RunFlags;
use kubectl_stateful::commands::runbook::planning;
use kubectl_stateful::effects::Guards;
use kubectl_stateful::runbook::script::Runbook;
use kubectl_stateful::runs::pen::Pen;
use kubectl_stateful::runs::places::Places;
use kubectl_stateful::simulator::{Advance, Options, Simulator};
use kubectl_stateful::wizard::parameter::Answers;
use kubectl_stateful::{OnSimulator, simulated};
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;
use unattended::{Seeded, Unattended};

const LONGEST: Duration = Duration::from_secs(1);
const LARGEST_MIB: u64 = 200;

fn main() -> ExitCode {
    let most = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000);
    let mut met = true;
    for replicas in [most / 4, most / 2, most] {
        let simulator = grown(replicas);
        let before = memory_mib();
        let (effects, took) = planned(&simulator, replicas, replicas / 2);
        let grew = memory_mib().saturating_sub(before);
        met = took < LONGEST && grew < LARGEST_MIB;
        println!(
            "{} {replicas} → {}: {effects} effects planned in {:.2} s, {grew} MiB more than before",
            if met { "ok  " } else { "MISS" },
            replicas / 2,
            took.as_secs_f64()
        );
    }
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn planned(simulator: &Simulator, from: u64, to: u64) -> (usize, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let connection = simulated(simulator, "bench", "default", Arc::new(Seeded::new(1)), &Interrupt::default());
    let folder = tempfile::tempdir().unwrap();
    let context = Context {
        connection: &connection,
        copies: &OnSimulator,
        screen: &Unattended::default(),
        places: &Places { state: folder.path().to_owned(), config: folder.path().to_owned() },
        guards: Guards::default(),
        pen: Pen::default(),
        namespace_given: false,
        connection_words: Vec::new(),
    };
    let runbook = Runbook::shipped("scale-down").unwrap();
    let begin = Instant::now();
    let plan =
        runtime.block_on(planning::plan(&runbook, &answers(&runbook, to), &RunFlags::default(), &context)).unwrap();
    let took = begin.elapsed();
    let effects = plan.fingerprints().len();
    // Each member: three volumes protected, one step down, three claims deleted.
    assert_eq!(u64::try_from(effects).unwrap(), 7 * (from - to));
    (effects, took)
}

fn answers(runbook: &Runbook, to: u64) -> Answers {
    let parameters = &runbook.header.parameters;
    let mut given: Map<String, Value> =
        parameters.iter().filter_map(|parameter| Some((parameter.key(), json!(parameter.value.as_ref()?)))).collect();
    given.extend([("set".to_owned(), json!("web")), ("replicas".to_owned(), json!(to))]);
    given.insert("claims".to_owned(), json!("retire"));
    planning::answers(parameters, &given).unwrap()
}

/// A set of so many members with three claims each, all of them ready.
fn grown(replicas: u64) -> Simulator {
    let simulator = Simulator::in_memory(Options::default());
    for node in 0..replicas / 100 {
        let room = json!({"cpu": "64", "memory": "256Gi", "pods": "250"});
        let status =
            json!({"capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]});
        post(&simulator, "/api/v1/nodes", &json!({"metadata": {"name": format!("more-{node}")}, "status": status}));
    }
    let templates = ["data", "wal", "log"].map(|name| {
        json!({"metadata": {"name": name}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})
    });
    let set = json!({"metadata": {"name": "web"}, "spec": {
        "replicas": replicas, "serviceName": "web", "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        "volumeClaimTemplates": templates,
    }});
    post(&simulator, "/apis/apps/v1/namespaces/default/statefulsets", &set);
    while simulator.advance(Duration::from_mins(1)) == Advance::Passed {}
    simulator
}

fn post(simulator: &Simulator, path: &str, body: &Value) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let request = Request::builder().method("POST").uri(path).header("content-type", "application/json");
    let request = request.body(Full::new(Bytes::from(body.to_string()))).unwrap();
    let answer = runtime.block_on(simulator.service().oneshot(request)).unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
}

/// The resident memory of this process, where the kernel tells.
fn memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1024
}
