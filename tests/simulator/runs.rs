//! A run while somebody else writes to the same objects: what was approved is
//! what is written, or nothing is; and the journal says what would undo it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::{Method, Request};
use kubectl_stateful::cluster::{Connection, Interrupt};
use kubectl_stateful::effects::apply::Apply;
use kubectl_stateful::effects::create_secret::CreateSecret;
use kubectl_stateful::effects::{Effect, EffectError, Preview, Secrets};
use kubectl_stateful::objects::kinds::ObjectRef;
use kubectl_stateful::runs::journal;
use kubectl_stateful::runs::run::{Header, Run, RunError};
use kubectl_stateful::simulated;
use kubectl_stateful::simulator::Simulator;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{MAPS, cluster, delete, get, merge, post, send};
use crate::unattended::{Seeded, Unattended};

const MAP: &str = "/api/v1/namespaces/default/configmaps/web";
const SECRETS: &str = "/api/v1/namespaces/default/secrets";

/// `password` is made up, everything else was chosen.
struct Values;

impl Secrets for Values {
    fn is_given(&self, parameter: &str) -> bool {
        parameter != "password"
    }

    fn value(&self, parameter: &str) -> Result<Vec<u8>, String> {
        Ok(parameter.as_bytes().to_vec())
    }
}

fn map(value: &str) -> Effect {
    let manifest = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "web", "namespace": "default", "labels": { "app": "web" } },
                           "data": { "a": value } });
    Effect::Apply(Apply { object: ObjectRef::of(&manifest).unwrap(), manifest })
}

fn secret() -> Effect {
    let manifest = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "web", "namespace": "default", "labels": { "app": "web" } },
                           "stringData": { "user": { "$secret": "user" }, "password": { "$secret": "password" } } });
    Effect::CreateSecret(CreateSecret { object: ObjectRef::of(&manifest).unwrap(), manifest })
}

/// A cluster on which `meddle` happens right before each write that counts.
/// Must be called inside a runtime.
fn connection(simulator: &Simulator, meddle: impl Fn(&Simulator) + Send + Sync + 'static) -> Connection {
    let entropy = Arc::new(Seeded::new(1));
    let mut connection = simulated(simulator, "sandbox", "default", entropy, &Interrupt::default());
    let (inner, behind, meddle) = (simulator.service(), simulator.clone(), Arc::new(meddle));
    let service = tower::service_fn(move |request: Request<kube::client::Body>| {
        let (inner, behind, meddle) = (inner.clone(), behind.clone(), Arc::clone(&meddle));
        async move {
            let query = request.uri().query().unwrap_or_default();
            if request.method() != Method::GET && !query.contains("dryRun") {
                // The helper has a runtime of its own.
                std::thread::spawn(move || meddle(&behind)).join().unwrap();
            }
            inner.oneshot(request).await
        }
    });
    connection.client = kube::Client::new(service, "default");
    connection
}

/// Previews the effect, lets `between` happen, and performs it in a run.
fn approved_then(
    effect: &Effect,
    simulator: &Simulator,
    meddle: impl Fn(&Simulator) + Send + Sync + 'static,
    between: impl FnOnce(),
) -> (Result<Value, RunError>, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let connection = {
        let _inside = runtime.enter();
        connection(simulator, meddle)
    };
    let approved: Preview = runtime.block_on(effect.preview(&connection, &Values)).unwrap();
    between();
    let header = Header {
        command: "init web",
        namespace: "default",
        cluster_uid: None,
        namespace_uid: None,
        answers: Value::Null,
    };
    let mut run = Run::begin(folder.path(), &connection, &header, &[effect.describe()]).unwrap();
    let result = runtime.block_on(run.perform(effect, &approved, &Values, &connection, &Unattended::default()));
    (result, journal::read(&run.folder).unwrap())
}

fn states(journal: &[Value]) -> Vec<&str> {
    journal.iter().filter_map(|line| line["state"].as_str()).collect()
}

fn diverged(result: Result<Value, RunError>) -> bool {
    matches!(result, Err(RunError::Effect { error, .. }) if matches!(*error, EffectError::Diverged { .. }))
}

/// The map as we made it.
fn made(simulator: &Simulator) {
    approved_then(&map("1"), simulator, |_| (), || ()).0.unwrap();
}

/// The map with this value, from another one who uses this program.
fn from_a_colleague(simulator: &Simulator, value: &str) {
    let path = format!("{MAP}?fieldManager=kubectl-stateful");
    let body = map(value).manifest().to_string();
    send(simulator, "PATCH", &path, "application/apply-patch+yaml", &body).ok();
}

#[test]
fn what_a_colleague_changed_after_the_approval_is_not_written_over() {
    let simulator = cluster();
    made(&simulator);
    let colleague = || from_a_colleague(&simulator, "theirs");
    let (result, journal) = approved_then(&map("2"), &simulator, |_| (), colleague);
    assert!(diverged(result));
    assert_eq!(get(&simulator, MAP).ok()["data"]["a"], "theirs");
    assert!(states(&journal).is_empty(), "no intent without a write: {journal:?}");
}

#[test]
fn what_another_tool_changed_after_the_approval_is_a_conflict() {
    let simulator = cluster();
    made(&simulator);
    let other = || drop(merge(&simulator, MAP, &json!({ "data": { "a": "theirs" } })).ok());
    let (result, _) = approved_then(&map("2"), &simulator, |_| (), other);
    let Err(RunError::Effect { error, .. }) = result else { panic!("{result:?}") };
    assert!(matches!(*error, EffectError::Conflict { .. }), "{error}");
    assert_eq!(get(&simulator, MAP).ok()["data"]["a"], "theirs");
}

#[test]
fn an_object_of_the_same_name_but_another_uid_is_not_the_approved_one() {
    let simulator = cluster();
    made(&simulator);
    let again = || {
        delete(&simulator, MAP).ok();
        made(&simulator);
    };
    let (result, _) = approved_then(&map("2"), &simulator, |_| (), again);
    assert!(diverged(result));
}

#[test]
fn a_write_that_is_overtaken_is_looked_at_anew() {
    let simulator = cluster();
    made(&simulator);
    let times = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&times);
    let elsewhere = move |simulator: &Simulator| {
        if counted.fetch_add(1, Ordering::SeqCst) < 2 {
            let note = format!("{}", counted.load(Ordering::SeqCst));
            merge(simulator, MAP, &json!({ "data": { "theirs": note } })).ok();
        }
    };
    let (result, journal) = approved_then(&map("2"), &simulator, elsewhere, || ());
    // A field that is not ours came and went on: the change of ours is the same.
    assert_eq!(result.unwrap()["data"]["a"], "2");
    assert_eq!(states(&journal), ["intent", "failed", "intent", "failed", "intent", "done"]);
}

#[test]
fn what_was_overtaken_by_another_value_is_not_written() {
    let simulator = cluster();
    made(&simulator);
    let theirs = |simulator: &Simulator| from_a_colleague(simulator, "theirs");
    let (result, journal) = approved_then(&map("2"), &simulator, theirs, || ());
    assert!(diverged(result));
    assert_eq!(states(&journal), ["intent", "failed"]);
    assert_eq!(get(&simulator, MAP).ok()["data"]["a"], "theirs");
}

#[test]
fn a_new_object_that_was_merged_into_anothers_is_told() {
    let simulator = cluster();
    let theirs = |simulator: &Simulator| {
        let object =
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "web" }, "data": { "b": "1" } });
        drop(post(simulator, MAPS, &object));
    };
    let (result, journal) = approved_then(&map("1"), &simulator, theirs, || ());
    let Err(RunError::Effect { error, .. }) = result else { panic!("{result:?}") };
    assert!(matches!(*error, EffectError::Merged { .. }), "{error}");
    assert_eq!(states(&journal), ["intent", "failed"]);
}

#[test]
fn the_intent_holds_what_would_undo_it() {
    let simulator = cluster();
    let (result, journal) = approved_then(&map("1"), &simulator, |_| (), || ());
    let uid = result.unwrap()["metadata"]["uid"].clone();
    assert_eq!(states(&journal), ["intent", "done"]);
    assert_eq!((&journal[0]["undo"], &journal[1]["uid"]), (&json!({ "delete": MAP }), &uid));

    let (_, journal) = approved_then(&map("2"), &simulator, |_| (), || ());
    let before = &journal[0]["undo"]["replace"];
    assert_eq!((&before["data"]["a"], &before["metadata"]["uid"]), (&json!("1"), &uid));

    let (_, journal) = approved_then(&map("2"), &simulator, |_| (), || ());
    assert_eq!(states(&journal), ["already"]);
}

#[test]
fn a_secret_that_came_in_between_is_kept_only_with_the_chosen_values() {
    for (user, serves) in [("dXNlcg==", true), ("b3RoZXI=", false)] {
        let simulator = cluster();
        let theirs = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "web" },
                             "data": { "user": user, "password": "cA==" } });
        let come = || drop(post(&simulator, SECRETS, &theirs).ok());
        let (result, journal) = approved_then(&secret(), &simulator, |_| (), come);
        if serves {
            assert_eq!(
                (result.unwrap()["data"]["password"].clone(), states(&journal)),
                (json!("cA=="), vec!["already"])
            );
        } else {
            assert!(diverged(result));
        }
        assert!(!journal.iter().any(|line| line.to_string().contains("cA==")), "a value in the journal: {journal:?}");
    }
}
