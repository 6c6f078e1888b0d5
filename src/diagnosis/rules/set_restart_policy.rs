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
    let keeps_running = |document: &&Document| {
        matches!(document.kind, Kind::StatefulSet | Kind::Deployment | Kind::DaemonSet | Kind::ReplicaSet)
    };
    all.workloads().filter(keeps_running).flat_map(ends).collect()
}

fn ends(document: &Document) -> Vec<Finding> {
    let field = |key: &str| document.pod_spec()?.get(key).filter(|value| !value.is_null());
    let policy = field("restartPolicy").filter(|policy| policy.text() != Some("Always")).map(|policy| {
        RULE.at(document, policy, format!("`{}` is not allowed here", policy.text().unwrap_or("this")))
            .because("a set keeps its members running; the server takes no other policy than `Always`")
    });
    let deadline = field("activeDeadlineSeconds").map(|deadline| {
        RULE.at(document, deadline, "`activeDeadlineSeconds` is not allowed here")
            .because("a set keeps its members running; the server takes no time after which they end")
    });
    let found = policy.into_iter().chain(deadline);
    found.map(|finding| finding.remedy("remove the line; for something that ends, use a Job")).collect()
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
    fn a_time_after_which_the_pods_end_is_found() {
        let text = SOUND.replace("      containers:", "      activeDeadlineSeconds: 60\n      containers:");
        assert_eq!(fires(&RULE, &text), ["24:30 `activeDeadlineSeconds` is not allowed here"]);
        let job = "apiVersion: batch/v1\nkind: Job\nspec: {template: {spec: {restartPolicy: Never, activeDeadlineSeconds: 60}}}\n";
        silent(&RULE, job);
    }

    #[test]
    fn always_and_jobs_are_fine() {
        silent(&RULE, &SOUND.replace("      containers:", "      restartPolicy: Always\n      containers:"));
        silent(&RULE, "apiVersion: batch/v1\nkind: Job\nspec: {template: {spec: {restartPolicy: Never}}}\n");
    }
}
