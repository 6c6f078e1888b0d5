//! The scheduler finds no node, in its own words.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};

pub static RULE: Rule = Rule {
    code: "no-node",
    severity: Severity::Error,
    sources: &["S4-08", "PV-54"],
    summary: "there is no node for a pod",
    page: include_str!("../../../docs/explain/no-node.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let homeless = |member: &Member<'_>| {
        let pod = member.pod.filter(|pod| pod.node.is_none())?;
        let message = pod.unschedulable.as_ref()?;
        Some(
            RULE.of_member(member, format!("no node for it: {message}"))
                .because("the scheduler counts for each node why it does not do")
                .remedy(
                    "make room, or change what the pod asks for; findings above this one are what stands in its way",
                )
                .command(Command::describe(Some(sight.namespace()), "pod", &member.row.name)),
        )
    };
    sight.members().iter().filter_map(homeless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::pending_pod;

    #[test]
    fn the_words_of_the_scheduler_are_told() {
        let mut broken = Broken::new();
        broken.pod = pending_pod("web", 0, "0/1 nodes are available: 1 Insufficient cpu.");
        assert_eq!(tells(&RULE, &broken), ["no node for it: 0/1 nodes are available: 1 Insufficient cpu."]);
    }

    #[test]
    fn a_pod_that_has_a_node_is_not() {
        calm(&RULE, &Broken::new());
    }
}
