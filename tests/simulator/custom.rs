//! Custom resources among the rest: who owns them and whom they own, namespaces
//! that go, a definition that goes, the sandbox's file.

use jiff::Timestamp;
use kubectl_stateful::simulator::{Advance, Options, Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::*;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const SETS: &str = "/apis/db.example.com/v1/namespaces/default/statefulsets";

/// A kind that is named like one of Kubernetes itself.
fn definition() -> Value {
    json!({"metadata": {"name": "statefulsets.db.example.com"}, "spec": {
        "group": "db.example.com", "scope": "Namespaced", "names": {"plural": "statefulsets", "kind": "StatefulSet"},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
            "type": "object", "x-kubernetes-preserve-unknown-fields": true,
        }}}],
    }})
}

fn custom(name: &str) -> Value {
    json!({"apiVersion": "db.example.com/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": {"replicas": 3}})
}

fn owned(name: &str, owner: &Value) -> Value {
    let mut map = map(name);
    map["metadata"]["ownerReferences"] = json!([{
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    }]);
    map
}

fn rest(cluster: &Simulator) {
    while cluster.advance(seconds(60)) == Advance::Passed {}
}

fn defined() -> Simulator {
    let cluster = Simulator::in_memory(Options::default());
    post(&cluster, DEFINITIONS, &definition()).ok();
    cluster
}

#[test]
fn a_kind_of_the_same_name_is_not_taken_for_ours() {
    let cluster = defined();
    let made = post(&cluster, SETS, &custom("db")).ok();
    assert_eq!(made["spec"], json!({"replicas": 3}), "no defaults of ours");
    rest(&cluster);
    assert_eq!(get(&cluster, PODS).ok()["items"], json!([]), "and no pods");
    assert_eq!(cluster.refused_writes(), Vec::<String>::new());
}

#[test]
fn what_a_custom_object_owns_goes_with_it() {
    let cluster = defined();
    let owner = post(&cluster, SETS, &custom("db")).ok();
    post(&cluster, MAPS, &owned("a", &owner)).ok();
    rest(&cluster);
    get(&cluster, &format!("{MAPS}/a")).ok();
    delete(&cluster, &format!("{SETS}/db")).ok();
    rest(&cluster);
    get(&cluster, &format!("{MAPS}/a")).refused(404, "configmaps \"a\" not found");
}

#[test]
fn a_custom_object_goes_with_its_owner_and_waits_in_the_foreground() {
    let cluster = defined();
    let owner = post(&cluster, MAPS, &map("a")).ok();
    let mut one = custom("db");
    one["metadata"]["ownerReferences"] = owned("x", &owner)["metadata"]["ownerReferences"].clone();
    let one = post(&cluster, SETS, &one).ok();
    post(&cluster, MAPS, &owned("b", &one)).ok();
    delete(&cluster, &format!("{SETS}/db?propagationPolicy=Foreground")).ok();
    assert_eq!(get(&cluster, &format!("{SETS}/db")).ok()["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    rest(&cluster);
    get(&cluster, &format!("{MAPS}/b")).refused(404, "configmaps \"b\" not found");
    get(&cluster, &format!("{SETS}/db")).refused(404, "statefulsets.db.example.com \"db\" not found");
    let mut again = custom("db");
    again["metadata"]["ownerReferences"] = one["metadata"]["ownerReferences"].clone();
    post(&cluster, SETS, &again).ok();
    delete(&cluster, &format!("{MAPS}/a")).ok();
    rest(&cluster);
    get(&cluster, &format!("{SETS}/db")).refused(404, "statefulsets.db.example.com \"db\" not found");
}

#[test]
fn what_objects_own_goes_with_their_definition() {
    let cluster = defined();
    let owner = post(&cluster, SETS, &custom("db")).ok();
    post(&cluster, MAPS, &owned("a", &owner)).ok();
    delete(&cluster, &format!("{DEFINITIONS}/statefulsets.db.example.com")).ok();
    rest(&cluster);
    get(&cluster, &format!("{MAPS}/a")).refused(404, "configmaps \"a\" not found");
    assert_eq!(get(&cluster, SETS).code, 404);
}

#[test]
fn a_namespace_that_goes_takes_custom_objects_along() {
    let cluster = defined();
    post(&cluster, "/api/v1/namespaces", &json!({"metadata": {"name": "db"}})).ok();
    let place = SETS.replace("default", "db");
    post(&cluster, &place, &custom("db")).ok();
    delete(&cluster, "/api/v1/namespaces/db").ok();
    rest(&cluster);
    get(&cluster, "/api/v1/namespaces/db").refused(404, "namespaces \"db\" not found");
    assert_eq!(get(&cluster, &place).ok()["items"], json!([]));
}

#[test]
fn custom_objects_count_for_quotas() {
    let cluster = defined();
    let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": {"count/statefulsets.db.example.com": "1"}}});
    post(&cluster, "/api/v1/namespaces/default/resourcequotas", &quota).ok();
    rest(&cluster);
    post(&cluster, SETS, &custom("a")).ok();
    let why = "statefulsets.db.example.com \"b\" is forbidden: exceeded quota: q, requested: \
               count/statefulsets.db.example.com=1, used: count/statefulsets.db.example.com=1, limited: \
               count/statefulsets.db.example.com=1";
    post(&cluster, SETS, &custom("b")).refused(403, why);
}

#[test]
fn a_sandbox_remembers_its_kinds() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("cluster.jsonl");
    let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).expect("time");
    {
        let sandbox = Simulator::open(&path, at(0), None).expect("opens");
        post(&sandbox, DEFINITIONS, &definition()).ok();
        post(&sandbox, SETS, &custom("db")).ok();
    }
    let again = Simulator::open(&path, at(1), None).expect("opens");
    assert_eq!(get(&again, &format!("{SETS}/db")).ok()["spec"], json!({"replicas": 3}));
    delete(&again, &format!("{SETS}/db")).ok();
    let last = Simulator::open(&path, at(2), None).expect("opens");
    get(&last, &format!("{SETS}/db")).refused(404, "statefulsets.db.example.com \"db\" not found");
}

#[test]
fn conversion_by_webhook_is_refused_by_name() {
    let cluster = Simulator::in_memory(Options::default());
    let mut definition = definition();
    definition["spec"]["conversion"] = json!({"strategy": "Webhook"});
    let why = "the simulated cluster does not have conversion of custom resources by webhook";
    post(&cluster, DEFINITIONS, &definition).refused(501, why);
}
