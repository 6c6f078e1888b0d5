//! Quotas with their controller: what is used follows what is there, a set over
//! its quota stays short, and the warning before a set is made says so.

use kubectl_stateful::facts::quota::Needs;
use kubectl_stateful::simulator::{Advance, Options, Simulator};
use serde_json::{Value, json};

use crate::support::*;

const QUOTAS: &str = "/api/v1/namespaces/default/resourcequotas";
const SETS: &str = "/apis/apps/v1/namespaces/default/statefulsets";

fn quota(hard: &Value) -> Value {
    json!({"metadata": {"name": "q"}, "spec": {"hard": hard}})
}

/// The cluster comes to rest; what is used of each limit, as the quota says.
fn used(cluster: &Simulator) -> Value {
    while cluster.advance(seconds(60)) == Advance::Passed {}
    get(cluster, &format!("{QUOTAS}/q")).ok()["status"]["used"].clone()
}

fn set(replicas: u64) -> Value {
    json!({"metadata": {"name": "web"}, "spec": {
        "serviceName": "web", "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "standard",
            "resources": {"requests": {"storage": "1Gi"}},
        }}],
    }})
}

#[test]
fn the_status_follows_what_is_there() {
    let cluster = Simulator::in_memory(Options::default());
    post(&cluster, MAPS, &map("a")).ok();
    post(&cluster, CLAIMS, &claim("a")).ok();
    let limits = json!({
        "configmaps": "5", "persistentvolumeclaims": "5", "requests.storage": "10Gi", "count/deployments.apps": "1",
        "standard.storageclass.storage.k8s.io/requests.storage": "5Gi",
        "fast.storageclass.storage.k8s.io/requests.storage": "5Gi", "example.org/parts": "1",
    });
    post(&cluster, QUOTAS, &quota(&limits)).ok();
    let seen = used(&cluster);
    assert_eq!(
        seen,
        json!({
            "configmaps": "1", "count/deployments.apps": "0", "fast.storageclass.storage.k8s.io/requests.storage": "0",
            "persistentvolumeclaims": "1", "requests.storage": "1Gi",
            "standard.storageclass.storage.k8s.io/requests.storage": "1Gi",
        })
    );
    post(&cluster, MAPS, &map("b")).ok();
    post(&cluster, MAPS, &map("b")).refused(409, "configmaps \"b\" already exists");
    assert_eq!(used(&cluster)["configmaps"], "2", "a refused one is given back");
    delete(&cluster, &format!("{CLAIMS}/a")).ok();
    delete(&cluster, &format!("{MAPS}/a")).ok();
    let seen = used(&cluster);
    assert_eq!((&seen["configmaps"], &seen["requests.storage"]), (&json!("1"), &json!("0")));
    merge(
        &cluster,
        &format!("{QUOTAS}/q"),
        &json!({"spec": {"hard": {
            "configmaps": "1", "persistentvolumeclaims": null, "requests.storage": null, "count/deployments.apps": null,
            "standard.storageclass.storage.k8s.io/requests.storage": null, "example.org/parts": null,
            "fast.storageclass.storage.k8s.io/requests.storage": null,
        }}}),
    )
    .ok();
    assert_eq!(used(&cluster), json!({"configmaps": "1"}));
    assert_eq!(get(&cluster, &format!("{QUOTAS}/q")).ok()["status"]["hard"], json!({"configmaps": "1"}));
    post(&cluster, CLAIMS, &claim("b")).ok();
}

#[test]
fn a_set_over_its_quota_was_warned_of_stays_short_and_goes_on_when_there_is_room() {
    let cluster = Simulator::in_memory(Options::default());
    let limits = json!({"pods": "5", "persistentvolumeclaims": "5", "requests.storage": "2Gi"});
    post(&cluster, QUOTAS, &quota(&limits)).ok();
    used(&cluster);
    let quotas = get(&cluster, QUOTAS).ok()["items"].as_array().unwrap().clone();
    let short = Needs::of(&set(3), 3).beyond(&quotas);
    assert_eq!(short.iter().map(|short| short.resource.as_str()).collect::<Vec<_>>(), ["requests.storage"]);

    post(&cluster, SETS, &set(3)).ok();
    assert_eq!(used(&cluster), json!({"persistentvolumeclaims": "2", "pods": "2", "requests.storage": "2Gi"}));
    let status = get(&cluster, &format!("{SETS}/web")).ok()["status"].clone();
    assert_eq!(status["readyReplicas"], 2, "{status}");
    let events = get(&cluster, "/api/v1/namespaces/default/events").ok();
    let told: Vec<&str> =
        events["items"].as_array().unwrap().iter().filter_map(|one| one["message"].as_str()).collect();
    let refusal = "Create Claim data-web-2 for Pod web-2 in StatefulSet web failed error: persistentvolumeclaims \
                   \"data-web-2\" is forbidden: exceeded quota: q, requested: requests.storage=1Gi, used: \
                   requests.storage=2Gi, limited: requests.storage=2Gi";
    assert!(told.contains(&refusal), "{told:#?}");

    merge(&cluster, &format!("{QUOTAS}/q"), &json!({"spec": {"hard": {"requests.storage": "3Gi"}}})).ok();
    assert_eq!(used(&cluster), json!({"persistentvolumeclaims": "3", "pods": "3", "requests.storage": "3Gi"}));
    assert_eq!(get(&cluster, &format!("{SETS}/web")).ok()["status"]["readyReplicas"], 3);
}

#[test]
fn a_pod_that_has_ended_makes_room() {
    let cluster = Simulator::in_memory(Options::default());
    post(&cluster, QUOTAS, &quota(&json!({"pods": "1", "count/pods": "2"}))).ok();
    used(&cluster);
    let pod = json!({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    post(&cluster, PODS, &pod).ok();
    assert_eq!(used(&cluster), json!({"count/pods": "1", "pods": "1"}));
    merge(&cluster, &format!("{PODS}/a/status"), &json!({"status": {"phase": "Succeeded"}})).ok();
    assert_eq!(used(&cluster), json!({"count/pods": "1", "pods": "0"}));
}

#[test]
fn what_quotas_cannot_count_here_is_refused_by_name() {
    let cluster = cluster();
    let refused = |spec: Value, what: &str| {
        let quota = json!({"metadata": {"name": "q"}, "spec": spec});
        post(&cluster, QUOTAS, &quota).refused(501, &format!("the simulated cluster does not have {what}"));
    };
    let scoped = json!({"hard": {"persistentvolumeclaims": "1"}, "scopes": ["VolumeAttributesClass"]});
    refused(scoped, "quotas with the scope VolumeAttributesClass");
}

/// The refused create is counted before it is refused, and given back: two
/// changes, after each of which the set could try again.
#[test]
fn a_set_that_waits_for_a_name_does_not_chase_its_own_quota() {
    let cluster = Simulator::in_memory(Options::default());
    post(&cluster, SETS, &set(2)).ok();
    post(&cluster, QUOTAS, &quota(&json!({"pods": "10"}))).ok();
    cluster.pass(seconds(60));
    let held = json!({"metadata": {"finalizers": ["example.org/hold"]}});
    merge(&cluster, &format!("{PODS}/web-0"), &held).ok();
    delete(&cluster, &format!("{SETS}/web")).ok();
    cluster.pass(seconds(60));
    post(&cluster, SETS, &set(2)).ok();
    let revision =
        || get(&cluster, PODS).ok()["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok());
    let before: Option<u64> = revision();
    cluster.pass(seconds(3600));
    let written = revision().zip(before).map(|(after, before)| after - before);
    assert!(written.is_some_and(|count| count < 100), "{written:?} writes in an hour");
    merge(&cluster, &format!("{PODS}/web-0"), &json!({"metadata": {"finalizers": null}})).ok();
    cluster.pass(seconds(60));
    assert_eq!(get(&cluster, &format!("{SETS}/web")).ok()["status"]["readyReplicas"], 2, "then it goes on at once");
}
