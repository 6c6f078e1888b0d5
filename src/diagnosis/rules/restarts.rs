//! A container that runs just now, and has ended again and again until a moment ago.

use jiff::SignedDuration;

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words::ended;
use crate::facts::pod::{Container, ContainerState, Exit};

pub static RULE: Rule = Rule {
    code: "restarts",
    severity: Severity::Warning,
    sources: &["S4-06"],
    summary: "a container runs, and has ended several times of late",
    page: include_str!("../../../docs/explain/restarts.md"),
    checks: &[Check::LastResort(check)],
};

/// Once is a node that was started anew, or a bad moment.
const SEVERAL: u64 = 2;
const OF_LATE: SignedDuration = SignedDuration::from_mins(10);

fn check(member: &Member<'_>, sight: &Sight<'_>) -> Option<Finding> {
    let pod = member.pod.filter(|pod| pod.meta.deleting.is_none())?;
    let (container, exit) = pod.containers.iter().find_map(|container| Some((container, recent(container, sight)?)))?;
    let (name, times) = (&container.name, container.restarts);
    Some(
        RULE.of_member(
            member,
            format!("container `{name}` runs, and was started anew {times} times; last {}", ended(exit, sight.scene)),
        )
        .because("what runs only for a while ends again; between two ends the member looks well")
        .remedy("read what it wrote before it ended; `describe pod` tells whether a liveness probe ended it")
        .command(Command::previous_logs(sight.namespace(), &member.row.name, name)),
    )
}

fn recent<'a>(container: &'a Container, sight: &Sight<'_>) -> Option<&'a Exit> {
    let runs = matches!(container.state, ContainerState::Running { .. });
    let exit = container.last_exit.as_ref().filter(|_| runs && !container.init && container.restarts >= SEVERAL)?;
    (sight.scene.now.duration_since(exit.at?) < OF_LATE).then_some(exit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

    fn restarted(times: u64, at: &str) -> Broken {
        let mut broken = Broken::new();
        broken.pod["status"]["containerStatuses"][0]["restartCount"] = json!(times);
        broken.pod["status"]["containerStatuses"][0]["lastState"] =
            json!({"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": at}});
        broken
    }

    #[test]
    fn one_that_ended_several_times_until_a_moment_ago_is_told() {
        let words = "container `app` runs, and was started anew 3 times; last ended with exit code 1 (Error) 2m ago";
        assert_eq!(tells(&RULE, &restarted(3, "2026-03-13T11:58:00Z")), [words]);
    }

    #[test]
    fn once_long_ago_and_what_is_told_better_are_not() {
        calm(&RULE, &restarted(1, "2026-03-13T11:58:00Z"));
        calm(&RULE, &restarted(3, "2026-03-13T11:00:00Z"));
        let mut not_ready = restarted(3, "2026-03-13T11:58:00Z");
        not_ready.pod["status"]["conditions"] = json!([{"type": "Ready", "status": "False"}]);
        calm(&RULE, &not_ready);
    }
}
