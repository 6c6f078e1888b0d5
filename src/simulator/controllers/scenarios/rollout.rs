//! Updates: order, partitions, broken rollouts, revisions (V-08 to V-15).

use serde_json::json;

use super::super::fields::Fields;
use super::super::world::World;
use super::{pod_moves, set, world_with};

fn image(world: &mut World, image: &str) {
    let containers = json!([{ "name": "main", "image": image }]);
    world.edit("StatefulSet", "web", json!({ "spec": { "template": { "spec": { "containers": containers } } } }));
}

fn gone(world: &World) -> Vec<String> {
    pod_moves(world).into_iter().filter_map(|line| line.strip_prefix("gone ").map(str::to_owned)).collect()
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
