//! A field of the spec that stands beside it instead of below.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "misplaced-field",
    severity: Severity::Error,
    sources: &["S3-e1", "S3-e3", "SS-08"],
    summary: "a field stands beside `spec` instead of below it",
    page: include_str!("../../../docs/explain/misplaced-field.md"),
    checks: &[Check::Files(check)],
};

/// Kinds, and the fields of their spec that are sometimes found outside.
const FIELDS: &[(Kind, &[&str])] = &[
    (
        Kind::StatefulSet,
        &[
            "replicas",
            "selector",
            "template",
            "serviceName",
            "volumeClaimTemplates",
            "updateStrategy",
            "podManagementPolicy",
        ],
    ),
    (Kind::Deployment, &["replicas", "selector", "template", "strategy"]),
    (Kind::Service, &["ports", "selector", "clusterIP", "type"]),
    (Kind::Claim, &["accessModes", "resources", "storageClassName", "volumeName"]),
    (
        Kind::Volume,
        &[
            "capacity",
            "accessModes",
            "hostPath",
            "nfs",
            "csi",
            "local",
            "storageClassName",
            "persistentVolumeReclaimPolicy",
        ],
    ),
    (Kind::Pod, &["containers", "volumes", "initContainers"]),
    (Kind::Job, &["template", "backoffLimit"]),
];

/// Whether the key, found at the top of the document, belongs below its spec.
pub(in crate::diagnosis) fn is_misplaced(document: &Document, key: &str) -> bool {
    FIELDS.iter().any(|(kind, fields)| *kind == document.kind && fields.contains(&key))
}

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    for document in &all.documents {
        for entry in document.root.entries().iter().filter(|entry| is_misplaced(document, &entry.key)) {
            found.push(
                RULE.at_key(document, entry, format!("`{}` belongs below `spec`", entry.key))
                    .because("at the top of the object it means nothing; the server refuses it, or drops it when asked to be lenient")
                    .remedy("move it below `spec:`, two blanks further in"),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn fields_beside_the_spec_are_found() {
        let text = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec:\n  accessModes: [ReadWriteOnce]\nresources:\n  requests: {storage: 1Gi}\n";
        assert_eq!(fires(&RULE, text), ["6:1 `resources` belongs below `spec`"]);
    }

    #[test]
    fn fields_where_they_belong_are_fine() {
        silent(&RULE, SOUND);
        silent(&RULE, "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: Opaque\n");
    }
}
