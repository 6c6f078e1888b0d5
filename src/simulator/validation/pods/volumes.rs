//! The volumes of a pod by name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::sources;
use crate::simulator::status::Cause;
use crate::simulator::validation::names;
use crate::simulator::validation::read::{items, needed, text};

/// Volumes that containers can mount: those that nothing is wrong with.
pub type Known<'a> = BTreeMap<&'a str, &'a Value>;

/// Sources in the server's order of checks.
const ORDER: &[&str] = &[
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

/// The list of volumes.
pub fn of_list<'a>(path: &str, spec: &'a Value, causes: &mut Vec<Cause>) -> Known<'a> {
    let mut known = Known::new();
    for (path, volume) in items(spec, "volumes", path) {
        let name = text(volume, "name");
        let before = causes.len();
        let mut given = ORDER.iter().filter(|source| volume[**source].is_object());
        if let Some(first) = given.next() {
            causes.extend(sources::of_volume(&path, first, &volume[*first]));
        }
        for source in given {
            // Two of them the server misspells.
            let source = match *source {
                "cephfs" => "cephFS",
                "downwardAPI" => "downwarAPI",
                other => other,
            };
            causes.push(Cause::forbidden(format!("{path}.{source}"), "may not specify more than 1 volume type"));
        }
        if let Some(cause) = needed(volume, "name", &path) {
            causes.push(cause);
        } else {
            causes.extend(names::label(&format!("{path}.name"), name));
        }
        if known.contains_key(name) {
            causes.push(Cause::duplicate(format!("{path}.name"), name));
        }
        if causes.len() == before {
            known.insert(name, volume);
        }
    }
    known
}
