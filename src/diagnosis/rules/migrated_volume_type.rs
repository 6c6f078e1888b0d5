//! A kind of volume that a CSI driver has taken over.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "migrated-volume-type",
    severity: Severity::Warning,
    sources: &["S3-e10"],
    summary: "a kind of volume that a CSI driver has taken over",
    page: include_str!("../../../docs/explain/migrated-volume-type.md"),
    checks: &[Check::Files(check)],
};

/// Kinds of volumes and the drivers that serve them today.
const MOVED: &[(&str, &str)] = &[
    ("awsElasticBlockStore", "ebs.csi.aws.com"),
    ("gcePersistentDisk", "pd.csi.storage.gke.io"),
    ("azureDisk", "disk.csi.azure.com"),
    ("azureFile", "file.csi.azure.com"),
    ("cinder", "cinder.csi.openstack.org"),
    ("vsphereVolume", "csi.vsphere.vmware.com"),
    ("portworxVolume", "pxd.portworx.com"),
];

fn check(all: &Manifests) -> Vec<Finding> {
    let of = |document: &Document, volume: &Placed| {
        let (kind, driver) = MOVED.iter().find(|(kind, _)| volume.get(kind).is_some())?;
        Some(
            RULE.at_key(document, volume.entry(kind)?, format!("`{kind}` is served by the driver `{driver}` today"))
                .because(
                    "Kubernetes hands such volumes to that driver; without it on the cluster no pod can mount them",
                )
                .remedy(format!(
                    "see that the driver is installed, and write new volumes with `csi: {{driver: {driver}}}`"
                )),
        )
    };
    all.documents
        .iter()
        .flat_map(|document| document.volume_sources().filter_map(move |volume| of(document, volume)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{fires, silent};

    #[test]
    fn a_volume_of_a_driver_that_moved_is_found() {
        let volume = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec:\n  awsElasticBlockStore: {volumeID: a}\n";
        assert_eq!(
            fires(&RULE, volume),
            ["5:3 `awsElasticBlockStore` is served by the driver `ebs.csi.aws.com` today"]
        );
    }

    #[test]
    fn kinds_that_stayed_are_left_alone() {
        silent(
            &RULE,
            "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec: {nfs: {server: a, path: /b}}\n",
        );
    }
}
