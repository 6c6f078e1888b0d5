//! Which volumes are attached where, above all when a node is lost.

use serde_json::{Value, json};

use super::super::View;
use super::super::attachments::{attachment_name, holds, unique_name};
use super::super::fields::Fields;
use super::super::kubelet::{IMAGE_ERROR, NODE_DOWN, STOP_SECONDS};
use super::super::world::World;
use super::{claim, host_path, pod_with_claim, scale, set, world_with};

const OUT: &str = "node.kubernetes.io/out-of-service";

/// `NODE` for each attachment, and `NODE?` for one that does not hold.
fn attached(world: &World) -> Vec<String> {
    let told = |held: &Value| {
        let mark = if held["status"]["attached"] == true && !held.terminating() { "" } else { "?" };
        format!("{}{mark}", held.text("/spec/nodeName"))
    };
    let mut all: Vec<String> = world.list("VolumeAttachment").iter().map(|held| told(held)).collect();
    all.sort();
    all
}

fn listed(world: &World, node: &str, list: &str) -> Vec<String> {
    let node = world.object("Node", node);
    let items = node.items(list).iter();
    items.map(|item| item.as_str().unwrap_or_else(|| item.text("/name")).to_owned()).collect()
}

/// A set of one on `node-a`, whose volume can be reached from everywhere.
fn pinned() -> World {
    let mut one = set(1, "fast");
    one["spec"]["template"]["spec"]["nodeSelector"] = json!({ "kubernetes.io/hostname": "node-a" });
    one["spec"]["template"]["spec"]["tolerations"] = json!([{ "operator": "Exists", "tolerationSeconds": 0 }]);
    world_with(one)
}

fn down(world: &mut World, node: &str, value: &Value) {
    world.edit("Node", node, json!({ "metadata": { "annotations": { NODE_DOWN: value } } }));
}

fn taint(world: &mut World, node: &str, key: &str) {
    let mut taints = world.object("Node", node).items("/spec/taints").to_vec();
    taints.push(json!({ "key": key, "effect": "NoExecute" }));
    world.edit("Node", node, json!({ "spec": { "taints": taints } }));
}

/// Another pod with the volume of `web-0`, on `node-b`.
fn rival(world: &mut World) {
    let mut rival = pod_with_claim("rival", "data-web-0");
    rival["spec"]["nodeSelector"] = json!({ "kubernetes.io/hostname": "node-b" });
    world.put(rival);
}

#[test]
fn a_pod_starts_when_its_volume_is_attached_and_its_node_tells_of_it() {
    let mut world = world_with(set(0, "fast"));
    world.stop_actor("external-attacher");
    scale(&mut world, 1);
    world.run(60);
    let pod = world.object("Pod", "web-0");
    let node = pod.text("/spec/nodeName").to_owned();
    assert!(!pod.holds("Ready"));
    assert_eq!(attached(&world), [format!("{node}?")]);
    assert!(world.events("Pod", "web-0").iter().all(|(reason, _)| reason != "FailedMount"));
    world.run(120);
    let told = world.events("Pod", "web-0");
    let why = "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data], failed to process \
               volumes=[]: context deadline exceeded";
    assert!(told.contains(&("FailedMount".to_owned(), why.to_owned())), "{told:?}");
    world.restart();
    world.settle();
    assert!(world.object("Pod", "web-0").holds("Ready"));
    assert_eq!(attached(&world), [node.as_str()]);
    let volume = world.list("PersistentVolume").remove(0);
    assert!(world.exists("VolumeAttachment", &attachment_name(&volume, &node)));
    for list in ["/status/volumesInUse", "/status/volumesAttached"] {
        assert_eq!(listed(&world, &node, list), [unique_name(&volume)], "{list}");
    }
    let message = format!("AttachVolume.Attach succeeded for volume {:?} ", volume.name());
    assert!(world.events("Pod", "web-0").contains(&("SuccessfulAttachVolume".to_owned(), message)));
}

#[test]
fn a_volume_is_detached_when_its_last_pod_is_gone_and_unmounted() {
    let mut world = pinned();
    scale(&mut world, 0);
    world.settle();
    assert_eq!(attached(&world), Vec::<String>::new());
    for list in ["/status/volumesInUse", "/status/volumesAttached"] {
        assert_eq!(listed(&world, "node-a", list), Vec::<String>::new(), "{list}");
    }
}

#[test]
fn folders_are_not_attached() {
    let mut world = World::new();
    world.put(host_path("folder", "manual"));
    world.put(claim("data", Some("manual")));
    world.put(pod_with_claim("user", "data"));
    world.settle();
    assert_eq!(world.object("Pod", "user").phase(), "Running");
    assert_eq!(attached(&world), Vec::<String>::new());
}

#[test]
fn disks_of_clouds_are_attached_by_the_drivers_that_took_them_over() {
    for (source, driver, handle) in [
        (json!({ "awsElasticBlockStore": { "volumeID": "h" } }), "ebs.csi.aws.com", "h"),
        (json!({ "awsElasticBlockStore": { "volumeID": "aws://eu-1a/vol-1" } }), "ebs.csi.aws.com", "vol-1"),
        (
            json!({ "gcePersistentDisk": { "pdName": "h" } }),
            "pd.csi.storage.gke.io",
            "projects/UNSPECIFIED/zones/UNSPECIFIED/disks/h",
        ),
        (json!({ "azureDisk": { "diskName": "d", "diskURI": "h" } }), "disk.csi.azure.com", "h"),
        (json!({ "vsphereVolume": { "volumePath": "h" } }), "csi.vsphere.vmware.com", "h"),
        (json!({ "cinder": { "volumeID": "h" } }), "cinder.csi.openstack.org", "h"),
    ] {
        let mut world = World::new();
        world.play_copy();
        let mut volume = host_path("disk", "manual");
        volume["spec"]["hostPath"] = Value::Null;
        json_patch::merge(&mut volume["spec"], &source);
        world.put(volume);
        world.put(claim("data", Some("manual")));
        world.put(pod_with_claim("user", "data"));
        world.settle();
        let pod = world.object("Pod", "user");
        assert_eq!(pod.phase(), "Running");
        let attachment = world.list("VolumeAttachment").pop().expect(driver);
        assert_eq!((attachment.text("/spec/attacher"), holds(&attachment)), (driver, true));
        let unique = format!("kubernetes.io/csi/{driver}^{handle}");
        for list in ["/status/volumesInUse", "/status/volumesAttached"] {
            assert_eq!(listed(&world, pod.text("/spec/nodeName"), list), [unique.as_str()], "{list}");
        }
        world.remove("PersistentVolume", "disk");
        world.remove("PersistentVolumeClaim", "data");
        world.remove("Pod", "user");
        world.settle();
        assert_eq!(attached(&world), Vec::<String>::new());
        assert!(!world.exists("PersistentVolume", "disk"), "its driver's attacher lets it go");
    }
}

#[test]
fn an_attachment_of_another_name_is_that_of_its_volume_and_node() {
    let mut world = World::new();
    world.play_copy();
    let mut volume = host_path("disk", "manual");
    volume["spec"]["hostPath"] = Value::Null;
    volume["spec"]["gcePersistentDisk"] = json!({ "pdName": "h" });
    world.put(volume);
    world.put(claim("data", Some("manual")));
    // As of a handle that only the driver could translate.
    world.put(json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment",
        "metadata": { "name": format!("csi-{}", "0".repeat(64)) },
        "spec": { "attacher": "pd.csi.storage.gke.io", "nodeName": "node-a",
                  "source": { "persistentVolumeName": "disk" } },
    }));
    let mut pod = pod_with_claim("user", "data");
    pod["spec"]["nodeName"] = json!("node-a");
    world.put(pod);
    world.settle();
    assert_eq!((attached(&world), world.object("Pod", "user").phase()), (vec!["node-a".to_owned()], "Running"));
    world.remove("Pod", "user");
    world.settle();
    assert_eq!(attached(&world), Vec::<String>::new());
}

#[test]
fn what_hangs_and_is_deleted_by_force_keeps_its_volume_until_its_node_comes_up_anew() {
    let mut world = pinned();
    let volume = world.list("PersistentVolume").remove(0);
    world.edit("Pod", "web-0", json!({ "metadata": { "annotations": { STOP_SECONDS: "never" } } }));
    scale(&mut world, 0);
    world.run(60);
    world.force("web-0");
    rival(&mut world);
    world.run(3600);
    assert!(!world.exists("Pod", "web-0"));
    assert_eq!(attached(&world), ["node-a"]);
    assert_eq!(listed(&world, "node-a", "/status/volumesInUse"), [unique_name(&volume)]);
    let message = format!(
        "Multi-Attach error for volume {:?} Volume is already exclusively attached to one node and can't be attached \
         to another",
        volume.name()
    );
    assert!(world.events("Pod", "rival").contains(&("FailedAttachVolume".to_owned(), message)));
    down(&mut world, "node-a", &json!("true"));
    world.run(60);
    assert_eq!(attached(&world), ["node-a"]);
    down(&mut world, "node-a", &Value::Null);
    world.settle();
    assert_eq!(attached(&world), ["node-b"]);
    assert_eq!(listed(&world, "node-a", "/status/volumesInUse"), Vec::<String>::new());
}

#[test]
fn what_hangs_no_more_or_never_ran_keeps_no_volume_when_it_is_deleted_by_force() {
    for (knob, mended) in [(STOP_SECONDS, true), (IMAGE_ERROR, false)] {
        let mut world = pinned();
        scale(&mut world, 0);
        world.settle();
        let template = json!({ "metadata": { "annotations": { STOP_SECONDS: "never", knob: "never" } } });
        world.edit("StatefulSet", "web", json!({ "spec": { "template": template } }));
        scale(&mut world, 1);
        world.run(60);
        assert_eq!(attached(&world), ["node-a"]);
        if mended {
            world.edit("Pod", "web-0", json!({ "metadata": { "annotations": { STOP_SECONDS: null } } }));
        }
        scale(&mut world, 0);
        world.run(0);
        world.force("web-0");
        world.settle();
        assert_eq!(attached(&world), Vec::<String>::new(), "{knob}");
    }
}

#[test]
fn a_lost_node_keeps_the_volume_of_a_pod_that_ends_for_ever() {
    let mut world = pinned();
    down(&mut world, "node-a", &json!("true"));
    world.run(3600);
    assert!(world.object("Pod", "web-0").terminating());
    rival(&mut world);
    world.run(3600);
    assert_eq!(attached(&world), ["node-a"]);
    let volume = world.list("PersistentVolume").remove(0).name().to_owned();
    let message = format!("Multi-Attach error for volume {volume:?} Volume is already used by pod(s) web-0");
    assert!(world.events("Pod", "rival").contains(&("FailedAttachVolume".to_owned(), message)));
}

#[test]
fn a_lost_node_gives_up_the_volume_of_a_pod_deleted_by_force_after_six_minutes() {
    let mut world = pinned();
    down(&mut world, "node-a", &json!("true"));
    world.run(120);
    scale(&mut world, 0);
    world.force("web-0");
    rival(&mut world);
    world.run(350);
    assert_eq!(attached(&world), ["node-a"]);
    let volume = world.list("PersistentVolume").remove(0).name().to_owned();
    let why = "Volume is already exclusively attached to one node and can't be attached to another";
    let message = format!("Multi-Attach error for volume {volume:?} {why}");
    assert!(world.events("Pod", "rival").contains(&("FailedAttachVolume".to_owned(), message)));
    world.run(20);
    assert_eq!(attached(&world), ["node-b"]);
    assert_eq!(world.object("Pod", "rival").phase(), "Running");
}

#[test]
fn a_pod_that_needs_the_volume_again_in_time_keeps_it_on_the_lost_node() {
    let mut world = pinned();
    down(&mut world, "node-a", &json!("true"));
    world.force("web-0");
    world.run(10);
    // The set's next pod came to the same node before it counted as lost.
    assert_eq!(world.object("Pod", "web-0").text("/spec/nodeName"), "node-a");
    world.run(30);
    assert_eq!(attached(&world), ["node-a"]);
}

#[test]
fn a_node_that_is_out_of_service_gives_up_its_volumes_at_once() {
    let mut world = pinned();
    down(&mut world, "node-a", &json!("true"));
    world.run(120);
    scale(&mut world, 0);
    rival(&mut world);
    taint(&mut world, "node-a", OUT);
    world.run(10);
    assert_eq!(attached(&world), ["node-b"]);
    assert!(!world.exists("Pod", "web-0"));
    assert_eq!(world.object("Pod", "rival").phase(), "Running");
}

#[test]
fn a_node_that_is_deleted_keeps_its_volumes_for_six_minutes_after_its_pods() {
    let mut world = pinned();
    scale(&mut world, 1);
    world.edit("StatefulSet", "web", json!({ "spec": { "template": { "spec": { "nodeSelector": null } } } }));
    world.settle();
    let node = world.object("Pod", "web-0").text("/spec/nodeName").to_owned();
    down(&mut world, &node, &json!("true"));
    world.remove("Node", &node);
    world.run(120);
    let next = world.object("Pod", "web-0");
    assert!(!next.text("/spec/nodeName").is_empty() && next.text("/spec/nodeName") != node && !next.holds("Ready"));
    assert_eq!(attached(&world), [node.as_str()]);
    world.run(400);
    assert!(world.object("Pod", "web-0").holds("Ready"));
    assert_eq!(attached(&world), [next.text("/spec/nodeName")]);
}

#[test]
fn a_node_that_comes_back_ends_its_pods_and_gives_up_their_volumes() {
    let mut world = pinned();
    down(&mut world, "node-a", &json!("true"));
    world.run(120);
    scale(&mut world, 0);
    rival(&mut world);
    world.run(120);
    assert!(world.object("Pod", "web-0").terminating());
    assert_eq!(attached(&world), ["node-a"]);
    down(&mut world, "node-a", &Value::Null);
    world.settle();
    assert!(!world.exists("Pod", "web-0"));
    assert_eq!(attached(&world), ["node-b"]);
    assert_eq!(listed(&world, "node-a", "/status/volumesInUse"), Vec::<String>::new());
}

#[test]
fn a_volume_whose_claim_is_deleted_is_deleted_when_no_lost_node_holds_it() {
    let mut world = pinned();
    down(&mut world, "node-a", &json!("true"));
    world.run(120);
    scale(&mut world, 0);
    world.remove("PersistentVolumeClaim", "data-web-0");
    world.force("web-0");
    world.run(120);
    assert!(!world.exists("PersistentVolumeClaim", "data-web-0"));
    assert_eq!(world.list("PersistentVolume").len(), 1);
    assert_eq!(attached(&world), ["node-a"]);
    world.run(400);
    assert_eq!(attached(&world), Vec::<String>::new());
    assert_eq!(world.list("PersistentVolume").len(), 0);
}

#[test]
fn an_attachment_made_by_hand_is_left_alone() {
    let mut world = pinned();
    let volume = world.list("PersistentVolume").remove(0).name().to_owned();
    world.put(json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": { "name": "by-hand" },
        "spec": { "attacher": "d.example", "nodeName": "gone", "source": { "persistentVolumeName": volume } },
    }));
    world.run(3600);
    assert_eq!(attached(&world), ["gone?", "node-a"]);
}
