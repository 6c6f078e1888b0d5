//! An init container that does not come to its end.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words::{self, ContainerKind};
use crate::facts::age::age;
use crate::facts::pod::ContainerState;

pub static RULE: Rule = Rule {
    code: "init-failed",
    severity: Severity::Error,
    sources: &["S4-03", "S5-03"],
    summary: "an init container fails or does not end",
    page: include_str!("../../../docs/explain/init-failed.md"),
    checks: &[Check::Live(check)],
};

const IN_TURN: &str = "the other containers start only when every init container has ended well";

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let failing = words::failing(sight, ContainerKind::Init).into_iter();
    let failing = failing.map(|(member, container, message)| {
        RULE.of_member(member, message)
            .because(IN_TURN)
            .remedy(words::and_then_delete(sight, "read what it wrote, and mend it"))
            .command(Command::previous_logs(sight.namespace(), &member.row.name, &container.name))
    });
    failing.chain(sight.members().iter().filter_map(|member| running(sight, member))).collect()
}

/// One that runs may only be slow.
fn running(sight: &Sight<'_>, member: &Member<'_>) -> Option<Finding> {
    let pod = member.pod.filter(|pod| !sight.is_on_lost_node(pod))?;
    let container = pod.running_init()?;
    let since = match &container.state {
        ContainerState::Running { since: Some(since) } => format!(" since {}", age(*since, sight.scene.now)),
        ContainerState::Running { since: None } | ContainerState::Waiting { .. } | ContainerState::Ended(_) => {
            String::new()
        }
    };
    let finding = RULE.of_member(member, format!("init container `{}` runs{since} and has not ended", container.name));
    Some(
        Finding { severity: Severity::Warning, ..finding }
            .because(IN_TURN)
            .remedy(words::and_then_delete(
                sight,
                "if that is longer than its work takes, read what it waits for, and mend it",
            ))
            .command(Command::logs(sight.namespace(), &member.row.name, &container.name)),
    )
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
    fn one_that_does_not_end_is_told_before_the_member_that_waits_for_it() {
        let mut broken = Broken::new();
        broken.set["spec"]["replicas"] = json!(2);
        broken.pod["status"] = json!({"phase": "Pending", "initContainerStatuses": [{"name": "prepare",
            "state": {"running": {"startedAt": "2026-03-13T11:56:00Z"}}}],
            "containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "PodInitializing"}}}]});
        assert_eq!(tells(&RULE, &broken), ["init container `prepare` runs since 4m and has not ended"]);
        let found = broken.all();
        let codes: Vec<_> = found.iter().map(|finding| finding.code).collect();
        assert_eq!(codes[..2], ["init-failed", "member-waits"]);
        assert_eq!(
            (found[0].severity, &found[0].command),
            (Severity::Warning, &Some(Command::logs("default", "web-0", "prepare")))
        );
        broken.pod["status"]["containerStatuses"][0]["state"] = json!({"running": {}});
        calm(&RULE, &broken);
    }

    #[test]
    fn one_that_ended_well_is_not() {
        let mut broken = Broken::new();
        broken.pod["status"]["initContainerStatuses"] =
            json!([{"name": "prepare", "state": {"terminated": {"exitCode": 0}}}]);
        calm(&RULE, &broken);
    }
}
