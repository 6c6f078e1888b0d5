//! A Job whose pods would be restarted for ever.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "job-restart-policy",
    severity: Severity::Error,
    sources: &["S3-e1"],
    summary: "a Job has the restart policy Always",
    page: include_str!("../../../docs/explain/job-restart-policy.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let restarts = |job: &Document| {
        let spec = matches!(job.kind, Kind::Job | Kind::CronJob).then(|| job.pod_spec())??;
        let policy = spec.get("restartPolicy");
        if policy.is_some_and(|policy| policy.text() != Some("Always")) {
            return None;
        }
        let inside = job.containers().find_map(|container| container.entry("restartPolicy"));
        let finding = match (policy, inside) {
            (Some(policy), _) => RULE.at(job, policy, "a Job must not restart its pods for ever"),
            (None, Some(entry)) => RULE
                .at_key(job, entry, "the restart policy stands in a container, and the pod has none")
                .evidence(format!(
                    "it belongs two levels further out, beside `containers` on line {}",
                    spec.entry("containers")?.place.line
                )),
            (None, None) => RULE.at(job, spec, "the pods of the Job have no restart policy"),
        };
        Some(
            finding
                .because("without one pods get `Always`, which the server refuses for a Job")
                .remedy("write `restartPolicy: Never` or `OnFailure` beside `containers`"),
        )
    };
    all.documents.iter().filter_map(restarts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n        restartPolicy: Never\n";

    #[test]
    fn a_policy_in_the_wrong_place_and_none_at_all_are_found() {
        assert_eq!(fires(&RULE, JOB), ["9:9 the restart policy stands in a container, and the pod has none"]);
        assert_eq!(
            fires(&RULE, &JOB.replace("        restartPolicy: Never\n", "")),
            ["7:7 the pods of the Job have no restart policy"]
        );
        assert_eq!(fires(&RULE, &JOB.replace("        restartPolicy: Never", "      restartPolicy: Always")).len(), 1);
    }

    #[test]
    fn a_policy_beside_the_containers_is_fine() {
        silent(&RULE, &JOB.replace("        restartPolicy: Never", "      restartPolicy: Never"));
        silent(&RULE, SOUND);
    }
}
