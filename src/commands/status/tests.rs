//! `status` against a cluster of answers: what is read, and what is unknown.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Parser;
use futures::future::BoxFuture;
use http::{Request, Response};
use jiff::Timestamp;
use kube::client::Body;
use serde_json::{Value, json};

use super::*;
use crate::cluster::interrupt::Interrupted;
use crate::cluster::{Clock, Entropy, Identity, Interrupt, Pause};
use crate::commands::doctor::{DoctorArgs, of_sets};
use crate::error::Kind;
use crate::facts::blocking::Log;
use crate::facts::samples::{claim, node, now, pod, service, set, world};
use crate::objects::kinds::KINDS;

const HERE: Way<'_> = Way { words: &[], namespace: None };

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        now()
    }

    fn pause(&self, _: Duration) -> BoxFuture<'_, Result<Pause, Interrupted>> {
        Box::pin(async { Ok(Pause::Idle) })
    }
}

impl Entropy for Still {
    fn fill(&self, _: &mut [u8]) {}
}

/// A cluster with these objects in which these plurals may not be listed,
/// and the requests that it saw. Selectors are `name=NAME`.
fn cluster(objects: Vec<Value>, forbidden: &'static [&'static str]) -> (Connection, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let service = tower::service_fn(move |request: Request<Body>| {
        log.lock().unwrap().push(format!("{} {}", request.method(), request.uri().path()));
        let (code, body) = answer(&objects, forbidden, request.uri());
        let body = Body::from(body.to_string().into_bytes());
        async move { Ok::<_, tower::BoxError>(Response::builder().status(code).body(body)?) }
    });
    let connection = Connection {
        warnings: crate::cluster::Warnings::default(),
        client: kube::Client::new(service, "default"),
        exec: Arc::new(crate::cluster::exec::NoExec),
        clock: Arc::new(Still),
        entropy: Arc::new(Still),
        identity: Identity { name: "test".to_owned(), server: String::new() },
        namespace: "default".to_owned(),
        interrupt: Interrupt::default(),
    };
    (connection, seen)
}

fn answer(objects: &[Value], forbidden: &[&str], uri: &http::Uri) -> (u16, Value) {
    let fail = |code: u16, message: &str| {
        (
            code,
            json!({"kind": "Status", "status": "Failure", "code": code, "message": message,
            "reason": if code == 403 { "Forbidden" } else { "X" }}),
        )
    };
    let steps: Vec<&str> = uri.path().split('/').collect();
    let known = |step: &&str| KINDS.iter().find(|kind| kind.plural == *step);
    // The last plural counts: `namespaces` stands before most others.
    let found = steps.iter().enumerate().rev().find_map(|(position, step)| Some((position, known(step)?)));
    let Some((position, kind)) = found else { return fail(404, "no such resource") };
    if steps.last() == Some(&"log") {
        let answer = json!("the last words");
        return if forbidden.contains(&"pods/log") { fail(403, "pods/log is forbidden") } else { (200, answer) };
    }
    let of_kind = objects.iter().filter(|object| object["kind"] == kind.kind);
    if let Some(name) = steps.get(position + 1) {
        return match of_kind.into_iter().find(|object| object["metadata"]["name"] == **name) {
            Some(object) => (200, object.clone()),
            None => fail(404, "not found"),
        };
    }
    if forbidden.contains(&kind.plural) {
        return fail(403, &format!("{} is forbidden", kind.plural));
    }
    let selector = uri.query().and_then(|query| query.split("labelSelector=name%3D").nth(1)?.split('&').next());
    if uri.query().is_some_and(|query| query.contains("labelSelector=%2C")) {
        return fail(400, "unable to parse requirement");
    }
    let fits = |object: &&Value| selector.is_none_or(|name| object["metadata"]["name"] == name);
    (200, json!({"items": of_kind.filter(fits).collect::<Vec<_>>()}))
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    status: StatusArgs,
}

fn args(words: &[&str]) -> StatusArgs {
    Line::try_parse_from(std::iter::once(&"status").chain(words)).unwrap().status
}

fn calm() -> Vec<Value> {
    let mut set = set("web", 1);
    set["spec"]["volumeClaimTemplates"] = json!([]);
    let mut pod = pod("web", 0, "node-a");
    pod["spec"]["volumes"] = json!([]);
    vec![set, service("web"), pod, node("node-a", "eu-1a", true)]
}

#[tokio::test]
async fn a_calm_namespace_is_read_without_its_events_and_nothing_is_written() {
    let (connection, seen) = cluster(calm(), &[]);
    let found = status(&args(&[]), &connection, HERE).await.unwrap();
    assert_eq!((found.sets.len(), found.unreadable.len(), found.namespace.as_deref()), (1, 0, Some("default")));
    let mut seen = seen.lock().unwrap().clone();
    seen.sort();
    let base = "GET /api/v1/namespaces/default";
    assert_eq!(
        seen,
        [
            "GET /api/v1/namespaces/default/persistentvolumeclaims".to_owned(),
            format!("{base}/pods"),
            format!("{base}/services"),
            "GET /api/v1/nodes".to_owned(),
            "GET /api/v1/persistentvolumes".to_owned(),
            "GET /apis/apps/v1/namespaces/default/statefulsets".to_owned(),
            "GET /apis/coordination.k8s.io/v1/namespaces/default/leases".to_owned(),
        ]
    );
}

#[tokio::test]
async fn of_one_set_that_is_well_only_its_own_is_read() {
    let mut objects = world();
    objects.remove(4);
    objects[0] = set("web", 2);
    objects.extend((0..3).flat_map(|ordinal| claim("data", "db", ordinal, "eu-1a")));
    let (connection, seen) = cluster(objects, &[]);
    let found = status(&args(&["web"]), &connection, HERE).await.unwrap();
    let members: Vec<_> = found.sets[0].pods.iter().flatten().map(|row| row.name.as_str()).collect();
    assert_eq!(members, ["web-0", "web-1"]);
    assert_eq!(found.sets[0].leftovers.as_ref().map(Vec::len), Some(3));
    assert!(!found.sets[0].has_problems() && found.blocking.is_none());
    let seen = seen.lock().unwrap().clone();
    let volumes: Vec<&String> = seen.iter().filter(|line| line.contains("persistentvolumes")).collect();
    assert_eq!(volumes.len(), 5, "{seen:?}");
    assert!(volumes.iter().all(|line| line.contains("/persistentvolumes/pvc-")), "{seen:?}");
    assert!(!seen.iter().any(|line| line.contains("volumeattachments") || line.contains("events")), "{seen:?}");
}

#[tokio::test]
async fn doctor_of_one_set_reads_no_pods_of_others_but_those_that_its_service_leads_to() {
    let mut objects = world();
    objects.remove(4);
    objects[0] = set("web", 2);
    objects[0]["spec"]["selector"] = json!({"matchLabels": {"name": "web-0"}});
    for name in ["api", "db"] {
        let mut other = pod(name, 0, "node-a");
        other["metadata"]["labels"]["name"] = json!(format!("{name}-0"));
        objects.push(other);
    }
    objects[1]["spec"]["selector"] = json!({"name": "api-0"});
    let (connection, seen) = cluster(objects, &[]);
    let words = DoctorArgs { set: Some("web".to_owned()), ..DoctorArgs::default() };
    let found = of_sets(&words, &connection, HERE).await.unwrap().findings;
    let wide = found.iter().find(|finding| finding.code == "selector-too-wide").unwrap();
    assert_eq!(wide.evidence, ["pod `api-0`"]);
    let pods = seen.lock().unwrap().iter().filter(|line| line.ends_with("/namespaces/default/pods")).count();
    assert_eq!(pods, 2, "those of its selector, and those of its Service");
}

#[tokio::test]
async fn a_pod_that_lost_its_labels_and_what_holds_a_claim_are_found_all_the_same() {
    let mut objects = world();
    objects[0]["spec"]["selector"] = json!({"matchLabels": {"name": "web-0"}});
    objects[8]["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
    let mut job = pod("job", 0, "node-a");
    job["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] = json!("data-web-0");
    objects.push(job);
    let (connection, seen) = cluster(objects, &[]);
    let found = status(&args(&["web"]), &connection, HERE).await.unwrap();
    let rows = found.sets[0].pods.as_ref().unwrap();
    assert_eq!(rows.iter().filter(|row| row.pod.is_some()).count(), 3);
    assert!(
        rows[0].problems.iter().any(|told| told.contains("held by pod `job-0`, `web-0`")),
        "{:?}",
        rows[0].problems
    );
    assert!(seen.lock().unwrap().iter().any(|line| line.ends_with("/pods/web-1")));
}

#[tokio::test]
async fn trouble_is_explained_by_events() {
    let (connection, seen) = cluster(world(), &[]);
    let found = status(&args(&["sts/web"]), &connection, HERE).await.unwrap();
    assert!(found.sets[0].has_problems());
    assert!(seen.lock().unwrap().contains(&"GET /api/v1/namespaces/default/events".to_owned()));
}

#[tokio::test]
async fn of_one_set_the_member_in_its_way_is_looked_at_closely() {
    let mut objects = world();
    let crashing = json!({"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 1}}});
    objects[4]["status"] = json!({"phase": "Running", "containerStatuses": [crashing]});
    objects[4]["spec"]["nodeName"] = json!("node-a");
    let (connection, _) = cluster(objects.clone(), &[]);
    assert_eq!(status(&args(&[]), &connection, HERE).await.unwrap().blocking, None);
    let blocking = status(&args(&["web"]), &connection, HERE).await.unwrap().blocking.unwrap();
    assert_eq!(
        (blocking.pod.as_str(), blocking.why.as_str()),
        ("web-2", "container `app` waits: CrashLoopBackOff; last ended with exit code 1")
    );
    assert_eq!(blocking.command.as_deref(), Some("kubectl -n default logs web-2 -c app --previous"));
    assert_eq!(blocking.containers[0].log, Log::Lines(vec!["\"the last words\"".to_owned()]));
    assert_eq!(blocking.claims.unwrap()[0].attached_to, Some(Vec::new()));

    let (connection, _) = cluster(objects, &["pods/log", "volumeattachments"]);
    let found = status(&args(&["web"]), &connection, HERE).await.unwrap();
    let document = crate::facts::machine::document(&found);
    assert_eq!(document["blocking"]["containers"][0]["log"], json!(null));
    let unknown = json!(["blocking.containers[*].log", "blocking.claims[*].attachedTo"]);
    assert_eq!(document["unknown"], unknown);
}

#[tokio::test]
async fn missing_rights_make_parts_unknown_and_only_missing_sets_a_failure() {
    let (connection, _) = cluster(world(), &["persistentvolumes", "nodes", "events"]);
    let found = status(&args(&[]), &connection, HERE).await.unwrap();
    let resources: Vec<_> = found.unreadable.iter().map(|what| what.resource()).collect();
    assert_eq!(resources, ["persistentvolumes", "nodes", "events"]);

    let (connection, _) = cluster(world(), &["statefulsets"]);
    let failure = status(&args(&[]), &connection, HERE).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Refused);
    assert!(failure.message.contains("statefulsets is forbidden"), "{failure}");
    let one = status(&args(&["web"]), &connection, HERE).await.unwrap();
    assert_eq!((one.sets.len(), &one.sets[0].leftovers), (1, &None), "which sets there are is unknown");
    assert_eq!(crate::facts::machine::document(&one)["unknown"], json!(["sets[*].leftovers"]));
    assert_eq!(status(&args(&["wbe"]), &connection, HERE).await.unwrap_err().kind, Kind::Failed);
}

#[tokio::test]
async fn a_selector_chooses_sets_and_a_broken_one_is_wrong_usage() {
    let mut objects = calm();
    objects.push(set("db", 0));
    let (connection, _) = cluster(objects, &[]);
    let found = status(&args(&["-l", "name=db"]), &connection, HERE).await.unwrap();
    let names: Vec<_> = found.sets.iter().map(|overview| overview.set.meta.name.as_str()).collect();
    assert_eq!(names, ["db"]);
    let failure = status(&args(&["-l", ",,"]), &connection, HERE).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (Kind::Usage, "cannot read the selector: unable to parse requirement")
    );
}

#[tokio::test]
async fn a_namespace_that_does_not_exist_is_told_where_nothing_was_found() {
    let (connection, _) = cluster(Vec::new(), &[]);
    let gone = "the namespace `default` does not exist; `kubectl get namespaces` lists those that do";
    assert_eq!(status(&args(&[]), &connection, HERE).await.unwrap().hints, [gone]);
    assert_eq!(status(&args(&["web"]), &connection, HERE).await.unwrap_err().hints, [gone]);
    let there = json!({"kind": "Namespace", "metadata": {"name": "default"}});
    let (connection, _) = cluster(vec![there], &[]);
    assert!(status(&args(&[]), &connection, HERE).await.unwrap().hints.is_empty());
    assert!(status(&args(&["web"]), &connection, HERE).await.unwrap_err().hints.is_empty());
}

#[tokio::test]
async fn a_released_volume_that_a_claim_waits_for_comes_with_the_command_that_gives_it() {
    let mut objects = world();
    let [claim, volume] = [8, 9];
    assert_eq!(
        (&objects[claim]["kind"], &objects[volume]["kind"]),
        (&json!("PersistentVolumeClaim"), &json!("PersistentVolume"))
    );
    objects[claim]["status"] = json!({"phase": "Pending"});
    objects[volume]["status"]["phase"] = json!("Released");
    objects[volume]["spec"]["accessModes"] = json!(["ReadWriteOnce"]);
    objects[volume]["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain");
    let (connection, _) = cluster(objects, &[]);
    let words = ["--context".to_owned(), "far".to_owned()];
    let way = Way { words: &words, namespace: Some("default") };
    let patch = r#"--type=merge -p '{"spec":{"claimRef":{"uid":null,"resourceVersion":null}}}'"#;
    let name = "pvc-00000000-0000-4000-8000-000000000000";
    let command = format!("kubectl --context far patch persistentvolume {name} {patch}");
    assert_eq!(status(&args(&[]), &connection, way).await.unwrap().hints, [command]);
    let words = ["--sandbox".to_owned()];
    let nobody = Way { words: &words, namespace: None };
    assert!(status(&args(&[]), &connection, nobody).await.unwrap().hints.is_empty(), "kubectl cannot reach it");
}

#[tokio::test]
async fn doctor_reads_revisions_only_while_a_set_changes_its_pods() {
    for rolling in [false, true] {
        let mut objects = calm();
        if rolling {
            objects[0]["status"]["updateRevision"] = json!("web-9d2e");
        }
        let (connection, seen) = cluster(objects, &[]);
        of_sets(&DoctorArgs::default(), &connection, HERE).await.unwrap();
        let read = seen.lock().unwrap().iter().any(|line| line.ends_with("/controllerrevisions"));
        assert_eq!(read, rolling);
    }
}

#[tokio::test]
async fn an_empty_namespace_asks_for_nothing_more() {
    let (connection, seen) = cluster(Vec::new(), &[]);
    let found = status(&args(&["-A"]), &connection, HERE).await.unwrap();
    assert_eq!((found.sets.len(), found.namespace), (0, None));
    assert_eq!(*seen.lock().unwrap(), ["GET /apis/apps/v1/statefulsets"]);
}

#[test]
fn a_name_excludes_all_namespaces_and_selectors() {
    assert_eq!(args(&["web", "-o", "wide"]).output, Some(StatusFormat::Wide));
    for words in [["web", "-A"], ["web", "-lapp=web"], ["-o", "table"]] {
        assert!(Line::try_parse_from(std::iter::once(&"status").chain(&words)).is_err(), "{words:?}");
    }
}
