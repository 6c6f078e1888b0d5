//! A folder of a node in a volume that any node may take.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "host-path-node",
    severity: Severity::Warning,
    sources: &["S1-e10"],
    summary: "a folder of a node is offered to all nodes",
    page: include_str!("../../../docs/explain/host-path-node.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let anywhere = |volume: &Document| {
        let path = volume.at("spec.hostPath.path")?;
        let in_tmp = path.text().is_some_and(|path| path.starts_with("/tmp/"));
        let nodes = all.beyond.as_ref().and_then(|beyond| beyond.nodes);
        // One folder that lasts is how a cluster with a single node is used.
        let several = all.of_kind(Kind::Volume).filter(|other| other.at("spec.hostPath").is_some()).count() > 1;
        if volume.at("spec.nodeAffinity").is_some() {
            return None;
        }
        let gone = "what is below `/tmp` may be gone when the node starts again";
        if nodes.map_or(in_tmp || several, |nodes| nodes > 1) {
            let finding = RULE.at(volume, path, "the volume is a folder, and any node may take it for its own");
            let count = nodes.map(|nodes| format!("the cluster has {nodes} nodes that take pods"));
            let evidence = count.into_iter().chain(in_tmp.then(|| gone.to_owned()));
            let finding = evidence.fold(finding, Finding::evidence);
            return Some(
                finding
                    .because("a pod that moves to another node finds an empty folder there, without any error")
                    .remedy(
                        "say which node has it with `spec.nodeAffinity` (label `kubernetes.io/hostname`); \
                     on a cluster with one node this does not matter",
                    ),
            );
        }
        let lost =
            || RULE.at(volume, path, gone).because("many systems empty it then").remedy("choose a folder that lasts");
        in_tmp.then(lost)
    };
    all.of_kind(Kind::Volume).filter_map(anywhere).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::beyond::Beyond;
    use crate::diagnosis::samples::{fires, fires_beyond, found, silent, silent_beyond};

    const VOLUME: &str =
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec:\n  hostPath: {path: /tmp/a}\n";

    #[test]
    fn a_folder_for_all_nodes_is_found() {
        assert_eq!(fires(&RULE, VOLUME), ["5:20 the volume is a folder, and any node may take it for its own"]);
        assert_eq!(found(&RULE, VOLUME)[0].evidence.len(), 1);
    }

    #[test]
    fn a_single_folder_that_lasts_is_found_where_the_cluster_has_several_nodes() {
        let lasting = VOLUME.replace("/tmp/a", "/data/a");
        let with = |nodes| Beyond { nodes: Some(nodes), ..Beyond::default() };
        assert_eq!(fires_beyond(&RULE, &lasting, with(3))[0].evidence, ["the cluster has 3 nodes that take pods"]);
        silent_beyond(&RULE, &lasting, with(1));
        let gone = "what is below `/tmp` may be gone when the node starts again";
        assert_eq!(fires_beyond(&RULE, VOLUME, with(1))[0].message, gone);
        silent_beyond(&RULE, &format!("{lasting}---\n{}", lasting.replace("name: a", "name: b")), with(1));
    }

    #[test]
    fn a_folder_of_one_node_is_left_alone() {
        silent(&RULE, &VOLUME.replace("/tmp/a", "/data/a"));
        silent(&RULE, &format!("{VOLUME}  nodeAffinity: {{required: {{}}}}\n"));
    }
}
