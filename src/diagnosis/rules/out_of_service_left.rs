//! A node that is back and is still said to be off: nothing is put there, and
//! what comes there is removed.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::facts::inventory::Scene;
use crate::facts::node::Node;
use crate::facts::surroundings::Surroundings;

pub static RULE: Rule = Rule {
    code: "out-of-service-left",
    severity: Severity::Warning,
    sources: &["H-05"],
    summary: "a node is back, and still said to be out of service",
    page: include_str!("../../../docs/explain/out-of-service-left.md"),
    checks: &[Check::Live(of_set), Check::Namespace(anywhere)],
};

const TAINT: &str = "node.kubernetes.io/out-of-service";

/// Where a member waits for a node, it is in its way.
fn of_set(sight: &Sight<'_>) -> Vec<Finding> {
    let waits = sight.members().iter().filter_map(|member| member.pod).any(|pod| pod.unschedulable.is_some());
    if waits { nodes(sight.scene).map(|node| told(node).certain()).collect() } else { Vec::new() }
}

fn anywhere(scene: &Scene<'_>, _: &Surroundings) -> Vec<Finding> {
    nodes(scene).map(told).collect()
}

fn nodes<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Node> {
    let marked = |node: &&Node| node.ready && node.taints.iter().any(|taint| taint.key == TAINT);
    scene.nodes.into_iter().flatten().filter(marked)
}

fn told(node: &Node) -> Finding {
    let name = &node.meta.name;
    RULE.finding(format!("node `{name}` is ready again, and still has the taint `{TAINT}`"))
        .about(format!("Node/{name}"))
        .because("as long as it has the taint no pod is put there, and volumes are torn from what runs there")
        .remedy("take the taint away")
        .command(Command::in_service(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::pending_pod;

    fn marked() -> Broken {
        let mut broken = Broken::new();
        broken.node["spec"]["taints"] = json!([{"key": TAINT, "value": "nodeshutdown", "effect": "NoExecute"}]);
        broken
    }

    #[test]
    fn a_node_that_is_back_is_told_once_and_first_where_a_member_waits() {
        let words = "node `node-a` is ready again, and still has the taint `node.kubernetes.io/out-of-service`";
        assert_eq!(tells(&RULE, &marked()), [words]);
        let mut waiting = marked();
        waiting.pod = pending_pod("web", 0, "0/1 nodes are available: 1 node(s) had untolerated taint(s).");
        assert_eq!(tells(&RULE, &waiting), [words]);
        let first = waiting.all().remove(0);
        assert_eq!((first.code, first.severity), (RULE.code, Severity::Error));
        assert_eq!(first.command, Some(Command::in_service("node-a")));
    }

    #[test]
    fn a_node_that_is_still_off_and_other_taints_are_not() {
        let mut off = marked();
        off.node["status"]["conditions"][0]["status"] = json!("Unknown");
        calm(&RULE, &off);
        let mut other = marked();
        other.node["spec"]["taints"][0]["key"] = json!("dedicated");
        calm(&RULE, &other);
    }
}
