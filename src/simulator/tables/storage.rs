//! Classes, volumes, claims and attachments.

use jiff::Timestamp;
use serde_json::Value;

use super::age;
use super::format::{UNSET, access_modes, name, or, text};

pub fn class(object: &Value, now: Timestamp) -> Vec<Value> {
    let annotations = &object["metadata"]["annotations"];
    let is_default =
        ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
            .iter()
            .any(|key| annotations[*key] == "true");
    let default = if is_default { " (default)" } else { "" };
    vec![
        format!("{}{default}", text(&object["metadata"]["name"])).into(),
        text(&object["provisioner"]).into(),
        or(&object["reclaimPolicy"], "Delete").into(),
        or(&object["volumeBindingMode"], "Immediate").into(),
        object["allowVolumeExpansion"].as_bool().unwrap_or(false).into(),
        age::cell(object, now),
    ]
}

/// The phase, unless the object is on its way out.
fn phase(object: &Value) -> Value {
    let leaves = !object["metadata"]["deletionTimestamp"].is_null();
    (if leaves { "Terminating" } else { text(&object["status"]["phase"]) }).into()
}

pub fn volume(object: &Value, now: Timestamp) -> Vec<Value> {
    let spec = &object["spec"];
    let claim = &spec["claimRef"];
    let claim = if claim.is_object() {
        format!("{}/{}", text(&claim["namespace"]), text(&claim["name"]))
    } else {
        String::new()
    };
    vec![
        name(object),
        text(&spec["capacity"]["storage"]).into(),
        access_modes(&spec["accessModes"]).into(),
        text(&spec["persistentVolumeReclaimPolicy"]).into(),
        phase(object),
        claim.into(),
        text(&spec["storageClassName"]).into(),
        or(&spec["volumeAttributesClassName"], UNSET).into(),
        text(&object["status"]["reason"]).into(),
        age::cell(object, now),
        or(&spec["volumeMode"], UNSET).into(),
    ]
}

pub fn claim(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let volume = text(&spec["volumeName"]);
    // Only of a claim that has a volume.
    let of_volume = |text: String| Value::from(if volume.is_empty() { String::new() } else { text });
    vec![
        name(object),
        phase(object),
        volume.into(),
        of_volume(text(&status["capacity"]["storage"]).to_owned()),
        of_volume(access_modes(&status["accessModes"])),
        text(&spec["storageClassName"]).into(),
        or(&spec["volumeAttributesClassName"], UNSET).into(),
        age::cell(object, now),
        or(&spec["volumeMode"], UNSET).into(),
    ]
}

pub fn attachment(object: &Value, now: Timestamp) -> Vec<Value> {
    let spec = &object["spec"];
    vec![
        name(object),
        text(&spec["attacher"]).into(),
        text(&spec["source"]["persistentVolumeName"]).into(),
        text(&spec["nodeName"]).into(),
        object["status"]["attached"].as_bool().unwrap_or(false).into(),
        age::cell(object, now),
    ]
}
