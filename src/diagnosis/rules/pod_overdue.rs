//! A pod whose time to end is over and that is still there.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words::quoted;
use crate::facts::age::age;

pub static RULE: Rule = Rule {
    code: "pod-overdue",
    severity: Severity::Error,
    sources: &["H-06", "S4-08"],
    summary: "a pod should have ended long ago",
    page: include_str!("../../../docs/explain/pod-overdue.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let overdue = |member: &Member<'_>| {
        let pod = member.pod?;
        let end = pod.meta.deleting.filter(|end| *end < sight.scene.now)?;
        // Nobody is there who could end it: that is told of the node.
        if pod.meta.finalizers.is_empty() && sight.is_on_lost_node(pod) {
            return None;
        }
        let held = match pod.meta.finalizers.as_slice() {
            [] => String::new(),
            finalizers => format!(", held by finalizer {}", quoted(finalizers)),
        };
        let finding = RULE.of_member(member, format!("should have ended {} ago{held}", age(end, sight.scene.now)));
        let finding = finding.remedy(if pod.meta.finalizers.is_empty() {
            "look at the kubelet of its node, which has not confirmed its end"
        } else {
            "see to whoever set the finalizer"
        });
        Some(
            finding
                .because("the set makes the member anew only when this pod is gone for certain, so that two never write the same data")
                .command(Command::describe(Some(sight.namespace()), "pod", &member.row.name)),
        )
    };
    sight.members().iter().filter_map(overdue).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

    #[test]
    fn a_pod_that_should_be_gone_is_told_with_who_holds_it() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:50:00Z");
        assert_eq!(tells(&RULE, &broken), ["should have ended 10m ago"]);
        broken.pod["metadata"]["finalizers"] = json!(["a/b"]);
        assert_eq!(tells(&RULE, &broken), ["should have ended 10m ago, held by finalizer `a/b`"]);
    }

    #[test]
    fn one_whose_node_is_lost_is_told_of_the_node() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:50:00Z");
        broken.node["status"]["conditions"][0]["status"] = json!("Unknown");
        calm(&RULE, &broken);
        broken.pod["metadata"]["finalizers"] = json!(["a/b"]);
        assert_eq!(tells(&RULE, &broken), ["should have ended 10m ago, held by finalizer `a/b`"]);
    }

    #[test]
    fn one_that_still_may_shut_down_is_not() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["deletionTimestamp"] = json!("2026-03-13T12:00:20Z");
        calm(&RULE, &broken);
    }
}
