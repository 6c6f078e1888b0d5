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
        let finding = RULE
            .of_member(member, format!("no node for it: {message}"))
            .because("the scheduler counts for each node why it does not do");
        let mut closed = sight.scene.nodes.into_iter().flatten().filter(|node| node.ready && node.cordoned);
        Some(match closed.next().filter(|_| would_help(message)) {
            Some(node) => finding
                .evidence(format!("node `{}` is closed for new pods", node.meta.name))
                .remedy("open the node again, if whoever closed it is done; or make room elsewhere")
                .command(Command::uncordon(&node.meta.name)),
            None => finding
                .remedy(
                    "make room, or change what the pod asks for; findings above this one are what stands in its way",
                )
                .command(Command::describe(Some(sight.namespace()), "pod", &member.row.name)),
        })
    };
    sight.members().iter().filter_map(homeless).collect()
}

/// The closed node is what is in the way, and not what the pod asks for: nobody knows whether that would fit there.
fn would_help(message: &str) -> bool {
    message.contains("were unschedulable") && !message.contains("Insufficient")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::pending_pod;

    #[test]
    fn the_words_of_the_scheduler_are_told() {
        let mut broken = Broken::new();
        broken.pod = pending_pod("web", 0, "0/1 nodes are available: 1 Insufficient cpu.");
        assert_eq!(tells(&RULE, &broken), ["no node for it: 0/1 nodes are available: 1 Insufficient cpu."]);
    }

    #[test]
    fn a_closed_node_is_named_with_what_opens_it_where_the_scheduler_met_it() {
        let mut broken = Broken::new();
        broken.pod = pending_pod("web", 0, "0/1 nodes are available: 1 node(s) were unschedulable.");
        broken.volume["spec"]["nodeAffinity"] = json!(null);
        assert_ne!(broken.findings(&RULE)[0].command, Some(Command::uncordon("node-a")));
        broken.node["spec"] = json!({"unschedulable": true});
        assert_eq!(broken.findings(&RULE)[0].command, Some(Command::uncordon("node-a")));
        let both = "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.";
        broken.pod = pending_pod("web", 0, both);
        assert_ne!(broken.findings(&RULE)[0].command, Some(Command::uncordon("node-a")));
        broken.pod = pending_pod("web", 0, "0/1 nodes are available: 1 Insufficient cpu.");
        assert_ne!(broken.findings(&RULE)[0].command, Some(Command::uncordon("node-a")));
    }

    #[test]
    fn a_pod_that_has_a_node_is_not() {
        calm(&RULE, &Broken::new());
    }
}
