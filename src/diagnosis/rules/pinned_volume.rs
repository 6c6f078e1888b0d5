//! A volume that only closed or lost nodes can reach.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::facts::node::{Node, Taint, Toleration};
use crate::facts::topology::NodeSelector;
use crate::facts::volume::Volume;
use crate::facts::words::BindingMode;

pub static RULE: Rule = Rule {
    code: "pinned-volume",
    severity: Severity::Error,
    sources: &["S4-e5", "S4-08", "H-43", "PV-06"],
    summary: "a volume is pinned where no node takes pods",
    page: include_str!("../../../docs/explain/pinned-volume.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let Some((nodes, claims)) = sight.scene.nodes.zip(sight.scene.claims.as_ref()) else { return Vec::new() };
    let mut found = Vec::new();
    for member in sight.members() {
        let waiting = member.pod.filter(|pod| pod.node.is_none() && pod.unschedulable.is_some());
        for used in waiting.iter().flat_map(|pod| &pod.claims) {
            let volume = claims.get(used.claim.as_str()).and_then(|claim| sight.scene.volume_of(claim));
            let tolerations = waiting.map_or(&[][..], |pod| &pod.tolerations);
            found.extend(volume.and_then(|volume| pinned(sight, member, volume, nodes, tolerations)));
        }
    }
    found
}

/// Where a volume is pinned to, if no node there can take a pod.
fn pinned(
    sight: &Sight<'_>,
    member: &Member<'_>,
    volume: &Volume,
    nodes: &[Node],
    tolerations: &[Toleration],
) -> Option<Finding> {
    let selector = volume.nodes.as_ref()?;
    let there: Vec<&Node> = nodes.iter().filter(|node| selector.admits(node) != Some(false)).collect();
    if there.iter().any(|node| node.takes(tolerations)) {
        return None;
    }
    let finding = RULE.of_member(member, message(volume, selector));
    let finding = finding.because("the data lies there, so the pod can run nowhere else");
    let finding = there.iter().take(5).map(|node| state(node, tolerations)).fold(finding, Finding::evidence);
    if let Some(closed) = there.iter().find(|node| node.ready && node.cordoned) {
        let finding = finding.remedy("open the node again, or add one in the same zone");
        return Some(finding.command(Command::uncordon(&closed.meta.name)));
    }
    if let Some(tainted) = there.iter().find(|node| node.ready) {
        return Some(
            finding
                .remedy("let the template of the pod tolerate the taint, or have it taken off by whoever set it; or add a node in the same zone")
                .command(Command::describe(None, "node", &tainted.meta.name)),
        );
    }
    let remedy = if chosen_before_the_node(sight, volume) {
        "add a node where the volume is, or bring one back; for new volumes use a class with `WaitForFirstConsumer`"
    } else {
        "add a node where the volume is, or bring one back"
    };
    Some(finding.remedy(remedy).command(Command::describe(None, "persistentvolume", &volume.meta.name)))
}

fn message(volume: &Volume, selector: &NodeSelector) -> String {
    let name = &volume.meta.name;
    // CSI drivers have zone labels of their own, such as `topology.ebs.csi.aws.com/zone`.
    if let Some(zones) = selector.demanded(|key| key.ends_with("/zone")) {
        format!("volume `{name}` is pinned to zone {}, which has no schedulable node", zones.join(" or "))
    } else if let Some(hosts) = selector.demanded(|key| key == "kubernetes.io/hostname") {
        format!("volume `{name}` is pinned to node {}, which takes no pods", hosts.join(" or "))
    } else {
        format!("volume `{name}` is pinned to nodes of which none takes pods")
    }
}

fn state(node: &Node, tolerations: &[Toleration]) -> String {
    let name = &node.meta.name;
    match (node.ready, node.cordoned) {
        (false, _) => format!("node `{name}` is not ready"),
        (true, true) => format!("node `{name}` is closed for new pods"),
        (true, false) => {
            let taint = node.closed_by(tolerations).map_or_else(String::new, Taint::in_words);
            format!("node `{name}` has the taint `{taint}`, which the pod does not tolerate")
        }
    }
}

/// Its class makes volumes before it is known where the pod will run.
fn chosen_before_the_node(sight: &Sight<'_>, volume: &Volume) -> bool {
    let class = sight.around.classes.iter().flatten().find(|class| class.meta.name == volume.class);
    class.is_some_and(|class| class.provisions() && class.binding_mode == BindingMode::Immediate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::command::Command;
    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::{class, node, pending_pod, volume_name};

    fn pinned_to(ready: bool) -> Broken {
        let mut broken = Broken::new();
        broken.pod = pending_pod("web", 0, "volume node affinity conflict");
        broken.node = node("node-a", "eu-1a", ready);
        broken
    }

    #[test]
    fn a_zone_without_an_open_node_is_the_first_thing_that_is_told() {
        let found = pinned_to(false).all();
        assert_eq!(
            found[0].message,
            format!("volume `{}` is pinned to zone eu-1a, which has no schedulable node", volume_name(0))
        );
        assert_eq!(found[0].evidence, ["node `node-a` is not ready"]);
        assert_eq!(found[0].remedy, "add a node where the volume is, or bring one back");
        let mut early = pinned_to(false);
        early.more.push(class("standard", "csi.example.org"));
        assert!(early.all()[0].remedy.ends_with("use a class with `WaitForFirstConsumer`"));
        early.more[0]["volumeBindingMode"] = json!("WaitForFirstConsumer");
        assert!(!early.all()[0].remedy.contains("WaitForFirstConsumer"));
        let mut closed = pinned_to(true);
        closed.node["spec"] = json!({"unschedulable": true});
        assert_eq!(closed.findings(&RULE)[0].command, Some(Command::uncordon("node-a")));
    }

    #[test]
    fn a_folder_of_a_closed_node_names_the_node() {
        let mut broken = pinned_to(false);
        broken.volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0] =
            json!({"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-a"]}]});
        broken.node["metadata"]["labels"] = json!({"kubernetes.io/hostname": "node-a"});
        assert_eq!(
            tells(&RULE, &broken),
            [format!("volume `{}` is pinned to node node-a, which takes no pods", volume_name(0))]
        );
    }

    #[test]
    fn a_zone_whose_only_node_has_a_taint_is_told_unless_the_pod_tolerates_it() {
        let mut broken = pinned_to(true);
        broken.node["spec"] = json!({"taints": [{"key": "dedicated", "value": "x", "effect": "NoSchedule"}]});
        let found = broken.findings(&RULE);
        let words = "node `node-a` has the taint `dedicated=x:NoSchedule`, which the pod does not tolerate";
        assert_eq!(found[0].evidence, [words]);
        assert_eq!(found[0].command, Some(Command::describe(None, "node", "node-a")));
        broken.pod["spec"]["tolerations"] = json!([{"key": "dedicated", "operator": "Exists"}]);
        calm(&RULE, &broken);
    }

    #[test]
    fn an_open_node_in_the_zone_and_a_pod_that_runs_are_not() {
        calm(&RULE, &pinned_to(true));
        calm(&RULE, &Broken::new());
    }
}
