//! What is told of a copy is what becomes of it: a namespace is read as from a
//! live cluster, and the copy of it is held against the report.

use std::collections::BTreeSet;
use std::time::Duration;

use http::{Request, Response};
use kube::client::Body;
use kubectl_stateful::facts::reader::Reader;
use kubectl_stateful::facts::snapshot::{self, Gap, Snapshot};
use kubectl_stateful::objects::kinds::ApiKind;
use kubectl_stateful::simulator::{Origin, Original, Simulator};
use serde_json::{Value, json};

use crate::support::merge;

const NOW: &str = "2026-05-01T10:00:00Z";
const LONG_AGO: &str = "2026-05-01T09:00:00Z";
const JUST_NOW: &str = "2026-05-01T09:59:50Z";

/// What is read of a cluster with these objects in namespace `prod`.
fn taken(objects: Vec<Value>) -> Snapshot {
    taken_of("v1.36.3", objects)
}

fn taken_of(version: &'static str, objects: Vec<Value>) -> Snapshot {
    let service = tower::service_fn(move |request: Request<Body>| {
        let answer = answer(version, &objects, request.uri().path());
        async move {
            let (code, body) = answer;
            let response = Response::builder().status(code).header("date", "Fri, 01 May 2026 10:00:00 GMT");
            Ok::<_, tower::BoxError>(response.body(Body::from(body.to_string().into_bytes()))?)
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let reader = Reader::new(kube::Client::new(service, "default"));
        snapshot::read(&reader, "prod").await.unwrap()
    })
}

fn answer(version: &str, objects: &[Value], path: &str) -> (u16, Value) {
    let plural = path.rsplit('/').next().unwrap();
    let is_of = |object: &&Value| ApiKind::named(object["kind"].as_str().unwrap()).unwrap().plural == plural;
    match path {
        "/version" => (200, json!({ "gitVersion": version })),
        "/api/v1/namespaces/prod" => (200, json!({"metadata": {"name": "prod"}})),
        _ if path.starts_with("/api/v1/namespaces/") && path.matches('/').count() == 4 => {
            (404, json!({"kind": "Status", "status": "Failure", "code": 404, "message": "no", "reason": "NotFound"}))
        }
        _ => (200, json!({"metadata": {}, "items": objects.iter().filter(is_of).collect::<Vec<_>>()})),
    }
}

fn copy(taken: &Snapshot) -> Simulator {
    let at = taken.at.unwrap();
    let origin =
        Origin { cluster: "kind".to_owned(), namespace: "prod".to_owned(), at, version: taken.version.clone() };
    let unread = taken.not_read().map(|kind| kind.kind.to_owned()).collect();
    Simulator::copy_of(Original { origin, objects: taken.objects.clone(), unread }, 7)
}

/// Kind and name of what is marked in a copy to stay as it is.
fn marked(simulator: &Simulator) -> BTreeSet<String> {
    let keys = ["as-captured", "stop-seconds", "node-down"].map(|key| format!("sandbox.kubectl-stateful/{key}"));
    let is_marked = |object: &Value| keys.iter().any(|key| object["metadata"]["annotations"][key].is_string());
    let objects = simulator.objects();
    let marked = objects.iter().filter(|object| is_marked(object));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    marked.map(|object| format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))).collect()
}

fn told(taken: &Snapshot) -> BTreeSet<String> {
    let stuck = taken.gaps.iter().filter_map(|gap| if let Gap::Stuck { name, .. } = gap { Some(name) } else { None });
    stuck.cloned().collect()
}

fn meta(name: &str) -> Value {
    json!({"name": name, "uid": name, "resourceVersion": "7", "creationTimestamp": LONG_AGO})
}

/// A pod that is ready or not since then, with what is different about it.
fn pod(name: &str, ready: &str, since: &str, more: &Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta(name),
        "spec": {"nodeName": "up", "containers": [{"name": "main", "image": "db:1"}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1", "startTime": LONG_AGO,
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": since}],
            "containerStatuses": [{"name": "main", "image": "db:1", "state": {"running": {}}}]}});
    pod["metadata"]["namespace"] = json!("prod");
    json_patch::merge(&mut pod, more);
    pod
}

fn node(name: &str, ready: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": meta(name), "spec": {}, "status": {
        "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": LONG_AGO}]}})
}

fn volume(name: &str, phase: &str, since: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": meta(name),
        "spec": {"persistentVolumeReclaimPolicy": "Delete", "capacity": {"storage": "1Gi"}},
        "status": {"phase": phase, "lastPhaseTransitionTime": since}})
}

#[test]
fn what_is_marked_to_stay_as_it_was_is_what_is_told() {
    let ends = |at: &str| json!({"metadata": {"deletionTimestamp": at, "deletionGracePeriodSeconds": 30}});
    let waits = |reason: &str| json!({"status": {"containerStatuses": [{"state": {"waiting": {"reason": reason}}}]}});
    let objects = vec![
        pod("well", "True", LONG_AGO, &json!({})),
        pod("unwell", "False", LONG_AGO, &json!({})),
        pod("young", "False", JUST_NOW, &json!({})),
        pod("broken", "False", JUST_NOW, &waits("CrashLoopBackOff")),
        pod("coming", "False", JUST_NOW, &waits("ContainerCreating")),
        pod("silent", "False", LONG_AGO, &json!({"status": {"containerStatuses": null}})),
        pod("ending", "True", LONG_AGO, &ends(JUST_NOW)),
        pod("late", "True", LONG_AGO, &ends(LONG_AGO)),
        pod("over", "False", LONG_AGO, &json!({"status": {"phase": "Failed"}})),
        pod("unplaced", "False", LONG_AGO, &json!({"spec": {"nodeName": null}})),
        node("up", "True"),
        node("down", "Unknown"),
        volume("failed", "Failed", LONG_AGO),
        volume("fresh", "Released", JUST_NOW),
        volume("stuck", "Released", LONG_AGO),
    ];
    let taken = taken(objects);
    assert_eq!(taken.at, Some(NOW.parse().unwrap()));
    let expected = [
        "Node/down",
        "PersistentVolume/failed",
        "PersistentVolume/stuck",
        "Pod/broken",
        "Pod/late",
        "Pod/silent",
        "Pod/unwell",
    ];
    assert_eq!(told(&taken), expected.map(str::to_owned).into());
    assert_eq!(marked(&copy(&taken)), told(&taken));
}

/// A set with a new template, two of whose four members may be missing.
fn rolling() -> Vec<Value> {
    let mut set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta("db"), "spec": {
        "replicas": 4, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
        "podManagementPolicy": "Parallel", "revisionHistoryLimit": 10,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 2}},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": {
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "schedulerName": "default-scheduler", "securityContext": {},
            "containers": [{"name": "main", "image": "db:2", "resources": {}, "imagePullPolicy": "IfNotPresent"}]}}}});
    set["metadata"]["namespace"] = json!("prod");
    let owner =
        json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "db", "controller": true}]);
    let member = |ordinal: u32| {
        let name = format!("db-{ordinal}");
        let labels =
            json!({"app": "db", "controller-revision-hash": "db-old", "statefulset.kubernetes.io/pod-name": name});
        let more = json!({"metadata": {"labels": labels, "ownerReferences": owner}, "spec": {"hostname": name}});
        pod(&name, "True", LONG_AGO, &more)
    };
    let mut objects: Vec<Value> = (0..4).map(member).collect();
    objects.extend([set, node("up", "True")]);
    objects
}

#[test]
fn a_cluster_of_another_release_is_told_and_rolls_as_that_release_does() {
    let goes_on = |version: &'static str| {
        let taken = taken_of(version, rolling());
        let told: Vec<String> =
            taken.gaps.iter().filter(|gap| matches!(gap, Gap::Release(_))).map(ToString::to_string).collect();
        let simulator = copy(&taken);
        let is_going = |object: &Value| object["kind"] == "Pod" && !object["metadata"]["deletionTimestamp"].is_null();
        // The most that are on their way out at a time, before the first is made anew.
        let going = (0..40).map(|_| {
            simulator.pass(Duration::from_millis(50));
            simulator.objects().iter().filter(|object| is_going(object)).count()
        });
        (going.max().unwrap_or_default(), told)
    };
    let told = |version: &str, but: &str| {
        vec![format!("the server is {version}, and the copy goes on as Kubernetes 1.36 does{but}")]
    };
    let but = ", but for maxUnavailable of rolling updates";
    assert_eq!(goes_on("v1.36.9-eks-1"), (1, Vec::new()));
    assert_eq!(goes_on("v1.35.1"), (2, told("v1.35.1", but)));
    assert_eq!(goes_on("v1.35.4"), (1, told("v1.35.4", "")));
    assert_eq!(goes_on("v1.37.0"), (2, told("v1.37.0", but)));
    assert_eq!(goes_on("custom"), (1, told("custom", "")));
}

#[test]
fn what_a_release_has_switched_on_is_not_dropped_from_what_is_written_to_its_copy() {
    let kept = |version: &'static str| {
        let mut objects = rolling();
        let set = objects.iter_mut().find(|object| object["kind"] == "StatefulSet").unwrap();
        set["spec"]["updateStrategy"]["rollingUpdate"] = json!({"partition": 0});
        let simulator = copy(&taken_of(version, objects));
        let wanted = json!({"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 3}}}});
        merge(&simulator, "/apis/apps/v1/namespaces/prod/statefulsets/db", &wanted).ok()["spec"]["updateStrategy"]
            ["rollingUpdate"]["maxUnavailable"]
            .clone()
    };
    assert_eq!(kept("v1.37.1"), 3);
    assert_eq!(kept("v1.36.3"), Value::Null);
}
