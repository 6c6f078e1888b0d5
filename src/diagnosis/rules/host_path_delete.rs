//! A folder of a node that is to be deleted with its claim.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "host-path-delete",
    severity: Severity::Warning,
    sources: &["S1-e4"],
    summary: "a folder of a node is to be deleted with its claim",
    page: include_str!("../../../docs/explain/host-path-delete.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let deletes = |volume: &Document| {
        let policy =
            volume.at("spec.persistentVolumeReclaimPolicy").filter(|policy| policy.text() == Some("Delete"))?;
        let path = volume.text("spec.hostPath.path");
        let message = if path.starts_with("/tmp/") {
            format!("the folder `{path}` is deleted together with the claim")
        } else if path.is_empty() {
            return None;
        } else {
            format!("the folder `{path}` cannot be deleted: the volume will be Failed when its claim goes")
        };
        Some(
            RULE.at(volume, policy, message)
                .because(
                    "the controller deletes folders below `/tmp/` only, and on the machine that it runs on itself, \
                     which need not be the node of the pod",
                )
                .remedy("write `Retain`, and remove the folder by hand when it is no longer wanted"),
        )
    };
    all.of_kind(Kind::Volume).filter_map(deletes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{fires, silent};

    const VOLUME: &str = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec:\n  persistentVolumeReclaimPolicy: Delete\n  hostPath: {path: /data/a}\n";

    #[test]
    fn a_folder_that_is_to_be_deleted_is_found() {
        let message = "the folder `/data/a` cannot be deleted: the volume will be Failed when its claim goes";
        assert_eq!(fires(&RULE, VOLUME), [format!("5:34 {message}")]);
        let in_tmp = VOLUME.replace("/data/a", "/tmp/a");
        assert_eq!(fires(&RULE, &in_tmp), ["5:34 the folder `/tmp/a` is deleted together with the claim"]);
    }

    #[test]
    fn volumes_that_can_be_deleted_and_folders_that_stay_are_left_alone() {
        silent(&RULE, &VOLUME.replace("Delete", "Retain"));
        silent(&RULE, &VOLUME.replace("hostPath: {path: /data/a}", "csi: {driver: a, volumeHandle: b}"));
    }
}
