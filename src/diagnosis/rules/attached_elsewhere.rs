//! The volume of a member still hangs on a node that is lost, so its pod
//! starts nowhere else.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{BoundVolume, Sight};

pub static RULE: Rule = Rule {
    code: "attached-elsewhere",
    severity: Severity::Error,
    sources: &["S4-08", "H-05"],
    summary: "a volume is still attached to a node that is lost",
    page: include_str!("../../../docs/explain/attached-elsewhere.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    if sight.scene.nodes.is_none() {
        return Vec::new();
    }
    sight.volumes().flat_map(|bound| held(sight, &bound)).collect()
}

fn held(sight: &Sight<'_>, bound: &BoundVolume<'_>) -> Vec<Finding> {
    let (member, volume) = (bound.member, &bound.volume.meta.name);
    let own_node = member.pod.and_then(|pod| pod.node.as_deref());
    let mut found = Vec::new();
    // On the node of the pod itself it is the node that is to be told about.
    let others = sight.around.attachments_of(volume).filter(|attachment| own_node != Some(attachment.node.as_str()));
    for attachment in others {
        let node = &attachment.node;
        let (state, remedy, command) = match sight.scene.node(node) {
            Some(known) if known.ready => continue,
            Some(_) if sight.is_reached_only_from(bound.volume, node) => (
                "is not ready",
                "bring the machine back, or add a node that reaches the volume: no other does now, and giving the machine up \
                 would not let the member start",
                Command::describe(None, "persistentvolume", volume),
            ),
            Some(_) => (
                "is not ready",
                "bring the machine back; only if it is certainly off, say so to the cluster, and its volumes are detached",
                Command::out_of_service(node),
            ),
            None => (
                "does not exist any more",
                "if the machine is certainly off, delete the attachment, and the volume can be attached elsewhere",
                Command::delete_attachment(&attachment.meta.name),
            ),
        };
        found.push(
            RULE.of_member(member, format!("volume `{volume}` is still attached to node `{node}`, which {state}"))
                .about(format!("VolumeAttachment/{}", attachment.meta.name))
                .evidence(format!("attachment `{}`{}", attachment.meta.name, if attachment.attached { "" } else { ", not done yet" }))
                .because("a volume for one node is attached to another only when the first has given it up, and a lost node gives up nothing")
                .remedy(remedy)
                .command(command),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::{attachment, node, pending_pod, volume_name};

    fn broken(nodes: &[Value]) -> Broken {
        let mut broken = Broken::new();
        broken.pod = pending_pod("web", 0, "waits");
        broken.more.push(attachment("csi-1", "node-b", &volume_name(0)));
        broken.more.extend_from_slice(nodes);
        broken
    }

    #[test]
    fn an_attachment_to_a_node_that_is_down_or_gone_is_told_with_what_ends_it() {
        let down = broken(&[node("node-b", "eu-1a", false)]);
        let told = format!("volume `{}` is still attached to node `node-b`, which ", volume_name(0));
        assert_eq!(tells(&RULE, &down), [format!("{told}is not ready")]);
        assert_eq!(down.findings(&RULE)[0].command, Some(Command::out_of_service("node-b")));
        let mut only_there = down.clone();
        only_there.node = node("node-a", "eu-1b", true);
        let describe = Command::describe(None, "persistentvolume", &volume_name(0));
        assert_eq!(only_there.findings(&RULE)[0].command, Some(describe));
        let gone = broken(&[]);
        assert_eq!(tells(&RULE, &gone), [format!("{told}does not exist any more")]);
        assert_eq!(gone.findings(&RULE)[0].command, Some(Command::delete_attachment("csi-1")));
    }

    #[test]
    fn a_node_that_is_up_and_the_node_of_the_pod_are_not() {
        calm(&RULE, &broken(&[node("node-b", "eu-1a", true)]));
        let mut own = Broken::new();
        own.more.push(attachment("csi-1", "node-a", &volume_name(0)));
        calm(&RULE, &own);
        let mut hidden = broken(&[]);
        hidden.hidden.push("Node");
        calm(&RULE, &hidden);
    }
}
