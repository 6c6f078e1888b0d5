//! Updates: order, partitions, broken rollouts, revisions (V-08 to V-15).

use serde_json::json;

use super::super::fields::Fields;
use super::super::kubelet::NEVER_READY;
use super::super::world::World;
use super::{pod_moves, scale, set, world_with};

fn image(world: &mut World, image: &str) {
    let containers = json!([{ "name": "main", "image": image }]);
    world.edit("StatefulSet", "web", json!({ "spec": { "template": { "spec": { "containers": containers } } } }));
}

/// A template whose pods never become ready.
fn broken(world: &mut World, broken: bool) {
    let value = if broken { json!("true") } else { json!(null) };
    let metadata = json!({ "annotations": { NEVER_READY: value } });
    world.edit("StatefulSet", "web", json!({ "spec": { "template": { "metadata": metadata } } }));
}

fn gone(world: &World) -> Vec<String> {
    pod_moves(world).into_iter().filter_map(|line| line.strip_prefix("gone ").map(str::to_owned)).collect()
}

fn revision(world: &World, pod: &str) -> String {
    world.object("Pod", pod).label("controller-revision-hash").unwrap().to_owned()
}

fn status(world: &World, field: &str) -> String {
    world.object("StatefulSet", "web")["status"][field].as_str().unwrap().to_owned()
}

#[test]
fn v_08_a_new_template_replaces_the_highest_first_and_is_then_promoted() {
    let mut world = world_with(set(3, "fast"));
    let old = status(&world, "currentRevision");
    image(&mut world, "db:2");
    world.settle();
    assert_eq!(gone(&world), ["web-2", "web-1", "web-0"]);
    assert_ne!(status(&world, "currentRevision"), old);
    assert_eq!(status(&world, "currentRevision"), status(&world, "updateRevision"));
    assert_eq!(world.names("ControllerRevision").len(), 2);
}

#[test]
fn v_09_reverting_a_broken_template_does_not_help_until_the_pod_is_deleted() {
    let mut world = world_with(set(3, "fast"));
    let good = revision(&world, "web-2");
    broken(&mut world, true);
    world.settle();
    assert_ne!(revision(&world, "web-2"), good);
    broken(&mut world, false);
    world.settle();
    assert_ne!(revision(&world, "web-2"), good);
    assert_eq!(status(&world, "updateRevision"), good);
    world.remove("Pod", "web-2");
    world.settle();
    assert_eq!(revision(&world, "web-2"), good);
    assert_eq!(gone(&world), ["web-2", "web-2"]);
}

#[test]
fn v_10_with_an_explicit_partition_a_low_pod_comes_back_at_the_new_revision() {
    let mut world = world_with(set(3, "fast"));
    broken(&mut world, true);
    world.settle();
    world.remove("Pod", "web-0");
    world.settle();
    assert_eq!(revision(&world, "web-0"), status(&world, "updateRevision"));
}

#[test]
fn v_11_without_rolling_update_a_low_pod_comes_back_at_the_old_revision() {
    let mut bare = set(3, "fast");
    bare["spec"]["updateStrategy"] = json!({ "type": "RollingUpdate" });
    let mut world = world_with(bare);
    let old = revision(&world, "web-0");
    broken(&mut world, true);
    world.settle();
    world.remove("Pod", "web-0");
    world.settle();
    assert_eq!(revision(&world, "web-0"), old);
    assert!(world.object("Pod", "web-0").holds("Ready"));
}

#[test]
fn v_12_a_partition_keeps_the_pods_below_it_and_the_current_revision() {
    let mut world = world_with(set(3, "fast"));
    let old = status(&world, "currentRevision");
    let rolling = json!({ "rollingUpdate": { "partition": 2 } });
    world.edit("StatefulSet", "web", json!({ "spec": { "updateStrategy": rolling } }));
    image(&mut world, "db:2");
    world.settle();
    assert_eq!(gone(&world), ["web-2"]);
    assert_eq!(status(&world, "currentRevision"), old);
    assert_eq!(world.object("StatefulSet", "web")["status"]["updatedReplicas"], 1);
}

#[test]
fn v_13_scaling_comes_before_updating() {
    let mut world = world_with(set(3, "fast"));
    scale(&mut world, 2);
    image(&mut world, "db:2");
    world.settle();
    assert_eq!(gone(&world), ["web-2", "web-1", "web-0"]);
    assert_eq!(world.names("Pod"), ["web-0", "web-1"]);
}

#[test]
fn a_missing_pod_of_a_parallel_set_does_not_keep_higher_ones_from_their_update() {
    let mut parallel = set(3, "fast");
    parallel["spec"]["podManagementPolicy"] = json!("Parallel");
    parallel["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] = json!("Delete");
    let mut world = world_with(parallel);
    world.stop_actor("garbage-collector-controller");
    let former = json!([{ "apiVersion": "v1", "kind": "Pod", "name": "web-0", "uid": "of-a-former-pod" }]);
    world.edit("PersistentVolumeClaim", "data-web-0", json!({ "metadata": { "ownerReferences": former } }));
    world.remove("Pod", "web-0");
    world.settle();
    image(&mut world, "db:2");
    world.settle();
    assert_eq!(gone(&world), ["web-0", "web-2", "web-1"]);
}

#[test]
fn v_14_a_partition_counts_from_the_first_ordinal() {
    let mut shifted = set(3, "fast");
    shifted["spec"]["ordinals"] = json!({ "start": 5 });
    shifted["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = json!(2);
    let mut world = world_with(shifted);
    image(&mut world, "db:2");
    world.settle();
    assert_eq!(gone(&world), ["web-7"]);
}

#[test]
fn v_15_parallel_recovers_from_a_broken_template_by_itself() {
    let mut parallel = set(3, "fast");
    parallel["spec"]["podManagementPolicy"] = json!("Parallel");
    let mut world = world_with(parallel);
    let good = revision(&world, "web-2");
    broken(&mut world, true);
    world.settle();
    broken(&mut world, false);
    world.settle();
    assert_eq!(revision(&world, "web-2"), good);
    assert!(world.object("Pod", "web-2").holds("Ready"));
}

#[test]
fn ss_66_on_delete_replaces_a_pod_only_when_somebody_deletes_it() {
    let mut manual = set(2, "fast");
    manual["spec"]["updateStrategy"] = json!({ "type": "OnDelete" });
    let mut world = world_with(manual);
    image(&mut world, "db:2");
    world.settle();
    assert!(gone(&world).is_empty());
    world.remove("Pod", "web-0");
    world.settle();
    assert_eq!(revision(&world, "web-0"), status(&world, "updateRevision"));
    world.remove("Pod", "web-1");
    world.settle();
    assert_eq!(world.object("StatefulSet", "web")["status"]["updatedReplicas"], 2);
    assert_ne!(status(&world, "currentRevision"), status(&world, "updateRevision"), "never promoted (SS-54)");
}

#[test]
fn ss_52_going_back_to_an_earlier_template_reuses_its_revision() {
    let mut world = world_with(set(1, "fast"));
    let first = status(&world, "currentRevision");
    image(&mut world, "db:2");
    world.settle();
    image(&mut world, "db:1");
    world.settle();
    assert_eq!(status(&world, "currentRevision"), first);
    assert_eq!(world.names("ControllerRevision").len(), 2);
    assert_eq!(world.object("ControllerRevision", &first)["revision"], 3);
}

#[test]
fn ss_55_unused_revisions_beyond_the_limit_go_oldest_first() {
    let mut short = set(1, "fast");
    short["spec"]["revisionHistoryLimit"] = json!(1);
    let mut world = world_with(short);
    for version in ["db:2", "db:3", "db:4"] {
        image(&mut world, version);
        world.settle();
    }
    let mut numbers: Vec<i64> = super::super::View::list(&world, "ControllerRevision")
        .iter()
        .filter_map(|held| held["revision"].as_i64())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [3, 4]);
}

#[test]
fn ss_50_claim_templates_and_replicas_make_no_revision() {
    let mut world = world_with(set(1, "fast"));
    let storage = json!({ "volumeClaimTemplates": [] });
    world.edit("StatefulSet", "web", json!({ "spec": storage }));
    scale(&mut world, 2);
    world.settle();
    assert_eq!(world.names("ControllerRevision").len(), 1);
}

#[test]
fn ss_63_with_the_feature_on_several_pods_are_replaced_at_a_time() {
    let mut wide = set(5, "fast");
    wide["spec"]["podManagementPolicy"] = json!("Parallel");
    wide["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"] = json!("50%");
    for (feature, together) in [(false, 1), (true, 2)] {
        let mut world = world_with(wide.clone());
        world.set_max_unavailable(feature);
        image(&mut world, "db:2");
        world.run(0);
        let terminating = super::super::View::list(&world, "Pod").iter().filter(|pod| pod.terminating()).count();
        assert_eq!(terminating, together, "feature {feature}");
        world.settle();
        assert_eq!(gone(&world).len(), 5);
    }
}
