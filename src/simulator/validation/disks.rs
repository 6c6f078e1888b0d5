//! Disks and shares of other makers, which volumes and the volumes of pods name
//! alike. What is here is checked; the few that are left are taken as they are.

use serde_json::Value;

use super::read::{between, items, needed, text};
use crate::simulator::status::Cause;

/// What each source must name.
const NEEDED: &[(&str, &[&str])] = &[
    ("glusterfs", &["endpoints", "path"]),
    ("cinder", &["volumeID"]),
    ("flexVolume", &["driver"]),
    ("vsphereVolume", &["volumePath"]),
    ("portworxVolume", &["volumeID"]),
    ("azureFile", &["secretName", "shareName"]),
    ("awsElasticBlockStore", &["volumeID"]),
    ("gcePersistentDisk", &["pdName"]),
    ("azureDisk", &["diskName", "diskURI"]),
];

/// Sources that are spread over several servers.
const MONITORED: &[&str] = &["cephfs", "rbd"];

/// The source of this name below a path.
pub fn of_disk(path: &str, name: &str, source: &Value) -> Vec<Cause> {
    // The server shortens one of the names.
    let shown = if name == "gcePersistentDisk" { "persistentDisk" } else { name };
    let path = format!("{path}.{shown}");
    let mut causes = Vec::new();
    if MONITORED.contains(&name) && items(source, "monitors", &path).is_empty() {
        causes.push(Cause::required(format!("{path}.monitors"), ""));
    }
    if name == "rbd" {
        causes.extend(needed(source, "image", &path));
    }
    let fields = NEEDED.iter().filter(|(known, _)| *known == name).flat_map(|(_, fields)| fields.iter());
    causes.extend(fields.filter_map(|field| needed(source, field, &path)));
    if matches!(name, "awsElasticBlockStore" | "gcePersistentDisk") {
        let partition = &source["partition"];
        if partition.as_i64().is_some_and(|number| !(0..=255).contains(&number)) {
            causes.extend(between(partition, &format!("{path}.partition"), 1, 255));
        }
    }
    match name {
        "azureDisk" => causes.extend(azure(&path, source)),
        "fc" => causes.extend(fibre(&path, source)),
        _ => {}
    }
    causes
}

fn azure(path: &str, source: &Value) -> Option<Cause> {
    let (start, shown) = if text(source, "kind") == "Managed" {
        let parts = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
        ("/subscriptions/", parts)
    } else {
        ("https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd")
    };
    let uri = text(source, "diskURI");
    (!uri.starts_with(start)).then(|| Cause::unsupported(format!("{path}.diskURI"), uri, &[shown]))
}

fn fibre(path: &str, source: &Value) -> Vec<Cause> {
    let names = items(source, "targetWWNs", path);
    let has_ids = !items(source, "wwids", path).is_empty();
    let field = format!("{path}.targetWWNs");
    let mut causes = Vec::new();
    if names.is_empty() && !has_ids {
        causes.push(Cause::required(field, "must specify either targetWWNs or wwids, but not both"));
    } else if !names.is_empty() && has_ids {
        let why = "targetWWNs and wwids can not be specified simultaneously";
        causes.push(Cause::invalid(field, &source["targetWWNs"], why));
    }
    if !names.is_empty() {
        let field = format!("{path}.lun");
        causes.extend(if source["lun"].is_null() {
            Some(Cause::required(field, "lun is required if targetWWNs is specified"))
        } else {
            between(&source["lun"], &field, 0, 255)
        });
    }
    causes
}
