//! Volumes: their sources, and what of them can change.

use serde_json::{Map, Value};

use super::go::{NODE_AFFINITY, in_go};
use super::pods::{host_path, iscsi, nfs, node_selector};
use super::read::{amount, items, needed, one_of, text, texts};
use super::{diff, disks, names};
use crate::simulator::quantity::Quantity;
use crate::simulator::status::Cause;

const ACCESS_MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
pub const VOLUME_MODES: &[&str] = &["Block", "Filesystem"];
/// Fields of a volume's spec that are no volume source.
const NO_SOURCE: &[&str] = &[
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];
/// Sources in the server's order of checks.
const ORDER: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];
const SECRETS: &[&str] =
    &["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"];

/// Modes of access: known ones, and the single pod's alone.
pub fn access_modes(path: &str, spec: &Value) -> Vec<Cause> {
    let modes = texts(spec, "accessModes", path);
    let field = format!("{path}.accessModes");
    let mut causes: Vec<Cause> = modes
        .iter()
        .filter(|(_, mode)| !ACCESS_MODES.contains(mode))
        .map(|(_, mode)| Cause::unsupported(field.as_str(), mode, ACCESS_MODES))
        .collect();
    let is_single = |mode: &str| mode == "ReadWriteOncePod";
    let has_other = modes.iter().any(|(_, mode)| !is_single(mode) && ACCESS_MODES.contains(mode));
    if has_other && modes.iter().any(|(_, mode)| is_single(mode)) {
        causes.push(Cause::forbidden(field, "may not use ReadWriteOncePod with other access modes"));
    }
    causes
}

/// An amount above zero.
pub fn positive(field: String, value: &Value) -> Option<Cause> {
    amount(value).is_some_and(|nanos| nanos <= 0).then(|| Cause::invalid(field, value, "must be greater than zero"))
}

/// An amount that is not negative, in whole units.
pub fn basic(field: &str, value: &Value) -> Option<Cause> {
    let units = value.as_str().and_then(Quantity::parse).map(Quantity::units).filter(|units| *units < 0)?;
    let shown = Value::from(i64::try_from(units).unwrap_or(i64::MIN));
    Some(Cause::invalid(field, &shown, "must be a valid resource quantity"))
}

/// A whole volume.
pub fn of_volume(volume: &Value) -> Vec<Cause> {
    let spec = &volume["spec"];
    let mut causes = Vec::new();
    if items(spec, "accessModes", "spec").is_empty() {
        causes.push(Cause::required("spec.accessModes", ""));
    }
    causes.extend(access_modes("spec", spec));
    capacity(&spec["capacity"], &mut causes);
    causes.extend(one_of(spec, "persistentVolumeReclaimPolicy", "spec", &["Delete", "Recycle", "Retain"]));
    let affinity = &spec["nodeAffinity"];
    if affinity.is_object() {
        if affinity["required"].is_null() {
            causes.push(Cause::required("spec.nodeAffinity.required", "must specify required node constraints"));
        } else {
            causes.extend(node_selector("spec.nodeAffinity.required", &affinity["required"]));
        }
    }
    sources(spec, &mut causes);
    let place = text(&spec["hostPath"], "path");
    if spec["persistentVolumeReclaimPolicy"] == "Recycle" && !place.is_empty() && place.chars().all(|one| one == '/') {
        let why = "may not be 'recycle' for a hostPath mount of '/'";
        causes.push(Cause::forbidden("spec.persistentVolumeReclaimPolicy", why));
    }
    let class = text(spec, "storageClassName");
    if !class.is_empty() {
        causes.extend(names::subdomain("spec.storageClassName", class));
    }
    causes.extend(one_of(spec, "volumeMode", "spec", VOLUME_MODES));
    if let Some(class) = spec["volumeAttributesClassName"].as_str() {
        causes.extend(attributes("spec.volumeAttributesClassName", class));
        if spec["csi"].is_null() {
            let why = "has to be specified when using volumeAttributesClassName";
            causes.push(Cause::required("spec.csi", why));
        }
    }
    causes
}

/// The name of a class of attributes, where one is written.
fn attributes(field: &str, class: &str) -> Vec<Cause> {
    if class.is_empty() {
        return vec![Cause::required(field, "an empty string is disallowed")];
    }
    names::subdomain(field, class)
}

fn capacity(capacity: &Value, causes: &mut Vec<Cause>) {
    let empty = Map::new();
    let amounts = capacity.as_object().unwrap_or(&empty);
    if amounts.is_empty() {
        causes.push(Cause::required("spec.capacity", ""));
    }
    if capacity["storage"].is_null() || amounts.len() > 1 {
        let mut sorted = capacity.clone();
        sorted.sort_all_objects();
        causes.push(Cause {
            reason: "FieldValueNotSupported",
            message: format!("Unsupported value: {sorted}: supported values: \"storage\""),
            field: "spec.capacity".to_owned(),
        });
    }
    for (name, value) in amounts {
        let field = format!("spec.capacity[{name}]");
        causes.extend(basic(&field, value));
        causes.extend(positive(field, value));
    }
}

fn sources(spec: &Value, causes: &mut Vec<Cause>) {
    let mut given = ORDER.iter().filter(|name| spec[**name].is_object());
    let Some(first) = given.next() else {
        causes.push(Cause::required("spec", "must specify a volume type"));
        return;
    };
    causes.extend(source(first, spec));
    for name in given {
        causes.push(Cause::forbidden(format!("spec.{name}"), "may not specify more than 1 volume type"));
    }
}

fn source(name: &str, spec: &Value) -> Vec<Cause> {
    let (path, source) = (format!("spec.{name}"), &spec[name]);
    match name {
        "hostPath" => host_path(&path, source),
        "nfs" => nfs(&path, source),
        "iscsi" => iscsi(&path, source),
        "csi" => csi(&path, source),
        "local" => {
            let mut causes: Vec<Cause> = needed(source, "path", &path).into_iter().collect();
            causes.extend(names::no_backsteps(&format!("{path}.path"), text(source, "path")));
            if spec["nodeAffinity"].is_null() {
                causes.push(Cause::required("spec.nodeAffinity", "Local volume requires node affinity"));
            }
            causes
        }
        _ => disks::of_disk("spec", name, source),
    }
}

fn csi(path: &str, source: &Value) -> Vec<Cause> {
    let mut causes = driver(&format!("{path}.driver"), text(source, "driver"));
    causes.extend(needed(source, "volumeHandle", path));
    for name in SECRETS.iter().filter(|name| source[**name].is_object()) {
        let (secret, path) = (&source[*name], format!("{path}.{name}"));
        match text(secret, "name") {
            "" => causes.extend(needed(secret, "name", &path)),
            name => causes.extend(names::subdomain(&format!("{path}.name"), name)),
        }
        match text(secret, "namespace") {
            "" => causes.extend(needed(secret, "namespace", &path)),
            name => causes.extend(names::label(&format!("{path}.namespace"), name)),
        }
    }
    causes
}

/// The name of a driver: a domain, in whatever case.
pub fn driver(field: &str, name: &str) -> Vec<Cause> {
    if name.is_empty() {
        return vec![Cause::required(field, "")];
    }
    let mut causes = Vec::new();
    if name.len() > 63 {
        causes.push(Cause::too_long(field, 63));
    }
    let lower = name.to_lowercase();
    causes.extend(names::subdomain(field, &lower).into_iter().map(|cause| cause.about(&lower, name)));
    causes
}

/// The storage behind a volume and its affinity stay what they are.
pub fn of_change(old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let source = |volume: &Value| {
        let mut spec = volume["spec"].clone();
        if let Some(fields) = spec.as_object_mut() {
            fields.retain(|name, _| !NO_SOURCE.contains(&name.as_str()));
        }
        spec
    };
    let (before, mut after) = (source(old), source(new));
    // The secret for growing may be added later.
    let secret = "controllerExpandSecretRef";
    if before["csi"].is_object()
        && before["csi"][secret].is_null()
        && let Some(disk) = after.get_mut("csi").and_then(Value::as_object_mut)
    {
        disk.shift_remove(secret);
    }
    if before != after {
        let difference = diff::of_volume_sources(&before, &after);
        let why = format!("spec.persistentvolumesource is immutable after creation{difference}");
        causes.push(Cause::forbidden("spec.persistentvolumesource", &why));
    }
    let (mode, wanted) = (&old["spec"]["volumeMode"], &new["spec"]["volumeMode"]);
    if mode != wanted {
        causes.push(Cause::invalid("volumeMode", wanted, "field is immutable"));
    }
    let (affinity, wanted) = (&old["spec"]["nodeAffinity"], &new["spec"]["nodeAffinity"]);
    if !affinity.is_null() && affinity != wanted {
        let why = "field is immutable, except for updating from beta label to GA";
        let shown = if wanted.is_null() { Value::Null } else { in_go(NODE_AFFINITY, wanted) };
        causes.push(Cause::invalid("nodeAffinity", &shown, why));
    }
    causes
}
