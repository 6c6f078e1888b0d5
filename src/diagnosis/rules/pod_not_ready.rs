//! A pod that runs, but whose probes say no.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::facts::age::age;
use crate::facts::event::newest;
use crate::facts::pod::{Container, ContainerState};
use crate::facts::words::PodPhase;

pub static RULE: Rule = Rule {
    code: "pod-not-ready",
    severity: Severity::Warning,
    sources: &["S4-06", "S1-e11"],
    summary: "a pod runs and is not ready",
    page: include_str!("../../../docs/explain/pod-not-ready.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.members().iter().filter_map(|member| not_ready(member, sight)).collect()
}

fn not_ready(member: &Member<'_>, sight: &Sight<'_>) -> Option<Finding> {
    let pod = member
        .pod
        .filter(|pod| pod.phase == PodPhase::Running && !pod.ready_condition && pod.meta.deleting.is_none())?;
    // Nobody asks the probes of a pod whose node does not answer.
    if sight.is_on_lost_node(pod) {
        return None;
    }
    // A container that does not run explains by itself why the pod is not ready.
    let runs = |container: &Container| matches!(container.state, ContainerState::Running { .. });
    if pod.containers.iter().any(|container| !container.init && !runs(container)) {
        return None;
    }
    let probe =
        sight.scene.events.and_then(|events| newest(events, &pod.meta.uid, |event| event.reason == "Unhealthy"));
    let why = probe.map(|event| event.message.trim().to_owned()).or_else(|| pod.ready_message.clone());
    let since = pod.ready_changed.map(|since| format!(" for {}", age(since, sight.scene.now))).unwrap_or_default();
    let message = format!("not ready{since}{}", why.map(|why| format!(": {why}")).unwrap_or_default());
    Some(
        RULE.of_member(member, message)
            .because(
                "its readiness probe or a readiness gate says no, so Services send it nothing, and the set goes on with no other member",
            )
            .remedy("ask the application what it waits for; its log and its probe say more")
            .command(Command::describe(Some(sight.namespace()), "pod", &member.row.name)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::event;

    #[test]
    fn the_words_of_the_probe_are_told() {
        let mut broken = Broken::new();
        broken.pod["status"]["conditions"] =
            json!([{"type": "Ready", "status": "False", "lastTransitionTime": "2026-03-13T11:56:00Z"}]);
        broken.pod["status"]["containerStatuses"][0]["ready"] = json!(false);
        broken.more.push(event("pod-web-0", "Warning", "Unhealthy", "Readiness probe failed: HTTP 503"));
        assert_eq!(tells(&RULE, &broken), ["not ready for 4m: Readiness probe failed: HTTP 503"]);
    }

    #[test]
    fn a_ready_pod_and_one_on_a_lost_node_are_not() {
        calm(&RULE, &Broken::new());
        let mut lost = Broken::new();
        lost.pod["status"]["conditions"] = json!([{"type": "Ready", "status": "False"}]);
        assert_eq!(tells(&RULE, &lost), ["not ready"]);
        lost.node["status"]["conditions"][0]["status"] = json!("Unknown");
        calm(&RULE, &lost);
    }
}
