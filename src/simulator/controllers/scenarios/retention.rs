//! Claims after their pods: the retention policy, and what a new pod of the
//! same ordinal finds (V-17 to V-20, V-23, V-24).

use serde_json::json;

use super::super::fields::Fields;
use super::{host_path, scale, set, world_with};

fn policy(scaled: &str, deleted: &str) -> serde_json::Value {
    let mut set = set(3, "fast");
    set["spec"]["persistentVolumeClaimRetentionPolicy"] = json!({ "whenScaled": scaled, "whenDeleted": deleted });
    set
}

#[test]
fn pv_52_a_claim_deleted_under_a_pending_pod_is_made_again() {
    let mut world = world_with(set(1, ""));
    assert_eq!(world.object("Pod", "web-0").phase(), "Pending");
    let old = world.object("PersistentVolumeClaim", "data-web-0");
    world.remove("PersistentVolumeClaim", "data-web-0");
    world.settle();
    let new = world.object("PersistentVolumeClaim", "data-web-0");
    assert_ne!(new.uid(), old.uid());
    world.put(host_path("disk", ""));
    world.settle();
    assert!(world.object("Pod", "web-0").holds("Ready"));
}

#[test]
fn ss_74_a_pod_is_not_made_while_its_claim_still_names_the_pod_before_it() {
    let mut world = world_with(policy("Delete", "Retain"));
    world.stop_actor("garbage-collector-controller");
    scale(&mut world, 2);
    world.settle();
    scale(&mut world, 3);
    world.settle();
    assert!(!world.exists("Pod", "web-2"));
    world.restart();
    world.settle();
    assert!(world.object("Pod", "web-2").holds("Ready"));
}
