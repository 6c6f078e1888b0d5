//! The node of a pod is gone or does not answer.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};

pub static RULE: Rule = Rule {
    code: "node-lost",
    severity: Severity::Error,
    sources: &["S4-08", "H-06"],
    summary: "the node of a pod is gone or does not answer",
    page: include_str!("../../../docs/explain/node-lost.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    if sight.scene.nodes.is_none() {
        return Vec::new();
    }
    let lost = |member: &Member<'_>| {
        let name = member.pod?.node.as_deref()?;
        let (message, remedy, command) = match sight.scene.node(name) {
            None => (
                format!("node `{name}` does not exist any more"),
                "the pod goes by itself within minutes; if it does not, delete it",
                Command::delete_pod(sight.namespace(), &member.row.name),
            ),
            Some(node) if !node.ready => (
                format!("node `{name}` is not ready"),
                "bring the machine back; only if it is certainly off, say so to the cluster: its pods are removed, their volumes \
                 detached, and the members start where a node reaches their volumes: those of this zone or machine alone wait for it",
                Command::out_of_service(name),
            ),
            Some(_) => return None,
        };
        let claims = member.row.claims.iter().flatten();
        let volumes = claims.filter_map(|claim| claim.claim.as_ref()?.volume_name.as_deref());
        let attached: Vec<String> = volumes
            .filter(|volume| sight.around.attachments_of(volume).any(|one| one.node == name))
            .map(|volume| format!("volume `{volume}` is attached there"))
            .collect();
        let why = "nobody knows whether the pod still runs there, so it is not made anew elsewhere";
        let why =
            if attached.is_empty() { why.to_owned() } else { format!("{why}, and its volumes stay attached there") };
        let finding = attached.into_iter().fold(RULE.of_member(member, message).because(why), Finding::evidence);
        Some(finding.remedy(remedy).command(command))
    };
    sight.members().iter().filter_map(lost).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::{attachment, volume_name};

    #[test]
    fn a_node_that_is_down_or_gone_is_told() {
        let mut broken = Broken::new();
        broken.node["status"]["conditions"][0]["status"] = json!("Unknown");
        assert_eq!(tells(&RULE, &broken), ["node `node-a` is not ready"]);
        broken.node["metadata"]["name"] = json!("other");
        assert_eq!(tells(&RULE, &broken), ["node `node-a` does not exist any more"]);
    }

    #[test]
    fn volumes_that_hang_on_it_are_evidence() {
        let mut broken = Broken::new();
        broken.node["status"]["conditions"][0]["status"] = json!("Unknown");
        broken.more.push(attachment("csi-1", "node-a", &volume_name(0)));
        broken.more.push(attachment("csi-2", "node-a", "of-somebody-else"));
        let found = broken.findings(&RULE).remove(0);
        assert_eq!(found.evidence, [format!("volume `{}` is attached there", volume_name(0))]);
        assert_eq!(found.command, Some(Command::out_of_service("node-a")));
    }

    #[test]
    fn a_node_that_is_up_and_nodes_that_nobody_may_see_are_not() {
        calm(&RULE, &Broken::new());
        let mut broken = Broken::new();
        broken.node["status"]["conditions"][0]["status"] = json!("Unknown");
        broken.hidden.push("Node");
        calm(&RULE, &broken);
    }
}
