//! A StorageClass that does not say who makes its volumes, often another kind in its clothes.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "class-without-provisioner",
    severity: Severity::Error,
    sources: &["S3-e4"],
    summary: "a StorageClass names no provisioner",
    page: include_str!("../../../docs/explain/class-without-provisioner.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let bare = |class: &Document| {
        if !class.text("provisioner").is_empty() {
            return None;
        }
        let finding = RULE.on(class, "the class does not say who makes its volumes");
        let looks_like_volume = class.at("spec.capacity").is_some() || class.at("capacity").is_some();
        let finding = if looks_like_volume {
            finding.evidence("it has a capacity: this looks like a PersistentVolume")
        } else {
            finding
        };
        Some(
            finding
                .because("a class is a way to make volumes, not a volume; the server refuses one without `provisioner`")
                .remedy(
                    "write `provisioner:` with the name of a driver of the cluster, or `kubernetes.io/no-provisioner` \
                     if all volumes are made by hand; write `kind: PersistentVolume` if a volume is meant",
                ),
        )
    };
    all.of_kind(Kind::Class).filter_map(bare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{fires, found, silent};

    #[test]
    fn a_volume_under_the_name_of_a_class_is_found() {
        let text = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: a}\nspec: {capacity: {storage: 1Gi}}\n";
        assert_eq!(fires(&RULE, text), ["2:1 the class does not say who makes its volumes"]);
        assert_eq!(found(&RULE, text)[0].evidence.len(), 1);
    }

    #[test]
    fn a_class_with_a_provisioner_is_fine() {
        silent(
            &RULE,
            "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: a}\nprovisioner: kubernetes.io/no-provisioner\n",
        );
    }
}
