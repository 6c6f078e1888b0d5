//! What a copy tells of attached volumes: nodes list those of the copy alone,
//! and volumes of a driver that attaches nothing are marked. Drivers are not
//! read, but a volume that is in use and attached nowhere says it of its driver.

use std::collections::BTreeSet;

use serde_json::Value;

use super::annotate;
use crate::simulator::controllers::attachments::{NEVER_ATTACHED, needs_volumes, unique_name};
use crate::simulator::controllers::fields::{Fields, claim_names};
use crate::simulator::controllers::migrated::driver_and_handle;

/// Before the objects are taken in; kinds that could not be read say nothing.
pub(super) fn fit(objects: &mut [Value], unread: &[String]) {
    let known: BTreeSet<String> = of_kind(objects, "PersistentVolume").map(unique_name).collect();
    let is_read = |kind: &str| !unread.iter().any(|held| held == kind);
    let idle = if is_read("VolumeAttachment") { without_attachments(objects) } else { BTreeSet::new() };
    for object in objects {
        match object["kind"].as_str() {
            Some("Node") if is_read("PersistentVolume") => {
                for list in ["volumesInUse", "volumesAttached"] {
                    keep(object, list, &known);
                }
            }
            Some("PersistentVolume") if driver_and_handle(object).is_some_and(|(by, _)| idle.contains(by)) => {
                annotate(object, NEVER_ATTACHED, "true");
            }
            _ => {}
        }
    }
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

/// Drivers with a volume that a pod runs with, and without any attachment.
fn without_attachments(objects: &[Value]) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let attaching: BTreeSet<String> =
        of_kind(objects, "VolumeAttachment").filter_map(|held| text(&held["spec"]["attacher"])).collect();
    let running = of_kind(objects, "Pod").filter(|pod| pod["status"]["phase"] == "Running" && needs_volumes(pod));
    let claims: BTreeSet<(&str, String)> =
        running.flat_map(|pod| claim_names(pod).into_iter().map(|name| (pod.namespace(), name))).collect();
    let is_used = |volume: &&Value| {
        let claim = &volume["spec"]["claimRef"];
        claims.contains(&(claim.text("/namespace"), claim.text("/name").to_owned()))
    };
    let used = of_kind(objects, "PersistentVolume").filter(is_used);
    let drivers = used.filter_map(|volume| driver_and_handle(volume).map(|(driver, _)| driver.to_owned()));
    drivers.filter(|by| !attaching.contains(by)).collect()
}

/// Leaves out what is not known from a list of a node's status.
fn keep(node: &mut Value, list: &str, known: &BTreeSet<String>) {
    let Some(status) = node.get_mut("status").and_then(Value::as_object_mut) else { return };
    let Some(items) = status.get_mut(list).and_then(Value::as_array_mut) else { return };
    items.retain(|item| item.as_str().or(item["name"].as_str()).is_some_and(|name| known.contains(name)));
    if items.is_empty() {
        status.remove(list);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn copied() -> Vec<Value> {
        let volume = |name: &str, driver: &str| {
            json!({"kind": "PersistentVolume", "metadata": {"name": name}, "spec": {
                "csi": {"driver": driver, "volumeHandle": name}, "claimRef": {"namespace": "n", "name": name},
            }})
        };
        let pod = json!({"kind": "Pod", "metadata": {"namespace": "n"}, "status": {"phase": "Running"}, "spec": {
            "nodeName": "node", "volumes": [{"persistentVolumeClaim": {"claimName": "disk"}},
                                            {"persistentVolumeClaim": {"claimName": "share"}}],
        }});
        let attachment = json!({"kind": "VolumeAttachment", "spec": {"attacher": "disk.example"}});
        let node = json!({"kind": "Node", "status": {
            "volumesInUse": ["kubernetes.io/csi/disk.example^disk", "kubernetes.io/csi/disk.example^other"],
            "volumesAttached": [{"name": "kubernetes.io/csi/disk.example^other", "devicePath": ""}],
        }});
        vec![
            volume("disk", "disk.example"),
            volume("share", "share.example"),
            volume("idle", "idle.example"),
            pod,
            attachment,
            node,
        ]
    }

    #[test]
    fn nodes_list_volumes_of_the_copy_alone() {
        let mut objects = copied();
        fit(&mut objects, &[]);
        let status = json!({"volumesInUse": ["kubernetes.io/csi/disk.example^disk"]});
        assert_eq!(objects[5]["status"], status);
    }

    #[test]
    fn a_driver_whose_volumes_are_used_without_attachments_attaches_none() {
        let marked = |unread: &[String]| {
            let mut objects = copied();
            fit(&mut objects, unread);
            objects[..3].iter().map(|volume| volume["metadata"]["annotations"].is_object()).collect::<Vec<bool>>()
        };
        assert_eq!(marked(&[]), [false, true, false]);
        assert_eq!(marked(&["VolumeAttachment".to_owned()]), [false, false, false]);
    }
}
