//! A cluster that begins as a copy: what is copied stays what it is, goes on
//! where the original stood, and keeps still where the original does.

mod stuck;
mod told;
mod unread;

use kubectl_stateful::simulator::{Origin, Original, Simulator};
use serde_json::{Value, json};

use crate::support::{Answer, get, merge, run, seconds, send};

const SET: &str = "/apis/apps/v1/namespaces/prod/statefulsets/db";
const POD: &str = "/api/v1/namespaces/prod/pods/db-0";
const CLAIM: &str = "/api/v1/namespaces/prod/persistentvolumeclaims/data-db-0";

fn meta(name: &str, number: u64) -> Value {
    json!({"name": name, "namespace": "prod", "uid": format!("00000000-0000-4000-8000-{number:012}"),
           "resourceVersion": (7_000_000 + number).to_string(), "creationTimestamp": "2026-01-01T00:00:00Z"})
}

fn owned(mut meta: Value, kind: &str, name: &str, number: u64) -> Value {
    meta["ownerReferences"] = json!([{
        "apiVersion": "apps/v1", "kind": kind, "name": name, "controller": true, "blockOwnerDeletion": true,
        "uid": format!("00000000-0000-4000-8000-{number:012}"),
    }]);
    meta
}

fn template() -> Value {
    json!({"metadata": {"labels": {"app": "db"}, "creationTimestamp": null}, "spec": {
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler", "securityContext": {}, "newerOfPod": {"a": 1},
        "containers": [
            {"name": "side", "image": "side:1", "resources": {}, "imagePullPolicy": "IfNotPresent",
             "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"},
            {"name": "main", "image": "couchdb:3", "resources": {}, "imagePullPolicy": "IfNotPresent",
             "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
             "newerOfContainer": "x", "volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        ],
    }})
}

/// A set of one replica in a cluster of another make: its pod's status as a
/// real kubelet writes it, its disk from a real driver, fields we do not know.
fn objects() -> Vec<Value> {
    let mut set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta("db", 1), "spec": {
        "replicas": 1, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}}, "template": template(),
        "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10, "newerOfSet": [1, 2],
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "volumeClaimTemplates": [{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
                     "storageClassName": "ebs", "volumeMode": "Filesystem"}, "status": {"phase": "Pending"}}],
    }, "status": {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "currentReplicas": 1,
        "updatedReplicas": 1, "availableReplicas": 1, "collisionCount": 0,
        "currentRevision": "db-5d4c8f9b7", "updateRevision": "db-5d4c8f9b7"}});
    set["metadata"]["generation"] = json!(1);
    let mut stored = template();
    stored["$patch"] = json!("replace");
    let mut revision_meta = owned(meta("db-5d4c8f9b7", 2), "StatefulSet", "db", 1);
    revision_meta["labels"] = json!({"app": "db", "controller.kubernetes.io/hash": "5d4c8f9b7"});
    let mut claim_meta = meta("data-db-0", 4);
    claim_meta["labels"] = json!({"app": "db"});
    claim_meta["finalizers"] = json!(["kubernetes.io/pvc-protection"]);
    let cluster = |name: &str, number: u64| {
        let mut meta = meta(name, number);
        meta.as_object_mut().unwrap().remove("namespace");
        meta
    };
    let mut volume_meta = cluster("pvc-4", 5);
    volume_meta["annotations"] = json!({"pv.kubernetes.io/provisioned-by": "ebs.csi.aws.com"});
    volume_meta["finalizers"] =
        json!(["kubernetes.io/pv-protection", "external-provisioner.volume.kubernetes.io/finalizer"]);
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": cluster("n1", 6), "spec": {}, "status": {
        "allocatable": {"cpu": "4", "memory": "16Gi", "pods": "110"}, "conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": cluster("ebs", 7),
        "provisioner": "ebs.csi.aws.com", "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": true});
    vec![
        set,
        json!({"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": revision_meta, "revision": 1,
               "data": {"spec": {"template": stored}}}),
        pod("True"),
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": claim_meta, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "ebs", "volumeMode": "Filesystem", "volumeName": "pvc-4"},
            "status": {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}}),
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": volume_meta, "spec": {
            "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "storageClassName": "ebs",
            "volumeMode": "Filesystem", "persistentVolumeReclaimPolicy": "Delete",
            "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"},
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "prod",
                         "name": "data-db-0", "uid": "00000000-0000-4000-8000-000000000004"}},
            "status": {"phase": "Bound"}}),
        node,
        class,
    ]
}

/// Statuses in the order and the spelling of a real kubelet.
fn pod(ready: &str) -> Value {
    let mut pod_meta = owned(meta("db-0", 3), "StatefulSet", "db", 1);
    pod_meta["labels"] = json!({"app": "db", "controller-revision-hash": "db-5d4c8f9b7",
        "statefulset.kubernetes.io/pod-name": "db-0", "apps.kubernetes.io/pod-index": "0"});
    let mut spec = template()["spec"].clone();
    spec["nodeName"] = json!("n1");
    spec["hostname"] = json!("db-0");
    spec["subdomain"] = json!("db");
    spec["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]);
    let container = |name: &str, image: &str| {
        json!({"name": name, "image": format!("docker.io/library/{image}"), "ready": ready == "True",
               "state": {"running": {"startedAt": "2026-01-01T00:00:05Z"}}, "restartCount": 3})
    };
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": pod_meta, "spec": spec, "status": {
        "phase": "Running", "podIP": "10.1.2.3", "startTime": "2026-01-01T00:00:00Z", "conditions": [
            {"type": "PodReadyToStartContainers", "status": "True", "lastTransitionTime": "2026-01-01T00:00:05Z"},
            {"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T00:00:05Z"}],
        "containerStatuses": [container("main", "couchdb:3"), container("side", "side:1")]}})
}

fn original(objects: Vec<Value>, unread: &[&str]) -> Original {
    let at = "2026-05-01T10:00:00Z".parse().unwrap();
    let origin = Origin { cluster: "kind".to_owned(), namespace: "prod".to_owned(), at, version: None };
    Original { origin, objects, unread: unread.iter().map(|&kind| kind.to_owned()).collect() }
}

fn copy(objects: Vec<Value>) -> Simulator {
    Simulator::copy_of(original(objects, &[]), 7)
}

fn find<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    objects.iter().find(|object| object["kind"] == kind).unwrap()
}

#[test]
fn identities_revisions_and_time_are_those_of_the_original() {
    let simulator = copy(objects());
    assert_eq!(simulator.now(), "2026-05-01T10:00:00Z".parse().unwrap());
    assert_eq!(get(&simulator, SET).ok(), *find(&objects(), "StatefulSet"));
    assert_eq!(get(&simulator, CLAIM).ok(), *find(&objects(), "PersistentVolumeClaim"));
    let changed = merge(&simulator, SET, &json!({"metadata": {"labels": {"a": "b"}}})).ok();
    let revision: u64 = changed["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    assert!(revision > 7_000_007, "{revision}");
    assert_eq!(changed["metadata"]["uid"], find(&objects(), "StatefulSet")["metadata"]["uid"]);
}

#[test]
fn a_namespace_at_rest_stays_at_rest() {
    for ready in ["True", "False"] {
        let mut objects = objects();
        *objects.iter_mut().find(|object| object["kind"] == "Pod").unwrap() = pod(ready);
        let ready_replicas = if ready == "True" { json!(1) } else { Value::Null };
        let status = &mut objects[0]["status"];
        status["readyReplicas"] = ready_replicas;
        status["availableReplicas"] = json!(i32::from(ready == "True"));
        let simulator = copy(objects);
        let before = get(&simulator, "/api/v1/namespaces/prod/pods").ok();
        run(&simulator, seconds(3600));
        let after = get(&simulator, "/api/v1/namespaces/prod/pods").ok();
        assert_eq!(after["items"], before["items"], "Ready {ready}");
        assert_eq!(simulator.refused_writes(), Vec::<String>::new());
        let revisions = get(&simulator, "/apis/apps/v1/namespaces/prod/controllerrevisions").ok();
        assert_eq!(revisions["items"].as_array().unwrap().len(), 1, "no new revision: the data is the same");
    }
}

#[test]
fn fields_that_are_newer_than_ours_outlive_every_write_and_cannot_be_changed() {
    let simulator = copy(objects());
    let newer = |set: &Value| {
        let spec = &set["spec"];
        let pod = &spec["template"]["spec"];
        (spec["newerOfSet"].clone(), pod["newerOfPod"].clone(), pod["containers"][1]["newerOfContainer"].clone())
    };
    let expected = (json!([1, 2]), json!({"a": 1}), json!("x"));
    assert_eq!(newer(&get(&simulator, SET).ok()), expected);
    let strict = format!("{SET}?fieldValidation=Strict");
    let read = get(&simulator, SET).ok();
    let writes: [Answer; 5] = [
        merge(&simulator, &strict, &json!({"spec": {"minReadySeconds": 1}})),
        send(
            &simulator,
            "PATCH",
            &strict,
            "application/strategic-merge-patch+json",
            r#"{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"couchdb:3.4"}]}}}}"#,
        ),
        merge(&simulator, SET, &json!({"spec": {"newerOfSet": [3]}})),
        send(&simulator, "PUT", SET, "application/json", &{
            let mut body = read;
            body["metadata"].as_object_mut().unwrap().remove("resourceVersion");
            body["spec"]["replicas"] = json!(2);
            body.to_string()
        }),
        merge(&simulator, &format!("{SET}/scale"), &json!({"spec": {"replicas": 1}})),
    ];
    for answer in writes {
        answer.ok();
        assert_eq!(newer(&get(&simulator, SET).ok()), expected);
    }
    run(&simulator, seconds(60));
    assert_eq!(newer(&get(&simulator, SET).ok()), expected, "also after what controllers wrote");
}

#[test]
fn a_copied_set_scales_up_with_disks_of_its_own_class_and_gives_them_back() {
    let simulator = copy(objects());
    merge(&simulator, &format!("{SET}/scale"), &json!({"spec": {"replicas": 2}})).ok();
    run(&simulator, seconds(60));
    assert_eq!(get(&simulator, SET).ok()["status"]["readyReplicas"], 2);
    let claim = get(&simulator, &CLAIM.replace("db-0", "db-1")).ok();
    let volume = format!("/api/v1/persistentvolumes/{}", claim["spec"]["volumeName"].as_str().unwrap());
    assert_eq!(get(&simulator, &volume).ok()["spec"]["csi"]["driver"], "ebs.csi.aws.com");
    merge(&simulator, &format!("{SET}/scale"), &json!({"spec": {"replicas": 0}})).ok();
    run(&simulator, seconds(120));
    send(&simulator, "DELETE", CLAIM, "", "").ok();
    run(&simulator, seconds(60));
    assert_eq!(get(&simulator, "/api/v1/persistentvolumes/pvc-4").code, 404, "the disk went with its claim");
}

#[test]
fn no_value_of_a_secret_gets_into_a_copy_whoever_hands_it_over() {
    let mut objects = objects();
    let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta("s", 9), "type": "Opaque",
                            "data": {"password": "aHVudGVyMg=="}});
    secret["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/last-applied-configuration": "aHVudGVyMg=="});
    objects.push(secret);
    let held = get(&copy(objects), "/api/v1/namespaces/prod/secrets/s").ok();
    assert_eq!(held["data"], json!({"password": ""}));
    assert!(!held.to_string().contains("aHVudGVyMg"));
}

#[test]
fn a_copy_on_disk_goes_on_as_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let now = "2026-05-01T10:00:30Z".parse().unwrap();
    Simulator::found(&path, original(objects(), &[]), now, None).unwrap();
    assert!(Simulator::found(&path, original(objects(), &[]), now, None).is_err(), "there is one already");
    let simulator = Simulator::open(&path, now, None).unwrap();
    assert_eq!(simulator.origin().map(|origin| origin.namespace).as_deref(), Some("prod"));
    assert_eq!(simulator.now(), "2026-05-01T10:00:00Z".parse().unwrap(), "the clock is the original's");
    merge(&simulator, SET, &json!({"spec": {"replicas": 2}})).ok();
    drop(simulator);
    let simulator = Simulator::open(&path, now + seconds(60), None).unwrap();
    let set = get(&simulator, SET).ok();
    assert_eq!(set["spec"]["newerOfSet"], json!([1, 2]));
    assert_eq!(set["status"]["readyReplicas"], 2, "the class's own disks are made there, too");
}

#[test]
fn the_same_original_and_seed_give_the_same_copy() {
    let history = |seed: u64| {
        let simulator = Simulator::copy_of(original(objects(), &["Secret"]), seed);
        merge(&simulator, &format!("{SET}/scale"), &json!({"spec": {"replicas": 3}})).ok();
        run(&simulator, seconds(60));
        get(&simulator, "/api/v1/namespaces/prod/pods").body.to_string()
    };
    assert_eq!(history(1), history(1));
    assert_ne!(history(1), history(2));
}

#[test]
fn garbage_is_left_out_and_never_panics() {
    // Of a driver that attaches nothing, which is to be noted.
    let volume = |name: &str, annotations: &Value| {
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name, "annotations": annotations},
               "spec": {"csi": {"driver": "idle.example"}, "claimRef": {"namespace": "prod", "name": "data"}}})
    };
    let garbage = vec![
        json!(null),
        json!([1]),
        json!({"kind": "Pod"}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 3}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "prod", "annotations": [],
               "resourceVersion": "x"}, "spec": {"nodeName": "n1"}, "status": {"conditions": {}, "phase": 7}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "annotations": 3}, "status": null}),
        json!({"apiVersion": "example.com/v1", "kind": "Couch", "metadata": {"name": "c"}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "user", "namespace": "prod", "ownerReferences": [3, {}]},
               "spec": {"nodeName": "n1", "volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]},
               "status": {"phase": "Running"}}),
        volume("list", &json!([])),
        volume("text", &json!("x")),
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": [],
               "spec": {"csi": {"driver": "idle.example"}, "claimRef": {"namespace": "prod", "name": "data"}}}),
    ];
    let simulator = Simulator::copy_of(original(garbage, &["Node", "Couch"]), 7);
    run(&simulator, seconds(60));
    assert_eq!(get(&simulator, "/api/v1/namespaces/prod/pods").ok()["items"].as_array().unwrap().len(), 2);
}
