//! Containers that exit, are killed and are started again, in the times of a
//! real kubelet.

use serde_json::{Value, json};

use super::super::fields::Fields;
use super::super::kubelet::{
    COMPLETES, CRASH_LOOP, EXIT_CODE, IMAGE_ERROR, LIVENESS_SECONDS, READY_SECONDS, RUN_SECONDS, START_SECONDS,
    STARTUP_SECONDS, STOP_SECONDS, UNREADY,
};
use super::super::world::World;

/// A world with one pod of one container that starts at once.
fn world_of(knobs: &Value, spec: &Value) -> World {
    let mut world = World::new();
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "one", "namespace": "default", "annotations": { START_SECONDS: "0" } },
        "spec": { "restartPolicy": "Always", "containers": [{ "name": "main", "image": "tool:1" }] },
    });
    json_patch::merge(&mut pod["metadata"]["annotations"], knobs);
    json_patch::merge(&mut pod["spec"], spec);
    world.put(pod);
    world.run(0);
    world
}

/// Phase, state and restarts of the first container in this list.
fn seen_in(world: &World, list: &str) -> (String, String, i64) {
    let pod = world.object("Pod", "one");
    let status = &pod["status"][list][0];
    let state = status["state"].as_object().and_then(|state| state.iter().next());
    let state = state.map(|(kind, of)| match of.text("/reason") {
        "" => kind.clone(),
        reason => reason.to_owned(),
    });
    (pod.phase().to_owned(), state.unwrap_or_default(), status.number("/restartCount").unwrap())
}

fn seen(world: &World) -> (String, String, i64) {
    seen_in(world, "containerStatuses")
}

fn state(phase: &str, state: &str, restarts: i64) -> (String, String, i64) {
    (phase.to_owned(), state.to_owned(), restarts)
}

fn count(world: &World, reason: &str) -> usize {
    world.events("Pod", "one").iter().filter(|(held, _)| held == reason).count()
}

fn told(world: &World, reason: &str) -> String {
    let events = world.events("Pod", "one");
    events.iter().rev().find(|(held, _)| held == reason).map_or_else(String::new, |(_, message)| message.clone())
}

#[test]
fn a_crash_loop_waits_twice_as_long_each_time_and_rests_in_the_longest_wait() {
    let mut world = world_of(&json!({ CRASH_LOOP: "true", EXIT_CODE: "3" }), &json!({}));
    assert_eq!(seen(&world), state("Running", "Error", 0));
    world.run(1);
    assert_eq!(seen(&world), state("Running", "Error", 1), "the first time it is started again at once");
    world.run(1);
    for (restarts, wait, text) in [(1, 10, "10s"), (2, 20, "20s"), (3, 40, "40s"), (4, 80, "1m20s"), (5, 160, "2m40s")]
    {
        assert_eq!(seen(&world), state("Running", "CrashLoopBackOff", restarts));
        let pod = world.object("Pod", "one");
        let waiting = pod.text("/status/containerStatuses/0/state/waiting/message");
        let expected = format!("back-off {text} restarting failed container=main pod=one_default({})", pod.uid());
        assert_eq!(waiting, expected);
        let last = &pod["status"]["containerStatuses"][0]["lastState"]["terminated"];
        assert_eq!((last["exitCode"].as_i64(), last.text("/reason")), (Some(3), "Error"));
        world.run(wait - 2);
        assert_eq!(seen(&world), state("Running", "CrashLoopBackOff", restarts), "{text}");
        world.run(1);
        assert_eq!(seen(&world), state("Running", "Error", restarts + 1), "{text}");
        world.run(1);
    }
    let before = world.object("Pod", "one");
    world.settle();
    assert_eq!(world.object("Pod", "one"), before, "the clock has an end");
    assert_eq!(seen(&world), state("Running", "CrashLoopBackOff", 6));
    assert_eq!(count(&world, "BackOff"), 6);
    assert_eq!(count(&world, "Started"), 7);
}

#[test]
fn a_mended_container_is_started_when_its_wait_is_over() {
    let mut world = world_of(&json!({ CRASH_LOOP: "true" }), &json!({}));
    world.run(2);
    world.edit("Pod", "one", json!({ "metadata": { "annotations": { CRASH_LOOP: null } } }));
    world.run(8);
    assert_eq!(seen(&world), state("Running", "CrashLoopBackOff", 1));
    world.run(1);
    assert_eq!(seen(&world), state("Running", "running", 2));
    assert!(world.object("Pod", "one").holds("Ready"));
}

#[test]
fn a_container_that_is_told_to_fail_ends_when_it_is_told() {
    let mut world = world_of(&json!({}), &json!({}));
    world.run(120);
    world.edit("Pod", "one", json!({ "metadata": { "annotations": { CRASH_LOOP: "true" } } }));
    world.run(0);
    let finished = world.object("Pod", "one").instant("/status/containerStatuses/0/state/terminated/finishedAt");
    assert_eq!(finished, Some(world.now));
    world.run(3);
    let waiting = world.object("Pod", "one");
    let waiting = waiting.text("/status/containerStatuses/0/state/waiting/message");
    assert!(waiting.starts_with("back-off 10s "), "{waiting}");
}

#[test]
fn containers_run_for_as_long_as_they_are_told_and_an_old_failure_is_forgotten() {
    let mut world = world_of(&json!({ CRASH_LOOP: "true", RUN_SECONDS: "601" }), &json!({}));
    assert_eq!(seen(&world), state("Running", "running", 0));
    world.run(601);
    assert_eq!(seen(&world), state("Running", "Error", 0));
    world.run(1 + 601 + 1);
    assert_eq!(seen(&world), state("Running", "running", 2), "ten minutes of work are as good as new");
}

#[test]
fn what_becomes_of_a_pod_depends_on_its_restart_policy() {
    for (policy, knob, expected) in [
        ("Never", CRASH_LOOP, state("Failed", "Error", 0)),
        ("Never", COMPLETES, state("Succeeded", "Completed", 0)),
        ("OnFailure", COMPLETES, state("Succeeded", "Completed", 0)),
        ("OnFailure", CRASH_LOOP, state("Running", "CrashLoopBackOff", 6)),
        ("Always", COMPLETES, state("Running", "CrashLoopBackOff", 6)),
    ] {
        let mut world = world_of(&json!({ knob: "true" }), &json!({ "restartPolicy": policy }));
        world.settle();
        assert_eq!(seen(&world), expected, "{policy} {knob}");
        let ready = world.object("Pod", "one").condition("Ready").cloned().unwrap();
        let reason = match expected.0.as_str() {
            "Failed" => "PodFailed",
            "Succeeded" => "PodCompleted",
            _ => "ContainersNotReady",
        };
        assert_eq!((ready.text("/status"), ready.text("/reason")), ("False", reason), "{policy} {knob}");
    }
}

#[test]
fn one_container_of_several_can_fail_by_itself() {
    let two = json!({ "restartPolicy": "Never", "containers": [{ "name": "main", "image": "a" }, { "name": "side", "image": "b" }] });
    let mut world = world_of(&json!({ CRASH_LOOP: "side", EXIT_CODE: "oom" }), &two);
    world.settle();
    let pod = world.object("Pod", "one");
    assert_eq!(seen(&world), state("Running", "running", 0));
    let ended = &pod["status"]["containerStatuses"][1]["state"]["terminated"];
    assert_eq!((ended["exitCode"].as_i64(), ended.text("/reason")), (Some(137), "OOMKilled"));
    let ready = pod.condition("Ready").cloned().unwrap();
    assert_eq!(ready["message"], "containers with unready status: [side]");
}

#[test]
fn a_pod_that_is_active_for_too_long_fails() {
    let mut world = world_of(&json!({}), &json!({ "activeDeadlineSeconds": 30 }));
    world.run(29);
    assert_eq!(seen(&world), state("Running", "running", 0));
    world.run(1);
    assert_eq!(seen(&world), state("Failed", "Error", 0));
    let pod = world.object("Pod", "one");
    assert_eq!(pod["status"]["reason"], "DeadlineExceeded");
    assert_eq!(pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"], 137);
    assert_eq!(told(&world, "DeadlineExceeded"), pod.text("/status/message"));
}

fn with_init(policy: &Value) -> Value {
    let mut first = json!({ "name": "copy", "image": "a" });
    json_patch::merge(&mut first, policy);
    json!({ "initContainers": [first, { "name": "second", "image": "b" }] })
}

#[test]
fn init_containers_run_one_after_the_other() {
    let mut world = world_of(&json!({ START_SECONDS: "5" }), &with_init(&json!({})));
    let second = |world: &World| world.object("Pod", "one")["status"]["initContainerStatuses"][1]["state"].clone();
    world.run(4);
    assert_eq!(seen_in(&world, "initContainerStatuses"), state("Pending", "running", 0));
    assert_eq!(second(&world)["waiting"]["reason"], "PodInitializing");
    world.run(1);
    assert_eq!(seen_in(&world, "initContainerStatuses"), state("Pending", "Completed", 0));
    assert!(second(&world)["running"].is_object());
    assert_eq!(seen(&world), state("Pending", "PodInitializing", 0));
    let initialized = world.object("Pod", "one").condition("Initialized").cloned().unwrap();
    assert_eq!(initialized["message"], "containers with incomplete status: [second]");
    world.run(9);
    assert_eq!(seen(&world), state("Pending", "PodInitializing", 0));
    world.run(1);
    assert_eq!(seen(&world), state("Running", "running", 0));
}

#[test]
fn an_init_container_that_fails_holds_the_pod_or_ends_it() {
    let mut world = world_of(&json!({ CRASH_LOOP: "copy" }), &with_init(&json!({})));
    assert_eq!(seen_in(&world, "initContainerStatuses"), state("Pending", "Error", 0));
    world.run(20);
    assert_eq!(seen_in(&world, "initContainerStatuses"), state("Pending", "CrashLoopBackOff", 2));
    assert_eq!(seen(&world), state("Pending", "PodInitializing", 0));
    world.edit("Pod", "one", json!({ "metadata": { "annotations": { CRASH_LOOP: null } } }));
    world.settle();
    assert_eq!(seen(&world), state("Running", "running", 0));
    assert_eq!(seen_in(&world, "initContainerStatuses"), state("Running", "Completed", 3));

    let mut never = with_init(&json!({}));
    never["restartPolicy"] = json!("Never");
    let world = world_of(&json!({ CRASH_LOOP: "copy" }), &never);
    assert_eq!(seen_in(&world, "initContainerStatuses"), state("Failed", "Error", 0));
    assert_eq!(seen(&world), state("Failed", "PodInitializing", 0));
}

#[test]
fn a_sidecar_stays_and_its_readiness_counts() {
    let sidecar = json!({ "restartPolicy": "Always" });
    let mut world = world_of(&json!({ CRASH_LOOP: "copy", RUN_SECONDS: "60" }), &with_init(&sidecar));
    assert_eq!(seen_in(&world, "initContainerStatuses"), state("Running", "running", 0));
    assert!(world.object("Pod", "one").holds("Ready"));
    world.run(60);
    assert_eq!(seen_in(&world, "initContainerStatuses"), state("Running", "Error", 0));
    assert_eq!(seen(&world), state("Running", "running", 0), "the others go on");
    let pod = world.object("Pod", "one");
    assert!(pod.holds("Initialized"));
    assert_eq!(pod.condition("Ready").unwrap()["message"], "containers with unready status: [copy]");

    let mut once = with_init(&sidecar);
    once["restartPolicy"] = json!("Never");
    let world = world_of(&json!({ COMPLETES: "main" }), &once);
    assert_eq!(seen_in(&world, "initContainerStatuses"), state("Succeeded", "Completed", 0));
}

#[test]
fn a_readiness_probe_is_asked_when_its_delay_is_over_and_can_fail_for_a_time() {
    let probe = json!({ "name": "main", "image": "a", "readinessProbe": {
        "httpGet": { "port": 80 }, "initialDelaySeconds": 5 } });
    let ready_at = |knobs: Value, probe: &Value| -> Vec<i64> {
        let mut world = world_of(&knobs, &json!({ "containers": [probe] }));
        let mut changes = Vec::new();
        let mut before = false;
        for second in 0..60 {
            let ready = world.object("Pod", "one").holds("Ready");
            if ready != before {
                changes.push(second);
                before = ready;
            }
            world.run(1);
        }
        changes
    };
    assert_eq!(ready_at(json!({}), &probe), [5]);
    assert_eq!(ready_at(json!({ READY_SECONDS: "20" }), &probe), [20]);
    assert_eq!(ready_at(json!({ UNREADY: "30-50" }), &probe), [5, 30, 50]);
    assert_eq!(ready_at(json!({ UNREADY: "50-30" }), &probe), [5]);
    let mut slow = probe.clone();
    slow["startupProbe"] = json!({ "exec": {}, "failureThreshold": 10 });
    assert_eq!(ready_at(json!({ STARTUP_SECONDS: "40" }), &slow), [40]);

    let mut world = world_of(&json!({ READY_SECONDS: "20" }), &json!({ "containers": [probe] }));
    world.run(10);
    assert_eq!(told(&world, "Unhealthy"), "Readiness probe failed: HTTP probe failed with statuscode: 503");
}

#[test]
fn probes_that_fail_too_often_restart_their_container() {
    let probed = |probe: &str| {
        let mut container = json!({ "name": "main", "image": "a" });
        container[probe] = json!({ "tcpSocket": { "port": "sql" }, "periodSeconds": 5, "failureThreshold": 2 });
        json!({ "containers": [container] })
    };
    let mut world = world_of(&json!({ LIVENESS_SECONDS: "20" }), &probed("livenessProbe"));
    world.run(24);
    assert_eq!(seen(&world), state("Running", "running", 0));
    world.run(1);
    assert_eq!(seen(&world), state("Running", "Error", 0));
    assert_eq!(told(&world, "Killing"), "Container main failed liveness probe, will be restarted");
    assert!(told(&world, "Unhealthy").starts_with("Liveness probe failed: dial tcp 127.0.0.1:sql: "));
    world.run(1);
    assert_eq!(seen(&world), state("Running", "running", 1));

    let mut world = world_of(&json!({ STARTUP_SECONDS: "60" }), &probed("startupProbe"));
    world.run(4);
    assert_eq!(seen(&world), state("Running", "running", 0));
    let pod = world.object("Pod", "one");
    assert_eq!((pod.holds("Ready"), &pod["status"]["containerStatuses"][0]["started"]), (false, &json!(false)));
    world.run(1);
    assert_eq!(told(&world, "Killing"), "Container main failed startup probe, will be restarted");
    world.settle();
    assert_eq!(seen(&world), state("Running", "CrashLoopBackOff", 6));
}

#[test]
fn an_image_that_cannot_be_pulled_is_asked_for_again_and_again() {
    let mut world = world_of(&json!({ IMAGE_ERROR: "true" }), &json!({}));
    for (wait, _) in [(10, 0), (20, 1), (40, 2)] {
        assert_eq!(seen(&world), state("Pending", "ErrImagePull", 0));
        world.run(1);
        assert_eq!(seen(&world), state("Pending", "ImagePullBackOff", 0));
        world.run(wait - 2);
        assert_eq!(seen(&world), state("Pending", "ImagePullBackOff", 0));
        world.run(1);
    }
    world.settle();
    assert_eq!(seen(&world), state("Pending", "ImagePullBackOff", 0));
    assert_eq!(count(&world, "Pulling"), 6, "it rests in the longest wait");
    assert_eq!(told(&world, "BackOff"), "Back-off pulling image \"tool:1\"");
    world.edit("Pod", "one", json!({ "metadata": { "annotations": { IMAGE_ERROR: null } } }));
    world.settle();
    assert_eq!(seen(&world), state("Running", "running", 0));
}

#[test]
fn an_image_that_may_not_be_pulled_says_so() {
    let never = json!({ "containers": [{ "name": "main", "image": "tool:1", "imagePullPolicy": "Never" }] });
    let mut world = world_of(&json!({ IMAGE_ERROR: "main" }), &never);
    world.settle();
    assert_eq!(seen(&world), state("Pending", "ErrImageNeverPull", 0));
    let message = "Container image \"tool:1\" is not present with pull policy of Never";
    assert_eq!(told(&world, "ErrImageNeverPull"), message);
}

#[test]
fn a_new_image_in_the_pod_itself_replaces_the_container() {
    let mut world = world_of(&json!({}), &json!({}));
    world.edit("Pod", "one", json!({ "spec": { "containers": [{ "name": "main", "image": "tool:2" }] } }));
    world.run(0);
    assert_eq!(seen(&world), state("Running", "running", 1));
    assert_eq!(told(&world, "Killing"), "Container main definition changed, will be restarted");
    world.settle();
    assert_eq!(seen(&world), state("Running", "running", 1));
}

#[test]
fn a_hook_before_the_stop_takes_its_time() {
    for (hook, knob, gone_after) in
        [(json!({ "exec": {} }), "7", 8), (json!({ "sleep": { "seconds": 5 } }), "2", 7), (json!({}), "7", 7)]
    {
        let container = json!({ "name": "main", "image": "a", "lifecycle": { "preStop": hook } });
        let mut world = world_of(&json!({ STOP_SECONDS: knob }), &json!({ "containers": [container] }));
        world.remove("Pod", "one");
        world.run(gone_after - 1);
        assert!(world.exists("Pod", "one"), "{hook}");
        assert_eq!(told(&world, "Killing"), "Stopping container main");
        world.run(1);
        assert!(!world.exists("Pod", "one"), "{hook}");
    }
}
