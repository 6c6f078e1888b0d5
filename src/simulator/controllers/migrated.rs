//! Disks that volumes and classes may still name in the words from before there
//! were drivers, and the driver that has taken each of them over. What the
//! handles become is the rule of Kubernetes' own csi-translation-lib.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::Step;
use super::binder::{PROVISIONED_BY, PROVISIONER, PROVISIONER_BETA};
use super::fields::Fields;

/// On a claim or volume whose provisioner is one of before: who does its work.
const MIGRATED_TO: &str = "pv.kubernetes.io/migrated-to";

/// What stands for a project or zone that a volume does not tell.
const UNSPECIFIED: &str = "UNSPECIFIED";

/// What a disk was called before.
struct Former {
    provisioner: &'static str,
    /// The field of a volume's spec, and the one in it that names the disk.
    source: &'static str,
    disk: &'static str,
    driver: &'static str,
    /// What the driver calls a disk, by the volume and its name there.
    handle: fn(&Value, &str) -> String,
}

const fn former(provisioner: &'static str, source: &'static str, disk: &'static str, driver: &'static str) -> Former {
    Former { provisioner, source, disk, driver, handle: same }
}

const FORMER: &[Former] = &[
    Former {
        handle: within_aws,
        ..former("kubernetes.io/aws-ebs", "awsElasticBlockStore", "volumeID", "ebs.csi.aws.com")
    },
    Former {
        handle: place_of,
        ..former("kubernetes.io/gce-pd", "gcePersistentDisk", "pdName", "pd.csi.storage.gke.io")
    },
    former("kubernetes.io/azure-disk", "azureDisk", "diskURI", "disk.csi.azure.com"),
    former("kubernetes.io/vsphere-volume", "vsphereVolume", "volumePath", "csi.vsphere.vmware.com"),
    former("kubernetes.io/cinder", "cinder", "volumeID", "cinder.csi.openstack.org"),
];

/// The driver that does the work of a provisioner of before.
pub(super) fn driver_of_former(provisioner: &str) -> Option<&'static str> {
    FORMER.iter().find(|former| former.provisioner == provisioner).map(|former| former.driver)
}

/// The driver of a volume, and what the driver calls it.
pub(in crate::simulator) fn driver_and_handle(volume: &Value) -> Option<(&str, Cow<'_, str>)> {
    let driver = volume.text("/spec/csi/driver");
    if !driver.is_empty() {
        return Some((driver, volume.text("/spec/csi/volumeHandle").into()));
    }
    let former = FORMER.iter().find(|former| volume["spec"][former.source].is_object())?;
    let disk = volume["spec"][former.source][former.disk].as_str().unwrap_or_default();
    Some((former.driver, (former.handle)(volume, disk).into()))
}

fn same(_: &Value, disk: &str) -> String {
    disk.to_owned()
}

/// As in `aws://eu-1a/vol-1`.
fn within_aws(_: &Value, disk: &str) -> String {
    let id = if disk.starts_with("aws://") { disk.rsplit('/').next() } else { None };
    id.unwrap_or(disk).to_owned()
}

/// A disk of Google's with its place: in one zone, in a region, or nowhere in particular.
fn place_of(volume: &Value, disk: &str) -> String {
    let label = |key: &str| volume["metadata"]["labels"][key].as_str().filter(|zones| !zones.is_empty());
    let zones = label("failure-domain.beta.kubernetes.io/zone").or_else(|| label("topology.kubernetes.io/zone"));
    match zones.map(|zones| (zones, zones.split_once("__"))) {
        None => format!("projects/{UNSPECIFIED}/zones/{UNSPECIFIED}/disks/{disk}"),
        Some((zone, None)) => format!("projects/{UNSPECIFIED}/zones/{zone}/disks/{disk}"),
        Some((_, Some((zone, _)))) => {
            let region = zone.rsplit_once('-').map_or(zone, |(region, _)| region);
            format!("projects/{UNSPECIFIED}/regions/{region}/disks/{disk}")
        }
    }
}

/// Whether somebody outside of the controllers deletes this volume.
pub(super) fn is_migrated(volume: &Value) -> bool {
    volume.annotation(MIGRATED_TO).is_some_and(|driver| !driver.is_empty())
}

/// Notes on a claim or volume who does the work of its provisioner; whether
/// there was something to note.
pub(super) fn note(object: &Value, step: &mut Step) -> bool {
    let keys: &[&str] =
        if object.kind() == "PersistentVolume" { &[PROVISIONED_BY] } else { &[PROVISIONER, PROVISIONER_BETA] };
    let Some(provisioner) = keys.iter().find_map(|key| object.annotation(key)) else { return false };
    let (wanted, noted) = (driver_of_former(provisioner), object.annotation(MIGRATED_TO));
    if wanted == noted.filter(|driver| !driver.is_empty()) {
        return false;
    }
    step.patch_unchanged(object, json!({ "metadata": { "annotations": { MIGRATED_TO: wanted } } }));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_of_before_have_the_handles_of_their_drivers() {
        let found = |source: &str, disk: Value, zones: Option<&str>| {
            let volume =
                json!({"metadata": {"labels": {"topology.kubernetes.io/zone": zones}}, "spec": {source: disk}});
            driver_and_handle(&volume).map(|(driver, handle)| format!("{driver} {handle}"))
        };
        let told = |text: &str| Some(text.to_owned());
        let aws = |id: &str| found("awsElasticBlockStore", json!({"volumeID": id}), None);
        assert_eq!(aws("aws://eu-1a/vol-1"), told("ebs.csi.aws.com vol-1"));
        assert_eq!(aws("vol-1"), told("ebs.csi.aws.com vol-1"));
        let gce = |zones| found("gcePersistentDisk", json!({"pdName": "d"}), zones);
        let of = "pd.csi.storage.gke.io projects/UNSPECIFIED";
        assert_eq!(gce(Some("eu-west1-b")), told(&format!("{of}/zones/eu-west1-b/disks/d")));
        assert_eq!(gce(Some("eu-west1-b__eu-west1-c")), told(&format!("{of}/regions/eu-west1/disks/d")));
        assert_eq!(gce(None), told(&format!("{of}/zones/UNSPECIFIED/disks/d")));
        assert_eq!(found("azureDisk", json!({"diskURI": "/a/b"}), None), told("disk.csi.azure.com /a/b"));
        assert_eq!(found("hostPath", json!({"path": "/a"}), None), None);
    }
}
