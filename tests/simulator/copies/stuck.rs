//! What was found stuck stays so in a copy: its cause is outside of it.

use serde_json::{Value, json};

use super::{CLAIM, POD, copy, meta, objects, pod};
use crate::support::{get, merge, run, seconds};

#[test]
fn a_pod_that_does_not_stop_and_a_node_that_is_down_stay_that_way() {
    let mut objects = objects();
    for object in &mut objects {
        match object["kind"].as_str() {
            Some("Pod") => {
                object["metadata"]["deletionTimestamp"] = json!("2026-05-01T09:00:00Z");
                object["metadata"]["deletionGracePeriodSeconds"] = json!(30);
            }
            Some("Node") => object["status"]["conditions"][0]["status"] = json!("Unknown"),
            _ => {}
        }
    }
    let simulator = copy(objects);
    run(&simulator, seconds(600));
    assert_eq!(get(&simulator, POD).ok()["metadata"]["uid"], pod("True")["metadata"]["uid"]);
    assert_eq!(get(&simulator, "/api/v1/nodes/n1").ok()["status"]["conditions"][0]["status"], "Unknown");
    // It comes back: a pod that was deleted meanwhile ends, and its set makes another.
    let back = json!({"metadata": {"annotations": {"sandbox.kubectl-stateful/node-down": null}}});
    merge(&simulator, "/api/v1/nodes/n1", &back).ok();
    run(&simulator, seconds(600));
    assert_ne!(get(&simulator, POD).ok()["metadata"]["uid"], pod("True")["metadata"]["uid"]);
}

/// A claim that its provisioner, or resizer, has left alone for a day.
fn waiting_claim(name: &str, spec: &Value, status: &Value) -> Value {
    let mut meta = meta(name, 20);
    meta["annotations"] = json!({"volume.kubernetes.io/storage-provisioner": "ebs.csi.aws.com"});
    let mut claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "status": status,
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "ebs", "volumeMode": "Filesystem"}});
    for (key, value) in spec.as_object().unwrap() {
        claim["spec"][key] = value.clone();
    }
    claim
}

#[test]
fn a_claim_that_waits_in_vain_for_a_volume_or_for_more_of_it_goes_on_waiting() {
    let mut objects = objects();
    let more = json!({"requests": {"storage": "2Gi"}});
    let late = waiting_claim("late", &json!({"resources": more}), &json!({"phase": "Pending"}));
    objects.push(late);
    objects.iter_mut().find(|object| object["kind"] == "StorageClass").unwrap()["volumeBindingMode"] =
        json!("Immediate");
    objects.iter_mut().find(|object| object["kind"] == "PersistentVolumeClaim").unwrap()["spec"]["resources"] = more;
    let simulator = copy(objects);
    run(&simulator, seconds(600));
    let late = CLAIM.replace("data-db-0", "late");
    assert_eq!(get(&simulator, &late).ok()["status"]["phase"], "Pending");
    assert_eq!(get(&simulator, CLAIM).ok()["status"]["capacity"]["storage"], "1Gi");
    let lift = json!({"metadata": {"annotations": {"sandbox.kubectl-stateful/as-captured": null}}});
    for claim in [late.as_str(), CLAIM] {
        merge(&simulator, claim, &lift).ok();
    }
    run(&simulator, seconds(60));
    assert_eq!(get(&simulator, &late).ok()["status"]["phase"], "Bound", "what kept it is lifted");
    assert_eq!(get(&simulator, CLAIM).ok()["status"]["capacity"]["storage"], "2Gi");
}

#[test]
fn attachments_and_volumes_that_are_stuck_stay_so() {
    const PROVISIONER: &str = "external-provisioner.volume.kubernetes.io/finalizer";
    let long_ago = json!("2026-05-01T09:00:00Z");
    let mut objects = objects();
    let volume = objects.iter().find(|object| object["kind"] == "PersistentVolume").unwrap().clone();
    let is_node = |object: &&mut Value| object["kind"] == "Node";
    objects.iter_mut().find(is_node).unwrap()["metadata"]["annotations"] =
        json!({"volumes.kubernetes.io/controller-managed-attach-detach": "true"});
    let attachment = |name: &str, extra: Value| {
        let mut meta = meta(name, 30);
        meta.as_object_mut().unwrap().remove("namespace");
        meta["finalizers"] = json!(["external-attacher/ebs-csi-aws-com"]);
        json_patch::merge(&mut meta, &extra);
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", "metadata": meta, "status": {"attached": false},
               "spec": {"attacher": "ebs.csi.aws.com", "nodeName": "n1", "source": {"persistentVolumeName": "pvc-4"}}})
    };
    // What `printf vol-1ebs.csi.aws.comn1 | sha256sum` says.
    let ours = "csi-ddbfb4470da740e26d0871a8e7cbfaaea0fe241c682170c176b52f44abb4a3be";
    objects.push(attachment(ours, json!({})));
    objects.push(attachment("csi-late", json!({"deletionTimestamp": long_ago, "deletionGracePeriodSeconds": 0})));
    for (name, phase, deleted) in [
        ("failed", "Failed", false),
        ("ending", "Available", true),
        ("released", "Released", false),
        ("fresh", "Released", false),
    ] {
        let mut other = volume.clone();
        other["metadata"]["name"] = json!(name);
        other["metadata"]["finalizers"] = json!([PROVISIONER]);
        other["spec"]["claimRef"] = if deleted {
            Value::Null
        } else {
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "prod", "name": name, "uid": "x"})
        };
        let since = if name == "fresh" { json!("2026-05-01T09:59:50Z") } else { long_ago.clone() };
        other["status"] = json!({"phase": phase, "lastPhaseTransitionTime": since});
        if deleted {
            other["metadata"]["deletionTimestamp"] = long_ago.clone();
        }
        objects.push(other);
    }
    let simulator = copy(objects);
    run(&simulator, seconds(600));
    let attachments = get(&simulator, "/apis/storage.k8s.io/v1/volumeattachments").ok();
    let held: Vec<bool> =
        attachments["items"].as_array().unwrap().iter().map(|held| held["status"]["attached"] == true).collect();
    assert_eq!(held, [false, false]);
    let phase = |name: &str| {
        let held = get(&simulator, &format!("/api/v1/persistentvolumes/{name}")).body;
        held["status"]["phase"].as_str().unwrap_or("gone").to_owned()
    };
    assert_eq!(["failed", "ending", "released"].map(phase), ["Failed", "Available", "Released"]);
    assert_eq!(get(&simulator, "/api/v1/persistentvolumes/fresh").code, 404, "that one was on its way");
}
