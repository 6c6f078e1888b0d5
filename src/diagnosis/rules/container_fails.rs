//! A container that ends again and again, or does not start.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words::{self, ContainerKind};
use crate::facts::event::{Event, newest};
use crate::facts::pod::{Container, ContainerState};

pub static RULE: Rule = Rule {
    code: "container-fails",
    severity: Severity::Error,
    sources: &["S4-06", "SS-65"],
    summary: "a container does not keep running",
    page: include_str!("../../../docs/explain/container-fails.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let failing = words::failing(sight, ContainerKind::Own).into_iter();
    failing
        .map(|(member, container, message)| {
            let finding = RULE
                .of_member(member, message)
                .because("the member is not ready while one of its containers does not run");
            match liveness(sight, member) {
                Some(said) => finding
                    .evidence(said)
                    .remedy(words::and_then_delete(
                        sight,
                        "the kubelet ended it: mend the liveness probe (port, path), or let it begin later, with a `startupProbe`",
                    ))
                    .command(Command::describe(Some(sight.namespace()), "pod", &member.row.name)),
                None => finding
                    .remedy(words::and_then_delete(sight, remedy(container)))
                    .command(Command::previous_logs(sight.namespace(), &member.row.name, &container.name)),
            }
        })
        .collect()
}

/// What the liveness probe last said, if it is that which ends containers.
fn liveness(sight: &Sight<'_>, member: &Member<'_>) -> Option<String> {
    let is_it = |event: &Event| event.reason == "Unhealthy" && event.message.starts_with("Liveness probe failed");
    newest(sight.scene.events?, &member.pod?.meta.uid, is_it).map(Event::said)
}

/// Who is killed for memory has mostly written nothing about it.
fn remedy(container: &Container) -> &'static str {
    let now = match &container.state {
        ContainerState::Ended(exit) => Some(exit),
        ContainerState::Waiting { .. } | ContainerState::Running { .. } => None,
    };
    if now.or(container.last_exit.as_ref()).is_some_and(|exit| exit.reason == "OOMKilled") {
        "it ran out of memory: raise its `resources.limits.memory`, or have its node run less"
    } else {
        "read what it wrote before it ended, and mend it"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm};
    use crate::facts::samples::event;

    #[test]
    fn a_crashing_container_says_why_it_waits_and_how_it_ended() {
        let mut broken = Broken::new();
        broken.pod["status"] = json!({"phase": "Running",
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-03-13T11:59:00Z"}],
            "containerStatuses": [{"name": "app", "restartCount": 4,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-03-13T11:56:00Z"}}}]});
        let words =
            "container `app` waits: CrashLoopBackOff: back-off 40s; last ended with exit code 137 (OOMKilled) 4m ago";
        let found = broken.all();
        assert_eq!(found.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>(), [words]);
        assert!(found[0].remedy.contains("ran out of memory"), "{}", found[0].remedy);
        broken.more.push(event("pod-web-0", "Warning", "Unhealthy", "Liveness probe failed: HTTP 404"));
        let found = broken.all();
        assert_eq!(found[0].evidence, ["Unhealthy: Liveness probe failed: HTTP 404"]);
        assert!(found[0].remedy.starts_with("the kubelet ended it"), "{}", found[0].remedy);
    }

    #[test]
    fn containers_that_run_or_are_being_made_are_not() {
        calm(&RULE, &Broken::new());
        let mut broken = Broken::new();
        broken.pod["status"]["containerStatuses"][0]["state"] = json!({"waiting": {"reason": "ContainerCreating"}});
        calm(&RULE, &broken);
    }
}
