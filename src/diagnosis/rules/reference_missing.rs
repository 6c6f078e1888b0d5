//! A Secret or ConfigMap that no object of the input is, while others of its kind are.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::references::{Reference, references};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "reference-missing",
    severity: Severity::Warning,
    sources: &["S3-e2"],
    summary: "none of the Secrets or ConfigMaps is the one that a pod names",
    page: include_str!("../../../docs/explain/reference-missing.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    for document in all.workloads() {
        for reference in references(document) {
            found.extend(lost(all, document, &reference));
        }
    }
    found.dedup_by(|one, other| one.message == other.message && one.object == other.object);
    found
}

fn lost(all: &Manifests, document: &Document, reference: &Reference<'_>) -> Option<Finding> {
    let name = reference.name.text()?;
    let here: Vec<&str> = all
        .of_kind(reference.kind)
        .filter(|other| other.namespace() == document.namespace())
        .map(Document::name)
        .collect();
    // Without any of the kind here they may well be on the cluster.
    if here.is_empty() || here.contains(&name) {
        return None;
    }
    let kind = if reference.kind == Kind::Secret { "Secret" } else { "ConfigMap" };
    let listed: Vec<String> = here.iter().map(|name| format!("`{name}`")).collect();
    Some(
        RULE.at(document, reference.name, format!("there is no {kind} `{name}` among these"))
            .evidence(format!("there are {}", listed.join(", ")))
            .because("if the cluster has none either, the container never starts (`CreateContainerConfigError`), or its volume is never mounted")
            .remedy("write the name of the one that is meant, or add it; `optional: true` lets the pod start without"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    fn with(name: &str) -> String {
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: hunter2}\n---\n";
        let variable = format!(
            "env:\n        - name: A\n          valueFrom: {{secretKeyRef: {{name: {name}, key: password}}}}\n        readinessProbe:"
        );
        format!("{secret}{}", SOUND.replace("readinessProbe:", &variable))
    }

    #[test]
    fn another_name_than_that_of_the_secret_is_found() {
        assert_eq!(fires(&RULE, &with("log-in")), ["34:44 there is no Secret `log-in` among these"]);
        assert_eq!(found(&RULE, &with("log-in"))[0].evidence, ["there are `login`"]);
        let volume = SOUND
            .replace("      containers:", "      volumes:\n      - {name: c, configMap: {name: b}}\n      containers:");
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n";
        assert_eq!(fires(&RULE, &format!("{map}{volume}")), ["29:37 there is no ConfigMap `b` among these"]);
    }

    #[test]
    fn the_right_name_optional_ones_and_input_without_secrets_are_fine() {
        silent(&RULE, &with("login"));
        silent(&RULE, with("other").split_once("---\n").unwrap().1);
        silent(&RULE, &with("other").replace("key: password}", "key: password, optional: true}"));
    }
}
