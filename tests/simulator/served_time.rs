//! A served cluster lives in real time, which these tests hold in their hands.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use jiff::Timestamp;
use kubectl_stateful::simulator::{Limits, Listener, Options, Pace, Simulator};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::support::{MAPS, get, post};

/// Time that moves when it is told to.
struct ByHand {
    now: Mutex<Timestamp>,
    moved: watch::Sender<()>,
    naps: AtomicUsize,
}

impl ByHand {
    fn new() -> Arc<Self> {
        let now = Mutex::new(Options::default().start);
        Arc::new(Self { now, moved: watch::Sender::new(()), naps: AtomicUsize::new(0) })
    }

    fn move_on(&self, seconds: u64) {
        *self.now.lock().unwrap() += Duration::from_secs(seconds);
        self.moved.send_replace(());
    }
}

impl Pace for ByHand {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn nap(&self, _: Duration) -> BoxFuture<'static, ()> {
        self.naps.fetch_add(1, Ordering::SeqCst);
        let mut moved = self.moved.subscribe();
        async move { moved.changed().await.unwrap_or_default() }.boxed()
    }
}

/// A cluster that is served until the test ends.
struct Served {
    runtime: Runtime,
    simulator: Simulator,
    pace: Arc<ByHand>,
}

impl Served {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let simulator = Simulator::in_memory(Options { seed: 7, ..Options::default() });
        let pace = ByHand::new();
        let listener =
            runtime.block_on(Listener::bind(0, &[7; 32], Arc::<ByHand>::clone(&pace), Limits::default())).unwrap();
        runtime.spawn(listener.serve(simulator.clone(), std::future::pending()));
        let served = Self { runtime, simulator, pace };
        served.rest();
        served
    }

    /// Lets everybody do what there is to do without time.
    fn rest(&self) {
        self.runtime.block_on(async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        });
    }

    fn wait(&self, seconds: u64) {
        self.pace.move_on(seconds);
        self.rest();
    }
}

#[test]
fn a_pod_becomes_ready_as_real_time_passes_and_not_before() {
    let served = Served::start();
    let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": {
        "serviceName": "web", "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]},
        },
    }});
    post(&served.simulator, "/apis/apps/v1/namespaces/default/statefulsets", &set).ok();
    let ready = |served: &Served| {
        get(&served.simulator, "/apis/apps/v1/namespaces/default/statefulsets/web").ok()["status"]["readyReplicas"]
            .clone()
    };
    let before = served.simulator.now();
    served.rest();
    assert_eq!((ready(&served), served.simulator.now()), (json!(null), before), "no time has passed");
    for _ in 0..20 {
        served.wait(1);
    }
    assert_eq!(ready(&served), json!(1));
    assert_eq!(served.simulator.now().duration_since(before).as_secs(), 20, "both times are as fast");
}

#[test]
fn at_rest_nobody_looks_again_and_again() {
    let served = Served::start();
    served.wait(60);
    served.wait(60);
    let naps = served.pace.naps.load(Ordering::SeqCst);
    served.rest();
    assert_eq!(served.pace.naps.load(Ordering::SeqCst), naps);
    post(&served.simulator, MAPS, &json!({"metadata": {"name": "a"}})).ok();
    served.rest();
    let after = served.pace.naps.load(Ordering::SeqCst);
    assert!((naps + 1..naps + 4).contains(&after), "a change is news once: {naps}, then {after}");
}

#[test]
fn a_watch_with_a_time_limit_ends_in_real_time() {
    let served = Served::start();
    let request =
        Request::get(format!("{MAPS}?watch=true&timeoutSeconds=5")).body(Empty::<bytes::Bytes>::new()).unwrap();
    let service = served.simulator.service();
    let watch = served.runtime.spawn(async move {
        let answer = service.oneshot(request).await.unwrap();
        answer.into_body().collect().await.map(|all| all.to_bytes().len())
    });
    served.wait(4);
    assert!(!watch.is_finished());
    served.wait(1);
    assert!(watch.is_finished());
}

#[test]
fn a_clock_that_is_ahead_of_the_real_one_is_caught_up_with() {
    let served = Served::start();
    served.simulator.pass(Duration::from_secs(10));
    let before = served.simulator.now();
    let passed = |served: &Served| served.simulator.now().duration_since(before).as_secs();
    for _ in 0..20 {
        served.wait(1);
    }
    assert_eq!(passed(&served), 10, "half as fast");
    for _ in 0..20 {
        served.wait(1);
    }
    assert_eq!(passed(&served), 30, "as fast as the real one");
}
