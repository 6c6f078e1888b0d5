//! The reader against a server of ready answers: what it asks for, and what it makes of it.

use std::sync::{Arc, Mutex};

use http::Response;
use http_body_util::BodyExt;
use kube::client::Body;

use super::*;

/// A server that gives these answers in order, and the requests it saw.
fn server(answers: Vec<(u16, Value)>) -> (Reader, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let answers = Arc::new(Mutex::new(answers.into_iter()));
    let log = Arc::clone(&seen);
    let service = tower::service_fn(move |request: Request<Body>| {
        let (answers, log) = (Arc::clone(&answers), Arc::clone(&log));
        async move {
            let line = format!("{} {}", request.method(), request.uri());
            let sent = request.into_body().collect().await.unwrap().to_bytes();
            log.lock().unwrap().push(format!("{line} {}", String::from_utf8_lossy(&sent)).trim_end().to_owned());
            let (code, body) = answers.lock().unwrap().next().expect("one request too many");
            Ok::<_, tower::BoxError>(Response::builder().status(code).body(Body::from(body.to_string().into_bytes()))?)
        }
    });
    (Reader::new(kube::Client::new(service, "default")), seen)
}

fn kind(name: &str) -> &'static ApiKind {
    ApiKind::named(name).unwrap()
}

fn refusal(code: u16) -> (u16, Value) {
    (code, json!({"kind": "Status", "status": "Failure", "code": code, "message": "no", "reason": "No"}))
}

fn page(names: &[&str], next: &str) -> (u16, Value) {
    let items: Vec<Value> = names.iter().map(|name| json!({"metadata": {"name": name}})).collect();
    (200, json!({"metadata": {"continue": next}, "items": items}))
}

#[tokio::test]
async fn a_list_is_read_page_by_page_sorted_and_each_item_told_its_kind() {
    let (reader, seen) = server(vec![page(&["b"], "t/1"), page(&["a"], "")]);
    let found = reader.list(kind("StatefulSet"), "default", Some("app in (a, b)")).await.unwrap();
    assert_eq!(
        Value::from(found),
        json!([
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "a"}},
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "b"}},
        ])
    );
    let path = "GET /apis/apps/v1/namespaces/default/statefulsets?&labelSelector=app+in+%28a%2C+b%29&limit=500";
    assert_eq!(*seen.lock().unwrap(), [path.to_owned(), format!("{path}&continue=t%2F1")]);
}

#[tokio::test]
async fn a_list_that_expires_on_the_way_is_read_once_more_from_the_start() {
    let pages = vec![page(&["a"], "t"), refusal(410), page(&["a"], "t"), page(&["b"], "")];
    let (reader, _) = server(pages);
    assert_eq!(reader.list(kind("Pod"), "", None).await.unwrap().len(), 2);

    let (reader, seen) = server(vec![refusal(410), refusal(410)]);
    assert!(reader.list(kind("Pod"), "", None).await.is_err());
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn no_read_carries_a_resource_version() {
    let (reader, seen) = server(vec![(200, json!({})), page(&[], ""), (200, json!({}))]);
    let pod = ObjectRef { kind: kind("Pod"), namespace: "default".to_owned(), name: "web-0".to_owned() };
    reader.get(&pod).await.unwrap();
    reader.list(kind("Node"), "", None).await.unwrap();
    reader.namespace_exists("default").await.unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        ["GET /api/v1/namespaces/default/pods/web-0", "GET /api/v1/nodes?&limit=500", "GET /api/v1/namespaces/default"]
    );
}

#[tokio::test]
async fn events_are_asked_for_by_the_uid_of_their_object() {
    let (reader, seen) = server(vec![page(&["web-0.17"], "")]);
    assert_eq!(reader.events_about("51f0", "default").await.unwrap().len(), 1);
    let path = "GET /api/v1/namespaces/default/events?&fieldSelector=involvedObject.uid%3D51f0&limit=500";
    assert_eq!(*seen.lock().unwrap(), [path]);
}

#[tokio::test]
async fn the_end_of_a_log_is_asked_for_by_container_and_run() {
    let (reader, seen) = server(vec![(200, json!("one")), refusal(501)]);
    assert_eq!(reader.log("default", "web-0", "app", true, 3).await.unwrap(), "\"one\"");
    assert!(is_missing(&reader.log("default", "web-0", "app", false, 3).await.unwrap_err()));
    assert!(reader.log("default", "web-0", "../app", false, 3).await.is_err());
    let path = "GET /api/v1/namespaces/default/pods/web-0/log?container=app&tailLines=3&limitBytes=4096";
    assert_eq!(*seen.lock().unwrap(), [format!("{path}&previous=true"), path.to_owned()]);
}

#[tokio::test]
async fn what_does_not_exist_is_none_and_what_is_forbidden_is_an_error() {
    let pod = ObjectRef { kind: kind("Pod"), namespace: "default".to_owned(), name: "web-0".to_owned() };
    let (reader, _) = server(vec![refusal(404), refusal(403), refusal(404)]);
    assert_eq!(reader.get(&pod).await.unwrap(), None);
    assert!(is_forbidden(&reader.get(&pod).await.unwrap_err()));
    assert!(!reader.namespace_exists("x").await.unwrap());
}

#[tokio::test]
async fn a_right_is_asked_for_with_a_review() {
    let (reader, seen) = server(vec![(201, json!({"status": {"allowed": true}})), (201, json!({"status": {}}))]);
    assert!(reader.may("create", kind("StatefulSet"), "default").await.unwrap());
    assert!(!reader.may("get", kind("PersistentVolume"), "default").await.unwrap());
    let seen = seen.lock().unwrap();
    assert!(seen[0].ends_with(
        r#""spec":{"resourceAttributes":{"verb":"create","group":"apps","version":"v1","resource":"statefulsets","namespace":"default"}}}"#
    ));
    assert!(seen[1].ends_with(r#""resource":"persistentvolumes"}}}"#), "{}", seen[1]);
}

#[tokio::test]
async fn a_name_that_would_lead_elsewhere_is_never_sent() {
    let (reader, seen) = server(vec![]);
    for name in ["", "..", "../secrets/x", "a/b", "a?b", "a b"] {
        let pod = ObjectRef { kind: kind("Pod"), namespace: "default".to_owned(), name: name.to_owned() };
        assert!(reader.get(&pod).await.is_err(), "{name}");
    }
    assert!(reader.list(kind("Pod"), "a/b", None).await.is_err());
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_no_object_is_an_error() {
    let (reader, _) = server(vec![(200, json!([1]))]);
    assert!(reader.list(kind("Pod"), "", None).await.is_err());
}

#[tokio::test]
async fn a_namespace_is_known_by_its_uid() {
    let there = json!({"metadata": {"name": "x", "uid": "1"}});
    let (reader, _) = server(vec![(200, there), (404, json!({"code": 404, "reason": "NotFound"}))]);
    assert_eq!(reader.namespace_uid("x").await.unwrap().as_deref(), Some("1"));
    assert_eq!(reader.namespace_uid("x").await.unwrap(), None);
}

#[tokio::test]
async fn of_a_whole_list_those_are_kept_that_use_the_claim_or_hang_on_the_volume() {
    let volume = |claim: &str| json!([{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]);
    let pods = ["x", "y"].map(|claim| json!({"metadata": {"name": claim}, "spec": {"volumes": volume(claim)}}));
    let attachments = ["v", "w"].map(|volume| {
        json!({"metadata": {"name": volume}, "spec": {"nodeName": "n", "source": {"persistentVolumeName": volume}}})
    });
    let (reader, seen) = server(vec![(200, json!({"items": pods})), (200, json!({"items": attachments}))]);
    let found = reader.pods_with("default", &["y".to_owned()]).await.unwrap();
    assert_eq!(found.iter().map(|pod| pod.meta.name.as_str()).collect::<Vec<_>>(), ["y"]);
    let found = reader.attachments_of(&["v".to_owned()]).await.unwrap();
    assert_eq!(found.iter().map(|one| one.meta.name.as_str()).collect::<Vec<_>>(), ["v"]);
    assert_eq!(
        *seen.lock().unwrap(),
        ["GET /api/v1/namespaces/default/pods?&limit=500", "GET /apis/storage.k8s.io/v1/volumeattachments?&limit=500"]
    );
}
