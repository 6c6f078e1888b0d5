//! The last warning about a pod that is not ready, where no other rule knows why.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::facts::event::newest;

pub static RULE: Rule = Rule {
    code: "pod-warning",
    severity: Severity::Warning,
    sources: &["SS-105"],
    summary: "a pod is not ready, and only an event says why",
    page: include_str!("../../../docs/explain/pod-warning.md"),
    checks: &[Check::LastResort(check)],
};

fn check(member: &Member<'_>, sight: &Sight<'_>) -> Option<Finding> {
    let pod = member.pod.filter(|pod| !pod.is_ready())?;
    let event = newest(sight.scene.events?, &pod.meta.uid, |event| event.warning)?;
    Some(
        RULE.of_member(member, event.said())
            .because("it is the last warning about a pod that is not ready")
            .remedy("see what it names")
            .command(Command::describe(Some(sight.namespace()), "pod", &member.row.name)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::event;

    fn broken() -> Broken {
        let mut broken = Broken::new();
        broken.pod["status"] = json!({"phase": "Pending"});
        broken.more.push(event("pod-web-0", "Warning", "FailedMount", "context deadline exceeded"));
        broken
    }

    #[test]
    fn a_pod_without_another_explanation_shows_its_last_warning() {
        assert_eq!(tells(&RULE, &broken()), ["FailedMount: context deadline exceeded"]);
    }

    #[test]
    fn another_explanation_is_enough_and_a_ready_pod_needs_none() {
        let mut explained = broken();
        explained.claim["status"]["phase"] = json!("Lost");
        calm(&RULE, &explained);
        let mut ready = Broken::new();
        ready.more.push(event("pod-web-0", "Warning", "FailedMount", "x"));
        calm(&RULE, &ready);
    }
}
