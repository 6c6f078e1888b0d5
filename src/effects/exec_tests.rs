use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::{BoxFuture, ready as now};
use futures::stream::{iter, pending, repeat_with};
use jiff::Timestamp;

use super::*;
use crate::cluster::exec::Output;
use crate::cluster::interrupt::Interrupted;
use crate::cluster::{Clock, Entropy, Exec as Way, Identity, Interrupt, Warnings};
use crate::objects::kinds::ApiKind;

/// A clock that each pause moves on by its whole length.
struct Jumping(Mutex<Timestamp>);

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn pause(&self, at_most: Duration) -> BoxFuture<'_, Result<Pause, Interrupted>> {
        *self.0.lock().unwrap() += at_most;
        Box::pin(now(Ok(Pause::Passed)))
    }
}

impl Entropy for Jumping {
    fn fill(&self, _: &mut [u8]) {}
}

/// What is heard, whatever was started; and what that was.
struct Played<F> {
    output: F,
    started: Mutex<Vec<Program>>,
}

impl<F: Fn() -> Output + Send + Sync> Way for Played<F> {
    fn start<'a>(&'a self, program: &'a Program) -> BoxFuture<'a, Result<Output, ExecError>> {
        self.started.lock().unwrap().push(program.clone());
        Box::pin(now(Ok((self.output)())))
    }
}

fn exec(command: Command, container: Option<&str>) -> Exec {
    let pod =
        ObjectRef { kind: ApiKind::named("Pod").unwrap(), namespace: "prod".to_owned(), name: "web-2".to_owned() };
    Exec { pod, set: "web".to_owned(), ordinal: 2, container: container.map(str::to_owned), command, at_most: 60 }
}

fn pod(annotations: &Value) -> Value {
    json!({ "metadata": { "name": "web-2", "annotations": annotations },
            "spec": { "containers": [{ "name": "proxy" }, { "name": "main" }] } })
}

/// Runs a line where this is heard; keeps what is to be kept as `keep` says.
async fn ran(
    output: impl Fn() -> Output + Send + Sync + 'static,
    interrupt: &Interrupt,
    keep: impl AsyncFn() -> Result<(), EffectError>,
) -> Result<Done, EffectError> {
    let clock = || Arc::new(Jumping(Mutex::new(Timestamp::UNIX_EPOCH)));
    let unused = tower::service_fn(|_: http::Request<kube::client::Body>| async {
        Err::<http::Response<kube::client::Body>, _>(tower::BoxError::from("not asked here"))
    });
    let connection = Connection {
        client: kube::Client::new(unused, "default"),
        exec: Arc::new(Played { output, started: Mutex::default() }),
        clock: clock(),
        entropy: clock(),
        identity: Identity { name: String::new(), server: String::new() },
        namespace: String::new(),
        interrupt: interrupt.clone(),
        warnings: Warnings::default(),
    };
    let pod = pod(&Value::Null);
    let change = Change::Runs { container: String::new(), command: String::new() };
    let ready = Ready { preview: Preview::of(change, Some(&pod), Value::Null), before: Some(pod.into()) };
    exec(Command::Shell("ask".to_owned()), None).run(&ready, &connection, keep).await
}

#[expect(clippy::unnecessary_wraps, reason = "it stands among what a program prints")]
fn printed(text: &'static str) -> Result<Heard, ExecError> {
    Ok(Heard::Printed(text.as_bytes().into()))
}

async fn kept() -> Result<(), EffectError> {
    Ok(())
}

/// Why nobody knows how it ended.
fn why(ended: Result<Done, EffectError>) -> String {
    match ended.err() {
        Some(EffectError::Unanswered { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn exit_code_zero_alone_is_a_yes() {
    let quiet = Interrupt::default();
    let yes = ran(|| iter([printed("fine\n"), Ok(Heard::Exited(0))]).boxed(), &quiet, kept).await.unwrap();
    assert_eq!(*yes.after, json!({ "exitCode": 0, "printed": "fine" }));
    let no = ran(|| iter([printed("no\n"), Ok(Heard::Exited(7))]).boxed(), &quiet, kept).await;
    assert!(matches!(no, Err(EffectError::SaidNo { code: 7, printed }) if printed == "no"));
    let lost = || iter([printed("half"), Err(ExecError::Lost("reset".to_owned()))]).boxed();
    for output in [lost as fn() -> Output, || iter([printed("half")]).boxed()] {
        let unknown = ran(output, &quiet, kept).await;
        assert!(matches!(unknown, Err(EffectError::Unanswered { printed, .. }) if printed == "half"));
    }
}

#[tokio::test]
async fn silence_ends_with_the_time_and_the_lock_is_kept_until_then() {
    let count = AtomicUsize::new(0);
    let keep = async || {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(())
    };
    let late = ran(|| iter([printed("busy")]).chain(pending()).boxed(), &Interrupt::default(), keep).await;
    let Err(EffectError::Unanswered { why, printed }) = late else { panic!() };
    assert_eq!((why.as_str(), printed.as_str()), ("it had not ended after 60s", "busy"));
    assert!(count.load(Ordering::SeqCst) >= 12);
}

#[tokio::test]
async fn a_lost_lock_and_an_interrupt_end_the_listening_however_much_is_printed() {
    let flood = || repeat_with(|| printed("y")).boxed();
    let times = AtomicUsize::new(0);
    let lost = async || if times.fetch_add(1, Ordering::SeqCst) < 100 { Ok(()) } else { Err(EffectError::LockLost) };
    let ended = ran(flood, &Interrupt::default(), lost).await;
    assert_eq!(why(ended), "the lock is held by another run by now");
    let interrupt = Interrupt::default();
    let raise = async || {
        interrupt.raise();
        Ok(())
    };
    let ended = ran(flood, &interrupt, raise).await;
    assert_eq!(why(ended), "interrupted");
}

#[test]
fn a_shell_finds_who_is_asked_and_words_stay_words() {
    let line = exec(Command::Shell("ask $ORDINAL".to_owned()), None).program(&pod(&Value::Null)).unwrap();
    assert_eq!(line.words, ["sh", "-c", "export ORDINAL=2 SET=web NAMESPACE=prod\nask $ORDINAL"]);
    let words = Command::Words(["app", "a b"].map(str::to_owned).to_vec());
    assert_eq!(words.shown(), "app 'a b'");
    assert_eq!(exec(words, None).program(&pod(&Value::Null)).unwrap().words, ["app", "a b"]);
}

#[test]
fn the_container_is_the_named_the_default_or_the_first_one() {
    let container = |named: Option<&str>, annotations: Value| {
        let program = exec(Command::Shell("ask".to_owned()), named).program(&pod(&annotations));
        program.map(|program| program.container)
    };
    let default = |name: &str| json!({ DEFAULT_CONTAINER: name });
    assert_eq!(container(None, Value::Null).unwrap(), "proxy");
    assert_eq!(container(None, default("main")).unwrap(), "main");
    assert_eq!(container(None, default("gone")).unwrap(), "proxy");
    assert_eq!(container(Some("main"), Value::Null).unwrap(), "main");
    let refused = container(Some("nope"), Value::Null);
    assert!(matches!(refused, Err(EffectError::Guarded { hint, .. }) if hint.contains("proxy, main")));
}
