//! A class for disks of a zone that chooses the zone before the pod.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "immediate-binding",
    severity: Severity::Warning,
    sources: &["S4-e5", "PV-06"],
    summary: "a class chooses a zone before the pod is placed",
    page: include_str!("../../../docs/explain/immediate-binding.md"),
    checks: &[Check::Files(check)],
};

/// Drivers whose volumes can only be reached from one zone.
const ZONAL: [&str; 8] = [
    "ebs.csi.aws.com",
    "kubernetes.io/aws-ebs",
    "pd.csi.storage.gke.io",
    "kubernetes.io/gce-pd",
    "disk.csi.azure.com",
    "kubernetes.io/azure-disk",
    "cinder.csi.openstack.org",
    "kubernetes.io/cinder",
];

fn check(all: &Manifests) -> Vec<Finding> {
    let early = |class: &Document| {
        let provisioner =
            class.at("provisioner").filter(|driver| driver.text().is_some_and(|name| ZONAL.contains(&name)))?;
        let mode = class.at("volumeBindingMode");
        if mode.and_then(Placed::text) == Some("WaitForFirstConsumer") || class.at("allowedTopologies").is_some() {
            return None;
        }
        Some(
            RULE.at(class, mode.unwrap_or(provisioner), "each volume gets its zone before its pod gets a node")
                .because(
                    "the disk can only be reached from its zone; a pod that finds no room there stays Pending, \
                     however empty the other zones are",
                )
                .remedy(
                    "write `volumeBindingMode: WaitForFirstConsumer`, in a class of a new name: it cannot be changed",
                ),
        )
    };
    all.of_kind(Kind::Class).filter_map(early).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{fires, silent};

    const CLASS: &str =
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: a}\nprovisioner: ebs.csi.aws.com\n";

    #[test]
    fn a_class_that_does_not_wait_is_found() {
        assert_eq!(fires(&RULE, CLASS), ["4:14 each volume gets its zone before its pod gets a node"]);
    }

    #[test]
    fn waiting_and_storage_without_zones_are_fine() {
        silent(&RULE, &format!("{CLASS}volumeBindingMode: WaitForFirstConsumer\n"));
        silent(&RULE, &CLASS.replace("ebs.csi.aws.com", "nfs.csi.k8s.io"));
    }
}
