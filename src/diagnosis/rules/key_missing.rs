//! A key that a Secret or ConfigMap of the input does not have.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::references::{Reference, references};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "key-missing",
    severity: Severity::Error,
    sources: &["S3-e2"],
    summary: "a Secret or ConfigMap lacks the key that a pod names",
    page: include_str!("../../../docs/explain/key-missing.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    for document in all.workloads() {
        for reference in references(document) {
            found.extend(lost(all, document, &reference));
        }
    }
    found
}

fn lost(all: &Manifests, document: &Document, reference: &Reference<'_>) -> Option<Finding> {
    let (name, key) = (reference.name.text()?, reference.key?);
    let source = all.find(reference.kind, document.namespace(), name)?;
    let asked = key.text()?;
    let maps = ["data", "stringData", "binaryData"].into_iter().filter_map(|map| source.at(map));
    let keys: Vec<&str> = maps.flat_map(Placed::entries).map(|entry| entry.key.as_str()).collect();
    if keys.contains(&asked) {
        return None;
    }
    let listed: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    let has = if listed.is_empty() { "it has none".to_owned() } else { format!("it has {}", listed.join(", ")) };
    Some(
        RULE.at(document, key, format!("{} has no key `{asked}`", source.title()))
            .evidence(has)
            .because("the container never starts (`CreateContainerConfigError`), or its volume is never mounted")
            .remedy("write a key that is there, or add this one"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    fn with(key: &str) -> String {
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: hunter2}\n---\n";
        let variable = format!(
            "env:\n        - name: A\n          valueFrom: {{secretKeyRef: {{name: login, key: {key}}}}}\n        readinessProbe:"
        );
        format!("{secret}{}", SOUND.replace("readinessProbe:", &variable))
    }

    #[test]
    fn a_key_that_the_secret_lacks_is_found_and_no_value_is_shown() {
        let text = with("pasword");
        assert_eq!(fires(&RULE, &text), ["34:56 Secret/login has no key `pasword`"]);
        assert_eq!(found(&RULE, &text)[0].evidence, ["it has `password`"]);
        assert!(!format!("{:?}", found(&RULE, &text)).contains("hunter2"));
    }

    #[test]
    fn a_key_that_is_there_is_fine() {
        silent(&RULE, &with("password"));
    }
}
