//! An init container that does not come to its end.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::diagnosis::words::{self, ContainerKind};

pub static RULE: Rule = Rule {
    code: "init-failed",
    severity: Severity::Error,
    sources: &["S4-03", "S5-03"],
    summary: "an init container fails",
    page: include_str!("../../../docs/explain/init-failed.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let failing = words::failing(sight, ContainerKind::Init).into_iter();
    failing
        .map(|(member, container, message)| {
            RULE.of_member(member, message)
                .because("the other containers start only when every init container has ended well")
                .remedy(words::and_then_delete(sight, "read what it wrote, and mend it"))
                .command(Command::previous_logs(sight.namespace(), &member.row.name, &container.name))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::command::Command;
    use crate::diagnosis::samples::{Broken, calm, tells};

    #[test]
    fn an_init_container_that_fails_is_told_with_its_log() {
        let mut broken = Broken::new();
        broken.pod["status"] = json!({"phase": "Pending", "initContainerStatuses": [{"name": "prepare",
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-03-13T11:56:00Z"}}}],
            "containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "PodInitializing"}}}]});
        assert_eq!(
            tells(&RULE, &broken),
            ["init container `prepare` waits: CrashLoopBackOff; last ended with exit code 1 4m ago"]
        );
        assert_eq!(broken.findings(&RULE)[0].command, Some(Command::previous_logs("default", "web-0", "prepare")));
    }

    #[test]
    fn one_that_ended_well_is_not() {
        let mut broken = Broken::new();
        broken.pod["status"]["initContainerStatuses"] =
            json!([{"name": "prepare", "state": {"terminated": {"exitCode": 0}}}]);
        calm(&RULE, &broken);
    }
}
