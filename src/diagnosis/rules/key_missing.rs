//! A key that a Secret or ConfigMap of the input does not have.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::references::{Lack, Reference, unmet};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::words::quoted;

pub static RULE: Rule = Rule {
    code: "key-missing",
    severity: Severity::Error,
    sources: &["S3-e2"],
    summary: "a Secret or ConfigMap lacks the key that a pod names",
    page: include_str!("../../../docs/explain/key-missing.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let lost = |(document, reference, lack): (&Document, Reference<'_>, Lack<'_>)| {
        let Lack::Key { title, keys } = lack else { return None };
        let key = reference.key?;
        let has = if keys.is_empty() { "it has none".to_owned() } else { format!("it has {}", quoted(keys)) };
        Some(
            RULE.at(document, key, format!("{title} has no key `{}`", key.text()?))
                .evidence(has)
                .because("the container never starts (`CreateContainerConfigError`), or its volume is never mounted")
                .remedy("write a key that is there, or add this one"),
        )
    };
    unmet(all).into_iter().filter_map(lost).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{SOUND, beyond, fires, fires_beyond, found, silent, silent_beyond};

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

    #[test]
    fn a_secret_of_the_cluster_is_held_against_the_key_too() {
        let text = with("password");
        let alone = text.split_once("---\n").unwrap().1;
        let secret = |key: &str| {
            let metadata = json!({"namespace": "default", "name": "login"});
            beyond(&[json!({"kind": "Secret", "metadata": metadata, "data": {key: "aHVudGVyMg=="}})])
        };
        let found = fires_beyond(&RULE, alone, secret("user"));
        assert_eq!(found[0].message, "Secret/login of the cluster has no key `password`");
        assert_eq!(found[0].evidence, ["it has `user`"]);
        silent_beyond(&RULE, alone, secret("password"));
    }
}
