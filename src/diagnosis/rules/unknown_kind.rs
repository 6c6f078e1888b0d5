//! A kind that Kubernetes does not have in this version of the API.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::nearest::{nearest, shortened};
use crate::schema::table;

pub static RULE: Rule = Rule {
    code: "unknown-kind",
    severity: Severity::Error,
    sources: &["S1-e2"],
    summary: "Kubernetes has no such kind in this version of the API",
    page: include_str!("../../../docs/explain/unknown-kind.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    all.documents.iter().filter_map(unknown).collect()
}

fn unknown(document: &Document) -> Option<Finding> {
    let (version, kind) = (document.text("apiVersion"), document.text("kind"));
    let known = table().versions.get(version)?;
    // A kubeconfig is no object, and may well lie beside some.
    if ["", "List", "Config"].contains(&kind) || known.contains(kind) {
        return None;
    }
    let elsewhere = table().versions.iter().find(|(_, kinds)| kinds.contains(kind)).map(|(version, _)| version);
    let remedy = match (elsewhere, nearest(kind, known.iter().map(String::as_str))) {
        (Some(version), _) => format!("write `apiVersion: {version}`"),
        (None, Some(meant)) => format!("did you mean `{meant}`?"),
        (None, None) => "write the kind that is meant".to_owned(),
    };
    Some(
        RULE.at(document, document.at("kind")?, format!("there is no kind `{}` in `{version}`", shortened(kind)))
            .because("the server answers `no matches for kind`, and nothing is created")
            .remedy(remedy),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    #[test]
    fn a_misspelt_kind_and_one_of_another_version_are_told() {
        let text = SOUND.replace("kind: StatefulSet", "kind: Statefulset");
        assert_eq!(fires(&RULE, &text), ["12:7 there is no kind `Statefulset` in `apps/v1`"]);
        assert_eq!(found(&RULE, &text)[0].remedy, "did you mean `StatefulSet`?");
        let text = SOUND.replace("apiVersion: apps/v1", "apiVersion: v1");
        assert_eq!(found(&RULE, &text)[0].remedy, "write `apiVersion: apps/v1`");
    }

    #[test]
    fn kinds_that_are_there_and_groups_of_others_are_left_alone() {
        silent(&RULE, SOUND);
        silent(&RULE, "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: a}\n");
        silent(&RULE, "apiVersion: example.org/v1\nkind: Statefulset\n");
        silent(&RULE, "apiVersion: v1\nkind: Config\nclusters: []\n");
        silent(&RULE, "apiVersion: apps/v1beta1\nkind: Statefulset\n");
    }
}
