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
    sight.members().iter().filter_map(|member| lost(sight, member)).collect()
}

fn lost(sight: &Sight<'_>, member: &Member<'_>) -> Option<Finding> {
    let pod = member.pod?;
    let name = pod.node.as_deref()?;
    let only_there = sight.volume_only_of_node(name);
    let (message, remedy, command) = match (sight.scene.node(name), only_there) {
        (Some(node), _) if node.ready => return None,
        (None, _) => (
            format!("node `{name}` does not exist any more"),
            "the pod goes by itself within minutes; if it does not, delete it".to_owned(),
            Command::delete_pod(sight.namespace(), &member.row.name),
        ),
        (Some(_), None) => (
            format!("node `{name}` is not ready"),
            "bring the machine back; only if it is certainly off, say so to the cluster: its pods are removed, their volumes \
             detached, and the members start where a node reaches their volumes: those of this zone or machine alone wait for it"
                .to_owned(),
            Command::out_of_service(name),
        ),
        (Some(_), Some(volume)) => (
            format!("node `{name}` is not ready"),
            format!(
                "bring the machine back, or add a node that reaches volume `{volume}`: no other does now, and giving the machine \
                 up would not let its member start"
            ),
            Command::describe(None, "persistentvolume", volume),
        ),
    };
    let claims = member.row.claims.iter().flatten();
    let volumes = claims.filter_map(|claim| claim.claim.as_ref()?.volume_name.as_deref());
    let attached: Vec<String> = volumes
        .filter(|volume| sight.around.attachments_of(volume).any(|one| one.node == name))
        .map(|volume| format!("volume `{volume}` is attached there"))
        .collect();
    let why = "nobody knows whether the pod still runs there, so it is not made anew elsewhere";
    let why = if attached.is_empty() { why.to_owned() } else { format!("{why}, and its volumes stay attached there") };
    let finding = attached.into_iter().fold(RULE.of_member(member, message).because(why), Finding::evidence);
    Some(finding.remedy(remedy).command(command))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::{attachment, node, volume_name};

    #[test]
    fn a_node_that_is_down_or_gone_is_told() {
        let mut broken = Broken::new();
        broken.node["status"]["conditions"][0]["status"] = json!("Unknown");
        assert_eq!(tells(&RULE, &broken), ["node `node-a` is not ready"]);
        broken.node["metadata"]["name"] = json!("other");
        assert_eq!(tells(&RULE, &broken), ["node `node-a` does not exist any more"]);
    }

    /// Another node of the zone, which could take the pod.
    fn with_another() -> Broken {
        let mut broken = Broken::new();
        broken.more.push(node("node-b", "eu-1a", true));
        broken
    }

    #[test]
    fn a_machine_whose_volumes_no_other_node_reaches_is_not_given_up() {
        let mut broken = with_another();
        broken.node["status"]["conditions"][0]["status"] = json!("Unknown");
        assert_eq!(broken.findings(&RULE)[0].command, Some(Command::out_of_service("node-a")));
        let describe = Some(Command::describe(None, "persistentvolume", &volume_name(0)));
        let mut closed = broken.clone();
        closed.more[0]["spec"]["unschedulable"] = json!(true);
        assert_eq!(closed.findings(&RULE)[0].command, describe);
        broken.more[0] = node("node-b", "eu-1b", true);
        let found = broken.findings(&RULE).remove(0);
        assert_eq!(found.command, describe);
        assert!(found.remedy.starts_with("bring the machine back, or add a node that reaches volume"), "{found:?}");
        broken.hidden.push("PersistentVolume");
        assert_eq!(broken.findings(&RULE)[0].command, Some(Command::out_of_service("node-a")));
    }

    #[test]
    fn volumes_that_hang_on_it_are_evidence() {
        let mut broken = with_another();
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
