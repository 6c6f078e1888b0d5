//! Pages, past revisions, discovery and watches.

use futures::StreamExt as _;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use kubectl_stateful::objects::looked_for::LookedFor;
use kubectl_stateful::simulator::Simulator;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::*;

#[test]
fn pages_show_one_moment_however_the_cluster_goes_on() {
    let cluster = cluster();
    for name in ["a", "b", "c"] {
        post(&cluster, MAPS, &map(name)).ok();
    }
    let first = get(&cluster, &format!("{MAPS}?limit=2")).ok();
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    delete(&cluster, &format!("{MAPS}/c")).ok();
    post(&cluster, MAPS, &map("d")).ok();
    let token = first["metadata"]["continue"].as_str().expect("token");
    let second = get(&cluster, &format!("{MAPS}?limit=2&continue={token}")).ok();
    let names: Vec<&Value> =
        second["items"].as_array().expect("items").iter().map(|one| &one["metadata"]["name"]).collect();
    assert_eq!(names, ["c"]);
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    assert_eq!(get(&cluster, &format!("{MAPS}?continue=abc")).code, 400);
}

#[test]
fn an_exact_read_gives_the_past_and_none_of_the_future() {
    let cluster = cluster();
    let version = post(&cluster, MAPS, &map("a")).ok()["metadata"]["resourceVersion"].as_str().map(str::to_owned);
    merge(&cluster, &format!("{MAPS}/a"), &json!({"data": {"a": "c"}})).ok();
    let past = format!("{MAPS}?resourceVersionMatch=Exact&resourceVersion={}", version.expect("version"));
    assert_eq!(get(&cluster, &past).ok()["items"][0]["data"]["a"], "b");
    let future = get(&cluster, &format!("{MAPS}?resourceVersion=9999"));
    assert_eq!(future.code, 504);
    assert_eq!(future.body["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
}

#[test]
fn what_is_not_simulated_is_refused_by_name() {
    let cluster = cluster();
    let message = "the simulated cluster does not have pods/exec";
    get(&cluster, &format!("{PODS}/x/exec")).refused(501, message);
    let message = "the simulated cluster does not have deployments.apps";
    get(&cluster, "/apis/apps/v1/namespaces/default/deployments").refused(501, message);
    let other = send(&cluster, "POST", MAPS, "application/cbor", "{}");
    assert_eq!(other.code, 415);
}

#[tokio::test]
async fn the_kube_client_finds_its_way_around() {
    let cluster = cluster();
    let client = cluster.client();
    assert_eq!(client.apiserver_version().await.expect("version").git_version, "v1.36.3");
    let groups = client.list_api_groups().await.expect("groups");
    assert!(groups.groups.iter().any(|group| group.name == "apps"));
    let resources = client.list_api_group_resources("apps/v1").await.expect("resources");
    assert!(resources.resources.iter().any(|one| one.name == "statefulsets/scale"));
    let nodes: kube::Api<k8s_openapi::api::core::v1::Node> = kube::Api::all(client);
    let names: Vec<_> = nodes.list(&kube::api::ListParams::default()).await.expect("nodes").items;
    assert_eq!(names.len(), 3);
}

#[test]
fn a_watch_tells_what_happened_since() {
    let cluster = cluster();
    let start = get(&cluster, MAPS).ok()["metadata"]["resourceVersion"].as_str().expect("version").to_owned();
    post(&cluster, MAPS, &map("a")).ok();
    merge(&cluster, &format!("{MAPS}/a"), &json!({"metadata": {"labels": {"x": "y"}}})).ok();
    merge(&cluster, &format!("{MAPS}/a"), &json!({"metadata": {"labels": {"x": "z"}}})).ok();
    delete(&cluster, &format!("{MAPS}/a")).ok();
    let watch = |query: &str| {
        let path = format!("{MAPS}?watch=1&resourceVersion={start}&{query}");
        read_now(&cluster, &path)
            .iter()
            .map(|event| event["type"].as_str().unwrap_or("").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(watch(""), ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]);
    assert_eq!(watch("labelSelector=x%3Dy"), ["ADDED", "DELETED"], "edges of a selector");
    assert_eq!(watch("fieldSelector=metadata.name%3Db"), Vec::<String>::new());
}

#[test]
fn a_watch_can_begin_with_what_there_is() {
    let cluster = cluster();
    post(&cluster, MAPS, &map("a")).ok();
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let events = read_now(&cluster, &format!("{MAPS}?watch=1&{query}"));
    assert_eq!(events[0]["type"], "ADDED");
    assert_eq!(events[1]["type"], "BOOKMARK");
    assert_eq!(events[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

#[test]
fn a_watch_from_a_forgotten_past_says_so_inside_the_stream() {
    let cluster = cluster();
    post(&cluster, MAPS, &map("a")).ok();
    for turn in 0..2_100 {
        merge(&cluster, &format!("{MAPS}/a"), &json!({"data": {"a": turn.to_string()}})).ok();
    }
    let events = read_now(&cluster, &format!("{MAPS}?watch=1&resourceVersion=1"));
    assert_eq!(events[0]["type"], "ERROR");
    assert_eq!(events[0]["object"]["code"], 410);
    assert_eq!(events[0]["object"]["reason"], "Expired");
    let list = get(&cluster, &format!("{MAPS}?resourceVersionMatch=Exact&resourceVersion=1"));
    assert_eq!(list.code, 410);
}

#[tokio::test]
async fn a_running_watch_hears_of_writes_and_ends_in_virtual_time() {
    let cluster = cluster();
    let request =
        Request::builder().uri(format!("{MAPS}?watch=1&timeoutSeconds=30")).body(Empty::<bytes::Bytes>::new());
    let response = cluster.service().oneshot(request.expect("request")).await.expect("answer");
    let mut chunks = response.into_body().into_data_stream();
    let writer = cluster.clone();
    let write = std::thread::spawn(move || post(&writer, MAPS, &map("a")).ok());
    let chunk = chunks.next().await.expect("an event").expect("bytes");
    assert!(String::from_utf8_lossy(&chunk).starts_with(r#"{"type":"ADDED""#));
    write.join().expect("writer");
    let end = cluster.now() + seconds(31);
    while cluster.now() < end {
        cluster.advance(seconds(31));
    }
    assert!(chunks.next().await.is_none(), "the watch is over");
}

/// The events that are there without waiting.
fn read_now(cluster: &kubectl_stateful::simulator::Simulator, path: &str) -> Vec<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    runtime.block_on(async {
        let request = Request::builder().uri(path).body(Empty::<bytes::Bytes>::new()).expect("request");
        let response = cluster.service().oneshot(request).await.expect("answer");
        let mut chunks = response.into_body().into_data_stream();
        match futures::poll!(chunks.next()) {
            std::task::Poll::Ready(Some(Ok(bytes))) => String::from_utf8_lossy(&bytes)
                .lines()
                .map(|line| serde_json::from_str(line).expect("one event a line"))
                .collect(),
            _ => Vec::new(),
        }
    })
}

/// The names in the answer to whoever tells in passing what is looked for.
fn found(cluster: &Simulator, method: &str, path: &str, looked_for: &LookedFor) -> Vec<String> {
    let request = Request::builder().method(method).uri(path).extension(looked_for.clone());
    let request = request.body(Empty::<bytes::Bytes>::new()).expect("request");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    let body = runtime.block_on(async {
        let response = cluster.service().oneshot(request).await.expect("the service never fails");
        response.into_body().collect().await.expect("body").to_bytes()
    });
    let list: Value = serde_json::from_slice(&body).expect("JSON");
    let items = list["items"].as_array().expect("items").iter();
    items.map(|item| item["metadata"]["name"].as_str().expect("name").to_owned()).collect()
}

#[test]
fn of_a_list_all_may_be_left_out_that_is_not_looked_for() {
    let cluster = cluster();
    for (name, claims) in [("a", &["x"][..]), ("b", &["y"]), ("c", &["y", "x"]), ("d", &[])] {
        let volumes = claims.iter().map(|claim| json!({"name": claim, "persistentVolumeClaim": {"claimName": claim}}));
        let spec = json!({"containers": [{"name": "c", "image": "i"}], "volumes": volumes.collect::<Vec<_>>()});
        post(&cluster, PODS, &json!({"metadata": {"name": name}, "spec": spec})).ok();
    }
    let attachments = "/apis/storage.k8s.io/v1/volumeattachments";
    for (name, volume) in [("one", "v"), ("other", "w")] {
        let spec = json!({"attacher": "a", "nodeName": "n", "source": {"persistentVolumeName": volume}});
        post(&cluster, attachments, &json!({"metadata": {"name": name}, "spec": spec})).ok();
    }
    let pods_with = |claims: &[&str]| LookedFor::PodsWith(claims.iter().map(|&claim| claim.to_owned()).collect());
    let of_v = LookedFor::AttachmentsOf(vec!["v".to_owned()]);
    assert_eq!(found(&cluster, "GET", PODS, &pods_with(&["x"])), ["a", "c"]);
    assert_eq!(found(&cluster, "GET", PODS, &pods_with(&["y", "x"])), ["a", "b", "c"], "each once and in order");
    assert_eq!(found(&cluster, "GET", PODS, &pods_with(&["z"])), Vec::<String>::new());
    assert_eq!(found(&cluster, "GET", attachments, &of_v), ["one"]);
    // What nobody keeps account of comes whole.
    assert_eq!(found(&cluster, "GET", PODS, &of_v), ["a", "b", "c", "d"]);
    assert_eq!(found(&cluster, "GET", "/api/v1/pods", &pods_with(&["x"])), ["a", "b", "c", "d"]);
    assert_eq!(
        found(&cluster, "DELETE", PODS, &pods_with(&["x"])),
        ["a", "b", "c", "d"],
        "a write hears nothing of it"
    );
}
