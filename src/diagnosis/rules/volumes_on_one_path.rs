//! Two volumes on one place: two claims would share their data unawares.

use std::collections::BTreeMap;

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{BoundVolume, Sight};
use crate::facts::volume::Volume;
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "volumes-on-one-path",
    severity: Severity::Warning,
    sources: &["H-18"],
    summary: "two volumes lie on the same place",
    page: include_str!("../../../docs/explain/volumes-on-one-path.md"),
    checks: &[Check::Files(check), Check::Deep(live)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let mut seen: BTreeMap<String, &Document> = BTreeMap::new();
    let mut found = Vec::new();
    for volume in all.of_kind(Kind::Volume) {
        let Some((at, back_end)) = back_end(volume) else { continue };
        // Folders of different nodes are different folders.
        let place = format!(
            "{back_end} {}",
            volume.at("spec.nodeAffinity").map(|nodes| nodes.to_value().to_string()).unwrap_or_default()
        );
        if let Some(other) = seen.get(&place).filter(|other| other.name() != volume.name()) {
            found.push(
                RULE.at(volume, at, format!("{} lies on the same place", other.title()))
                    .evidence(format!("both are {back_end}"))
                    .because("two claims would write into the same files, and removing one takes the data of the other")
                    .remedy("give each volume a place of its own"),
            );
        }
        seen.entry(place).or_insert(volume);
    }
    found
}

/// What lies behind it, and where that is written.
fn back_end(volume: &Document) -> Option<(&Placed, String)> {
    let kinds: [(&str, &[&str]); 4] = [
        ("hostPath", &["path"]),
        ("local", &["path"]),
        ("nfs", &["path", "server"]),
        ("csi", &["volumeHandle", "driver"]),
    ];
    kinds.into_iter().find_map(|(kind, fields)| {
        let source = volume.at("spec")?.get(kind)?;
        let values: Vec<&str> = fields.iter().filter_map(|field| source.get(field)?.text()).collect();
        let at = source.get(fields.first()?)?;
        Some((
            at,
            format!(
                "{kind} {}",
                values.iter().map(|value| value.trim_end_matches('/')).collect::<Vec<_>>().join(" of ")
            ),
        ))
    })
}

fn live(sight: &Sight<'_>) -> Vec<Finding> {
    let Some(volumes) = &sight.scene.volumes else { return Vec::new() };
    let mut found = Vec::new();
    for BoundVolume { member, volume, .. } in sight.volumes() {
        let same = |other: &&&Volume| {
            other.meta.uid != volume.meta.uid
                && !volume.source.is_empty()
                && other.source == volume.source
                && other.nodes == volume.nodes
        };
        let Some(other) = volumes.values().find(same) else { continue };
        found.push(
            RULE.of_member(
                member,
                format!("volume `{}` lies on the same place as `{}`", volume.meta.name, other.meta.name),
            )
            .about(format!("PersistentVolume/{}", volume.meta.name))
            .evidence(format!("both are {}", volume.source))
            .because("two claims write into the same files, and removing one takes the data of the other")
            .remedy("find out which of them is meant, and move the data of the other to a place of its own")
            .command(Command::describe(None, "persistentvolume", &volume.meta.name)),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, fires, found, silent, tells};
    use crate::facts::samples::volume_name;

    fn pair(one: &str, other: &str) -> String {
        let volume = |name: &str, spec: &str| {
            format!("apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}}}\nspec: {spec}\n")
        };
        format!("{}---\n{}", volume("a", one), volume("b", other))
    }

    #[test]
    fn two_volumes_in_one_folder_are_found() {
        let text = pair("{hostPath: {path: /data}}", "{hostPath: {path: /data/}}");
        assert_eq!(fires(&RULE, &text), ["9:25 PersistentVolume/a lies on the same place"]);
        assert_eq!(found(&RULE, &text)[0].evidence, ["both are hostPath /data"]);
    }

    #[test]
    fn other_folders_other_servers_and_other_nodes_are_fine() {
        silent(&RULE, &pair("{hostPath: {path: /data/a}}", "{hostPath: {path: /data/b}}"));
        silent(&RULE, &pair("{nfs: {server: a, path: /d}}", "{nfs: {server: b, path: /d}}"));
        silent(&RULE, &pair("{local: {path: /d}, nodeAffinity: {a: 1}}", "{local: {path: /d}, nodeAffinity: {a: 2}}"));
    }

    #[test]
    fn live_volumes_on_one_place_are_told() {
        let mut broken = Broken::new();
        broken.volume["spec"]["csi"] = json!({"driver": "d", "volumeHandle": "v"});
        calm(&RULE, &broken);
        let mut twin = broken.volume.clone();
        twin["metadata"] = json!({"name": "twin", "uid": "twin"});
        broken.more.push(twin);
        assert_eq!(tells(&RULE, &broken), [format!("volume `{}` lies on the same place as `twin`", volume_name(0))]);
    }
}
