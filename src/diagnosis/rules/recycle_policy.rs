//! A reclaim policy that wipes the volume. What people used it for, having the
//! volume free again, is done by releasing it by hand.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "recycle-policy",
    severity: Severity::Warning,
    sources: &["S1-e3"],
    summary: "a volume is wiped as soon as its claim goes",
    page: include_str!("../../../docs/explain/recycle-policy.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let recycles = |volume: &Document| {
        let policy =
            volume.at("spec.persistentVolumeReclaimPolicy").filter(|policy| policy.text() == Some("Recycle"))?;
        Some(
            RULE.at(volume, policy, "the volume is wiped as soon as its claim is deleted")
                .because(
                    "`Recycle` runs a pod that deletes everything in it, for a folder of a node perhaps on another node; \
                     it is deprecated and works for NFS and folders only",
                )
                .remedy(
                    "write `Retain`; to give the volume to another claim once it is Released, let its `spec.claimRef` name that claim, \
                     without `uid` and `resourceVersion`",
                ),
        )
    };
    all.of_kind(Kind::Volume).filter_map(recycles).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{fires, silent};

    const VOLUME: &str = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec:\n  persistentVolumeReclaimPolicy: Recycle\n";

    #[test]
    fn a_volume_that_recycles_is_found() {
        assert_eq!(fires(&RULE, VOLUME), ["5:34 the volume is wiped as soon as its claim is deleted"]);
    }

    #[test]
    fn one_that_is_kept_is_not() {
        silent(&RULE, &VOLUME.replace("Recycle", "Retain"));
    }
}
