//! The lock of a run that may be over, on a machine whose clock is another one,
//! and of one that waits for an answer.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kubectl_stateful::cluster::interrupt::Interrupted;
use kubectl_stateful::cluster::{Clock, Connection, Interrupt, Pause};
use kubectl_stateful::commands::runbook::unlock;
use kubectl_stateful::effects::Effect;
use kubectl_stateful::effects::lock::Lock;
use kubectl_stateful::runs::call::{Call, Phase};
use kubectl_stateful::runs::conductor::Conductor;
use kubectl_stateful::runs::event::{Event, Observer};
use kubectl_stateful::runs::halt::Halt;
use kubectl_stateful::runs::id::RunId;
use kubectl_stateful::runs::keeper::EVERY;
use kubectl_stateful::simulator::Simulator;
use serde_json::{Value, json};

use super::Stage;
use crate::support::{PODS, delete, merge, post};

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
const WORDS: &[&str] = &["--replicas", "1", "--claims", "keep", "--settle", "0s"];

/// Another run holds the lock, by its own clock since this time.
fn locked(since: &str) -> Stage {
    let stage = Stage::new(2);
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "stateful-web"},
        "spec": {"holderIdentity": "other", "leaseDurationSeconds": 60, "renewTime": since}});
    post(&stage.simulator, LEASES, &lease).ok();
    stage
}

#[test]
fn a_lock_that_nobody_keeps_alive_is_taken_once_it_was_watched_for_a_minute() {
    for since in ["2001-01-01T00:00:00.000000Z", "2101-01-01T00:00:00.000000Z"] {
        let looks = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&looks);
        let stage = locked(since).with_watcher(move |_, _, _| {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        // Something is still to come, or time would stand still.
        let pod = json!({"metadata": {"name": "busy"}, "spec": {
            "activeDeadlineSeconds": 3600, "containers": [{"name": "main", "image": "busy:1"}],
        }});
        post(&stage.simulator, PODS, &pod).ok();
        let before = stage.simulator.now();
        stage.scale(WORDS).done();
        assert!(stage.simulator.now().duration_since(before).as_secs() >= 60, "{since}");
        assert!(looks.load(Ordering::SeqCst) >= 12, "{since}");
        assert_eq!(stage.get(LEASES)["items"], json!([]), "it is given back");
    }
}

#[test]
fn a_lock_that_a_machine_with_a_slow_clock_keeps_alive_is_respected() {
    let stage = locked("2001-01-01T00:00:00.000000Z").with_watcher(move |simulator, _, path| {
        simulator.pass(EVERY);
        let seconds = simulator.now().as_second() % 60;
        let slow = json!({"spec": {"renewTime": format!("2001-01-01T00:00:{seconds:02}.000000Z")}});
        merge(simulator, path, &slow).ok();
    });
    let failure = stage.scale(WORDS).failed("locked", 3);
    assert!(failure.message.contains("nothing was changed"), "{failure}");
    assert_eq!(stage.get("/apis/apps/v1/namespaces/default/statefulsets/web")["spec"]["replicas"], 2);
}

#[test]
fn a_lock_that_another_run_has_taken_over_is_not_given_back() {
    let stage = Stage::new(2).with_meddler(|simulator, method, path| {
        if method == http::Method::DELETE && path.contains("/leases/") {
            merge(simulator, path, &json!({"spec": {"holderIdentity": "other"}})).ok();
        }
    });
    stage.scale(WORDS).done();
    assert_eq!(stage.get(LEASES)["items"][0]["spec"]["holderIdentity"], "other");
}

#[test]
fn whoever_unlocks_a_run_is_told_what_was_found() {
    let stage = Stage::new(2);
    stage.scale(WORDS).done();
    let run = stage.runs().remove(0);
    let unlocked = |expected: &str| {
        let text = stage.run(async |context| unlock(&run, context).await).done().text;
        assert!(text.contains(expected), "{text}");
    };
    unlocked("Lease/stateful-web was free already");
    let lease = |holder: &str| {
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "stateful-web"},
            "spec": {"holderIdentity": holder, "leaseDurationSeconds": 60}})
    };
    post(&stage.simulator, LEASES, &lease("other")).ok();
    unlocked("is held by run other");
    assert_eq!(stage.get(LEASES)["items"][0]["spec"]["holderIdentity"], "other");
    delete(&stage.simulator, &format!("{LEASES}/stateful-web")).ok();
    post(&stage.simulator, LEASES, &lease(&run)).ok();
    unlocked("Lease/stateful-web is free");
    assert_eq!(stage.get(LEASES)["items"], json!([]));
}

/// Time passes while somebody thinks.
struct Thinking(Arc<dyn Clock>, Simulator);

impl Clock for Thinking {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn pause(&self, at_most: Duration) -> BoxFuture<'_, Result<Pause, Interrupted>> {
        self.0.pause(at_most)
    }

    fn thinking(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.1.pass(time);
        std::future::ready(()).boxed()
    }
}

struct Nobody;

impl Observer for Nobody {
    fn event(&self, _: Event) {}
}

fn lock(run: &RunId) -> Call {
    Call::Effect { effect: Effect::Lock(Lock::on("web", "default", run.as_str()).unwrap()) }
}

/// A run that has locked `web` asks something, and the answer takes so many
/// looks of a quarter of a minute each; then a rival comes.
fn asked_while_a_rival_comes(looks: u64, stage: &Stage) -> (Result<Value, Halt>, Result<Value, Halt>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connection = stage.connection();
        let clock = Arc::new(Thinking(Arc::clone(&connection.clock), stage.simulator.clone()));
        let connection = Connection { clock, ..connection };
        let after_a_while = |_: &str, _: Option<&str>, _: Option<&str>| {
            let mut left = looks;
            poll_fn(move |_| {
                left -= 1;
                if left == 0 { Poll::Ready(Ok(true)) } else { Poll::Pending }
            })
            .boxed_local()
        };
        let runs = [1, 2].map(|run| RunId::new(connection.clock.now(), [run; 4]));
        let [mut one, mut rival] =
            runs.clone().map(|run| Conductor::new(&connection, &Nobody, run, &[], &after_a_while));
        for conductor in [&mut one, &mut rival] {
            conductor.answer(Call::Phase { phase: Phase::Run }).await.unwrap();
        }
        one.answer(lock(&runs[0])).await.unwrap();
        let confirm = Call::Confirm { question: "go on?".to_owned(), typed: None, flag: None };
        (one.answer(confirm).await, rival.answer(lock(&runs[1])).await)
    })
}

#[test]
fn a_lock_is_kept_while_a_question_stands_for_longer_than_it_counts() {
    let stage = Stage::new(1);
    let begin = stage.simulator.now();
    let (answer, rival) = asked_while_a_rival_comes(20, &stage);
    assert_eq!(answer.unwrap(), true);
    assert!(stage.simulator.now().duration_since(begin).as_secs() > 240);
    let refused = rival.unwrap_err();
    assert!(refused.to_string().contains("is held by run"), "{refused}");
    let renewed = stage.get(LEASES)["items"][0]["spec"]["renewTime"].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(stage.simulator.now().duration_since(renewed).unsigned_abs() <= EVERY, "{renewed}");
}

#[test]
fn an_interrupt_ends_a_question_that_stands() {
    let interrupt = Interrupt::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stage = Stage::new(1).interrupted_by(interrupt.clone());
    runtime.block_on(async {
        let connection = stage.connection();
        let for_ever = |_: &str, _: Option<&str>, _: Option<&str>| {
            interrupt.raise();
            std::future::pending().boxed_local()
        };
        let run = RunId::new(connection.clock.now(), [0; 4]);
        let mut conductor = Conductor::new(&connection, &Nobody, run, &[], &for_ever);
        let confirm = Call::Confirm { question: "go on?".to_owned(), typed: None, flag: None };
        let stopped = conductor.answer(confirm).await;
        assert!(matches!(stopped, Err(Halt::Interrupted)), "{stopped:?}");
    });
}
