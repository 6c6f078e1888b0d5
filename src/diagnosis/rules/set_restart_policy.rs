//! A set whose pods are not to be restarted: the server refuses it.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "set-restart-policy",
    severity: Severity::Error,
    sources: &["SS-12"],
    summary: "the pods of a set must be restarted always",
    page: include_str!("../../../docs/explain/set-restart-policy.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let other = |document: &Document| {
        if !matches!(document.kind, Kind::StatefulSet | Kind::Deployment | Kind::DaemonSet | Kind::ReplicaSet) {
            return None;
        }
        let policy = document.pod_spec()?.get("restartPolicy").filter(|policy| policy.text() != Some("Always"))?;
        Some(
            RULE.at(document, policy, format!("`{}` is not allowed here", policy.text().unwrap_or("this")))
                .because("a set keeps its members running; the server takes no other policy than `Always`")
                .remedy("remove the line; for something that ends, use a Job"),
        )
    };
    all.workloads().filter_map(other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn another_policy_than_always_is_found() {
        let text = SOUND.replace("      containers:", "      restartPolicy: Never\n      containers:");
        assert_eq!(fires(&RULE, &text), ["24:22 `Never` is not allowed here"]);
    }

    #[test]
    fn always_and_jobs_are_fine() {
        silent(&RULE, &SOUND.replace("      containers:", "      restartPolicy: Always\n      containers:"));
        silent(&RULE, "apiVersion: batch/v1\nkind: Job\nspec: {template: {spec: {restartPolicy: Never}}}\n");
    }
}
