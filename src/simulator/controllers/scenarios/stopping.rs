//! How pods end that are deleted while a finalizer holds them (H-06).

use serde_json::{Value, json};

use super::super::fields::Fields;
use super::super::kubelet::{IMAGE_ERROR, START_SECONDS, STOP_SECONDS};
use super::super::world::World;

/// What has become of a pod with this spec and these knobs after its deletion.
fn end_of(knobs: &Value, spec: &Value) -> Value {
    let mut world = World::new();
    let mut whole = json!({ "restartPolicy": "Always", "containers": [{ "name": "main", "image": "a" }] });
    json_patch::merge(&mut whole, spec);
    world.put(json!({
        "apiVersion": "v1", "kind": "Pod", "spec": whole,
        "metadata": {
            "name": "one", "namespace": "default", "annotations": knobs, "finalizers": ["example.com/hold"],
        },
    }));
    world.run(5);
    world.remove("Pod", "one");
    world.settle();
    world.object("Pod", "one").clone()
}

/// Phase, how each container ended, and why the pod is not ready.
fn told(pod: &Value) -> (String, Vec<(String, i64)>, String) {
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"].map(|list| pod.items(list));
    let endings = statuses.concat().into_iter().map(|status| {
        let waiting = status.text("/state/waiting/reason").to_owned();
        let ended = status.text("/state/terminated/reason").to_owned();
        (if ended.is_empty() { waiting } else { ended }, status.number("/state/terminated/exitCode").unwrap_or(-1))
    });
    let why = pod.condition("Ready").map_or("", |ready| ready.text("/reason"));
    (pod.phase().to_owned(), endings.collect(), why.to_owned())
}

#[test]
fn h_06_a_pod_that_a_finalizer_holds_tells_how_its_containers_ended() {
    let init = json!({ "initContainers": [{ "name": "copy", "image": "a" }] });
    let sidecar = json!({ "initContainers": [{ "name": "copy", "image": "a", "restartPolicy": "Always" }] });
    let hook = json!({ "terminationGracePeriodSeconds": 5, "containers": [
        { "name": "main", "image": "a", "lifecycle": { "preStop": { "sleep": { "seconds": 9 } } } }] });
    let ended = |reason: &str, code: i64| (reason.to_owned(), code);
    for (knobs, spec, phase, endings, why) in [
        (json!({}), json!({}), "Succeeded", vec![ended("Completed", 0)], "PodCompleted"),
        (json!({ STOP_SECONDS: "30" }), json!({}), "Succeeded", vec![ended("Completed", 0)], "PodCompleted"),
        (json!({ STOP_SECONDS: "31" }), json!({}), "Failed", vec![ended("Error", 137)], "PodFailed"),
        (json!({}), hook, "Failed", vec![ended("Error", 137)], "PodFailed"),
        (json!({}), sidecar, "Succeeded", vec![ended("Completed", 0), ended("Completed", 0)], "PodCompleted"),
        (json!({ IMAGE_ERROR: "main" }), json!({}), "Failed", vec![ended("ContainerStatusUnknown", 137)], "PodFailed"),
        (
            json!({ START_SECONDS: "60" }),
            init,
            "Failed",
            vec![ended("Error", 137), ended("PodInitializing", -1)],
            "PodFailed",
        ),
    ] {
        let pod = end_of(&knobs, &spec);
        assert!(pod.terminating());
        assert_eq!(told(&pod), (phase.to_owned(), endings, why.to_owned()), "{knobs} {spec}");
    }
}

#[test]
fn a_pod_that_hangs_runs_on_for_ever() {
    let pod = end_of(&json!({ STOP_SECONDS: "never" }), &json!({}));
    assert_eq!((pod.phase(), pod.holds("Ready")), ("Running", true));
}
