//! A Secret, ConfigMap, claim, account or priority that no object of the input is, while others of its kind are.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::references::{Lack, Reference, unmet};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::words::quoted;

pub static RULE: Rule = Rule {
    code: "reference-missing",
    severity: Severity::Warning,
    sources: &["S3-e2"],
    summary: "something that a pod names is not there: a Secret, ConfigMap, claim, account or priority",
    page: include_str!("../../../docs/explain/reference-missing.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        unmet(all).into_iter().filter_map(|(document, reference, lack)| lost(document, &reference, lack)).collect();
    found.dedup_by(|one, other| one.message == other.message && one.object == other.object);
    found
}

const CONTAINER_WAITS: &str =
    "the container never starts (`CreateContainerConfigError`), or its volume is never mounted";

fn lost(document: &Document, reference: &Reference<'_>, lack: Lack<'_>) -> Option<Finding> {
    let Lack::Object { here, elsewhere, looked } = lack else { return None };
    let (kind, name) = (reference.kind_name(), reference.name.text()?);
    let place = if looked { "here or on the cluster" } else { "among these" };
    let finding = RULE.at(document, reference.name, format!("there is no {kind} `{name}` {place}"));
    let finding = if here.is_empty() { finding } else { finding.evidence(format!("there are {}", quoted(here))) };
    let finding = match elsewhere {
        Some("") => finding
            .evidence(format!("there is a {kind} `{name}` without a namespace, and {} has one", document.title())),
        Some(other) => finding
            .evidence(format!("there is a {kind} `{name}` in namespace `{other}`, where these pods do not see it")),
        None => finding,
    };
    let starts = match reference.kind {
        Kind::Account | Kind::Priority => "no pod is made: the server refuses each (`FailedCreate`)",
        _ => CONTAINER_WAITS,
    };
    let finding = if looked {
        finding.certain().because(starts)
    } else {
        finding.because(format!("if the cluster has none either, {starts}"))
    };
    let or_make_it = "write the name of the one that is meant, or make it";
    match reference.kind {
        Kind::Claim => return Some(finding.because("pods with it stay Pending until there is one").remedy(or_make_it)),
        Kind::Account | Kind::Priority => return Some(finding.remedy(or_make_it)),
        _ => {}
    }
    Some(
        finding
            .remedy("write the name of the one that is meant, or add it; `optional: true` lets the pod start without"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{SOUND, beyond, fires, fires_beyond, found, silent, silent_beyond};
    use crate::objects::kinds::ObjectRef;

    fn with(name: &str) -> String {
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: hunter2}\n---\n";
        let variable = format!(
            "env:\n        - name: A\n          valueFrom: {{secretKeyRef: {{name: {name}, key: password}}}}\n        readinessProbe:"
        );
        format!("{secret}{}", SOUND.replace("readinessProbe:", &variable))
    }

    #[test]
    fn a_claim_that_is_nowhere_is_found_and_one_that_a_set_makes_is_not() {
        let with = |claim: &str| {
            let volume =
                format!("volumes: [{{name: more, persistentVolumeClaim: {{claimName: {claim}}}}}]\n      containers:");
            SOUND.replace("containers:", &volume)
        };
        let mut there = beyond(&[]);
        for claim in ["gone", "data-web-0"] {
            there.objects.insert(("PersistentVolumeClaim", "default".to_owned(), claim.to_owned()), None);
        }
        let told = fires_beyond(&RULE, &with("gone"), there);
        assert_eq!(told[0].message, "there is no PersistentVolumeClaim `gone` here or on the cluster");
        let mut there = beyond(&[]);
        there.objects.insert(("PersistentVolumeClaim", "default".to_owned(), "data-web-0".to_owned()), None);
        silent_beyond(&RULE, &with("data-web-0"), there);
        silent(&RULE, &with("gone"));
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
    fn accounts_and_priorities_are_looked_for_too() {
        let with = |field: &str| SOUND.replace("      containers:", &format!("      {field}\n      containers:"));
        let told = fires_beyond(&RULE, &with("serviceAccountName: db"), beyond(&[]));
        assert_eq!(told[0].message, "there is no ServiceAccount `db` here or on the cluster");
        assert!(told[0].cause.starts_with("no pod is made"), "{told:?}");
        silent_beyond(&RULE, &with("serviceAccountName: default"), beyond(&[]));
        let high = json!({"kind": "PriorityClass", "metadata": {"name": "high"}, "value": 7});
        let own = with("priorityClassName: high");
        assert_eq!(fires_beyond(&RULE, &own, beyond(&[])).len(), 1);
        silent_beyond(
            &RULE,
            &format!(
                "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {{name: high}}\nvalue: 7\n---\n{own}"
            ),
            beyond(&[]),
        );
        let mut there = beyond(&[]);
        there.keep(&ObjectRef::of(&high).unwrap(), Some(high));
        silent_beyond(&RULE, &own, there);
        silent(&RULE, &own);
    }

    #[test]
    fn one_of_another_namespace_is_named() {
        let text = with("login").replacen("metadata: {name: login}", "metadata: {name: login, namespace: db}", 1);
        assert_eq!(fires(&RULE, &text), ["34:44 there is no Secret `login` among these"]);
        let other = "there is a Secret `login` in namespace `db`, where these pods do not see it";
        assert_eq!(found(&RULE, &text)[0].evidence, [other]);
        let here = beyond(&[]);
        silent_beyond(&RULE, &text.replace("namespace: db", "namespace: default"), here);
    }

    #[test]
    fn the_right_name_optional_ones_and_input_without_secrets_are_fine() {
        silent(&RULE, &with("login"));
        silent(&RULE, with("other").split_once("---\n").unwrap().1);
        silent(&RULE, &with("other").replace("key: password}", "key: password, optional: true}"));
    }

    #[test]
    fn with_the_cluster_in_sight_a_missing_one_is_certain_and_one_that_is_there_is_fine() {
        let text = with("log-in");
        let found = fires_beyond(&RULE, &text, beyond(&[]));
        assert_eq!(found[0].message, "there is no Secret `log-in` here or on the cluster");
        assert_eq!(found[0].severity, Severity::Error);
        let there =
            json!({"kind": "Secret", "metadata": {"namespace": "default", "name": "log-in"}, "data": {"password": ""}});
        silent_beyond(&RULE, &text, beyond(&[there]));
    }
}
