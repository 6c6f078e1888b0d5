//! A kind of volume that Kubernetes no longer knows.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "removed-volume-type",
    severity: Severity::Error,
    sources: &["S3-e10"],
    summary: "a kind of volume that is gone",
    page: include_str!("../../../docs/explain/removed-volume-type.md"),
    checks: &[Check::Files(check)],
};

/// Kinds of volumes, the release without them, and what to use instead.
const GONE: &[(&str, &str, &str)] = &[
    ("glusterfs", "1.26", "an NFS export of the same folders, or a driver for it"),
    ("flocker", "1.25", "a CSI driver"),
    ("quobyte", "1.25", "the CSI driver of Quobyte"),
    ("storageos", "1.25", "a CSI driver"),
    ("scaleIO", "1.22", "the CSI driver of PowerFlex"),
    ("cephfs", "1.31", "the CSI driver of Ceph"),
    ("rbd", "1.31", "the CSI driver of Ceph"),
    ("photonPersistentDisk", "1.11", "a CSI driver"),
];

fn check(all: &Manifests) -> Vec<Finding> {
    let of = |document: &Document, volume: &Placed| {
        let (kind, since, instead) = GONE.iter().find(|(kind, ..)| volume.get(kind).is_some())?;
        Some(
            RULE.at_key(document, volume.entry(kind)?, format!("`{kind}` volumes are gone since Kubernetes {since}"))
                .because("no node can mount it any more; newer servers drop the field or refuse it")
                .remedy(format!("use {instead}")),
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
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn a_kind_of_volume_that_is_gone_is_found_in_volumes_and_pods() {
        let volume = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec:\n  glusterfs: {path: a}\n";
        assert_eq!(fires(&RULE, volume), ["5:3 `glusterfs` volumes are gone since Kubernetes 1.26"]);
        let text =
            SOUND.replace("      containers:", "      volumes:\n      - {name: a, rbd: {image: a}}\n      containers:");
        assert_eq!(fires(&RULE, &text), ["25:19 `rbd` volumes are gone since Kubernetes 1.31"]);
    }

    #[test]
    fn drivers_are_left_alone() {
        silent(
            &RULE,
            "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec: {csi: {driver: rbd.csi.ceph.com}}\n",
        );
    }
}
