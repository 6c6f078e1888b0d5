//! A pod that is Failed, as after an eviction.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::facts::words::PodPhase;

pub static RULE: Rule = Rule {
    code: "pod-failed",
    severity: Severity::Error,
    sources: &["SS-33"],
    summary: "a pod has failed",
    page: include_str!("../../../docs/explain/pod-failed.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let failed = |member: &Member<'_>| {
        let pod = member.pod.filter(|pod| pod.phase == PodPhase::Failed)?;
        let why = pod.reason.as_deref().unwrap_or("no reason given");
        Some(
            RULE.of_member(member, format!("failed: {why}"))
                .because("the set deletes such a pod and makes it anew; where it stays, something keeps it from going")
                .remedy("look at what the node ran out of; if the pod does not go by itself, delete it")
                .command(Command::delete_pod(sight.namespace(), &member.row.name)),
        )
    };
    sight.members().iter().filter_map(failed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

    #[test]
    fn an_evicted_pod_is_told_with_its_reason() {
        let mut broken = Broken::new();
        broken.pod["status"] = json!({"phase": "Failed", "reason": "Evicted"});
        assert_eq!(tells(&RULE, &broken), ["failed: Evicted"]);
    }

    #[test]
    fn one_that_runs_is_not() {
        calm(&RULE, &Broken::new());
    }
}
