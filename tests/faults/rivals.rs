//! What others do beside a run, and what becomes of actors and the clock.

use std::time::Duration;

use jiff::SignedDuration;
use kubectl_stateful::simulator::controllers::Dependents;
use kubectl_stateful::simulator::faults::{Actor, Disturbance, Fault, Point, Rival, Schedule};
use serde_json::{Value, json};

use crate::stage::{PODS, SET, Stage, claim};

fn disturbed(replicas: u32, act: Rival) -> Stage {
    let stage = Stage::new(replicas);
    stage.simulator.disturb(&Disturbance::Rival { namespace: "default".to_owned(), act });
    stage
}

fn web() -> String {
    "web".to_owned()
}

fn uid(object: &Value) -> String {
    object["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn others_scale_edit_and_set_right_what_they_hold_right() {
    for (act, expected) in [
        (Rival::ScaleUp { set: web() }, 3),
        (Rival::ScaleDown { set: web() }, 1),
        (Rival::Autoscale { set: web(), replicas: 5 }, 5),
        (Rival::Reapply { set: web(), replicas: 4 }, 4),
    ] {
        assert_eq!(disturbed(2, act.clone()).get(SET)["spec"]["replicas"], expected, "{act:?}");
    }
    let edited = disturbed(1, Rival::Edit { set: web() }).get(SET);
    assert_eq!(edited["spec"]["template"]["metadata"]["annotations"]["example.com/edited"], "yes");
    let turned = disturbed(1, Rival::TurnRetention { set: web() }).get(SET);
    assert_eq!(turned["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"], "Delete");
    let class = disturbed(1, Rival::TurnDefault { class: "standard".to_owned() });
    let class = class.get("/apis/storage.k8s.io/v1/storageclasses/standard");
    assert_eq!(class["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"], "false");
}

#[test]
fn others_delete_a_set_in_each_way_or_put_a_namesake_in_its_place() {
    for (how, pods) in [(Dependents::Background, 0), (Dependents::Foreground, 0), (Dependents::Orphan, 2)] {
        let stage = disturbed(2, Rival::DeleteSet { set: web(), how });
        stage.rest();
        assert_eq!(stage.get(SET), Value::Null, "{how:?}");
        assert_eq!(stage.get(PODS)["items"].as_array().unwrap().len(), pods, "{how:?}");
    }
    let (before, stage) = (Stage::new(1).get(SET), disturbed(1, Rival::RecreateSet { set: web() }));
    assert_ne!(uid(&stage.get(SET)), uid(&before));
    assert_eq!(stage.get(SET)["spec"]["template"], before["spec"]["template"]);
}

#[test]
fn others_take_claims_pods_and_nodes_away() {
    let before = uid(&Stage::new(1).get(&claim("data", 0)));
    let stage = disturbed(1, Rival::DeleteClaim { claim: "data-web-0".to_owned() });
    assert!(stage.get(&claim("data", 0))["metadata"]["deletionTimestamp"].is_string());
    let stage = Stage::new(1);
    stage
        .play(|hands| async move { hands.merge(&format!("{SET}/scale"), &json!({"spec": {"replicas": 0}})).await })
        .unwrap();
    stage.rest();
    let act = Rival::RecreateClaim { claim: "data-web-0".to_owned() };
    stage.simulator.disturb(&Disturbance::Rival { namespace: "default".to_owned(), act });
    let claim = stage.get(&claim("data", 0));
    assert!(uid(&claim) != before && claim["spec"]["volumeName"].is_null(), "{claim}");

    let stage = disturbed(1, Rival::Evict { pod: "web-0".to_owned() });
    assert!(stage.get(&format!("{PODS}/web-0"))["metadata"]["deletionTimestamp"].is_string());
    let stage = Stage::new(1);
    let node = stage.get(&format!("{PODS}/web-0"))["spec"]["nodeName"].as_str().unwrap().to_owned();
    for act in [Rival::Drain { node: node.clone() }, Rival::NodeDown { node: node.clone() }] {
        stage.simulator.disturb(&Disturbance::Rival { namespace: "default".to_owned(), act });
    }
    let node = stage.get(&format!("/api/v1/nodes/{node}"));
    assert_eq!(node["spec"]["unschedulable"], true);
    assert!(stage.get(&format!("{PODS}/web-0"))["metadata"]["deletionTimestamp"].is_string());
    stage.simulator.pass(Duration::from_mins(10));
    assert!(stage.get(&format!("{PODS}/web-0"))["metadata"]["uid"].is_string(), "a kubelet that is gone stops nothing");
}

#[test]
fn others_put_a_pod_of_their_own_in_the_place_of_a_member_that_has_gone() {
    let act = Rival::Impostor { pod: "web-1".to_owned() };
    let member = uid(&Stage::new(2).get(&format!("{PODS}/web-1")));
    assert_eq!(uid(&disturbed(2, act.clone()).get(&format!("{PODS}/web-1"))), member);
    let stage = Stage::new(2);
    stage
        .play(|hands| async move { hands.merge(&format!("{SET}/scale"), &json!({"spec": {"replicas": 1}})).await })
        .unwrap();
    stage.rest();
    stage.simulator.disturb(&Disturbance::Rival { namespace: "default".to_owned(), act });
    let pod = stage.get(&format!("{PODS}/web-1"));
    let used = |index: usize| pod["spec"]["volumes"][index]["persistentVolumeClaim"]["claimName"].clone();
    assert_eq!((uid(&pod).is_empty(), [0, 1].map(used)), (false, [json!("data-web-1"), json!("wal-web-1")]));
}

#[test]
fn a_finalizer_that_nobody_takes_off_holds_for_ever() {
    let stage = disturbed(1, Rival::Finalizer { kind: "Pod", name: "web-0".to_owned() });
    stage.play(|hands| async move { hands.delete(&format!("{PODS}/web-0"), None).await }).unwrap();
    stage.simulator.pass(Duration::from_hours(1));
    assert!(stage.get(&format!("{PODS}/web-0"))["metadata"]["deletionTimestamp"].is_string());
}

#[test]
fn a_rival_comes_just_before_the_request_or_the_look_that_was_chosen() {
    let up =
        Fault::Meanwhile(Disturbance::Rival { namespace: "default".to_owned(), act: Rival::ScaleUp { set: web() } });
    let stage = Stage::new(1);
    let faults = stage.faults(Schedule::one(Point::Request(2), up.clone()));
    let seen = stage.run(&faults, |hands| async move {
        [hands.get(SET).await.unwrap(), hands.get(SET).await.unwrap()].map(|set| set["spec"]["replicas"].clone())
    });
    assert_eq!(seen, [json!(1), json!(2)]);

    let stage = Stage::new(1);
    let faults = stage.faults(Schedule::one(Point::Tick(1), up));
    assert_eq!(stage.get(SET)["spec"]["replicas"], 1);
    stage.play(|hands| async move { hands.merge(SET, &json!({"spec": {"minReadySeconds": 1}})).await }).unwrap();
    stage.rest();
    assert_eq!(stage.get(SET)["status"]["readyReplicas"], 2);
    assert!(faults.length().ticks > 5);
}

#[test]
fn an_actor_that_stalls_does_nothing_until_its_time_or_its_restart() {
    let scaled = || {
        let stage = Stage::new(1);
        let (actor, time) = (Actor::named("statefulset-controller").unwrap(), Duration::from_mins(10));
        stage.simulator.disturb(&Disturbance::Stalled { actor, time });
        stage.play(|hands| async move { hands.merge(SET, &json!({"spec": {"replicas": 2}})).await }).unwrap();
        stage.simulator.pass(Duration::from_mins(5));
        assert_eq!(stage.get(SET)["status"]["replicas"], 1);
        stage
    };
    let stage = scaled();
    stage.simulator.pass(Duration::from_mins(6));
    assert_eq!(stage.get(SET)["status"]["readyReplicas"], 2);
    let stage = scaled();
    stage.simulator.disturb(&Disturbance::Restarted { actor: Actor::named("statefulset-controller").unwrap() });
    stage.simulator.pass(Duration::from_mins(1));
    assert_eq!(stage.get(SET)["status"]["readyReplicas"], 2);
}

#[test]
fn a_clock_that_jumps_changes_the_time_and_nothing_else() {
    for seconds in [3600, -3600] {
        let stage = Stage::new(1);
        let before = stage.simulator.now();
        stage.simulator.disturb(&Disturbance::Jump(SignedDuration::from_secs(seconds)));
        assert_eq!(stage.simulator.now().duration_since(before), SignedDuration::from_secs(seconds));
        stage.play(|hands| async move { hands.merge(SET, &json!({"spec": {"replicas": 2}})).await }).unwrap();
        stage.simulator.pass(Duration::from_mins(70));
        assert_eq!(stage.get(SET)["status"]["readyReplicas"], 2, "{seconds}");
    }
}
