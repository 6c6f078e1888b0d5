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

const BECAUSE: &str = "two claims would write into the same files, and removing one takes the data of the other";

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
                    .because(BECAUSE)
                    .remedy("give each volume a place of its own"),
            );
        }
        seen.entry(place).or_insert(volume);
        found.extend(on_the_cluster(all, volume, at));
    }
    found
}

/// A volume of the cluster lies there, and is not the one that is written here.
fn on_the_cluster(all: &Manifests, document: &Document, at: &Placed) -> Option<Finding> {
    let volume = Volume::read(&document.root.to_value())?;
    let same = |other: &&Volume| {
        other.meta.deleting.is_none()
            && !volume.source.is_empty()
            && other.source.trim_end_matches('/') == volume.source.trim_end_matches('/')
            && other.nodes == volume.nodes
            && all.find(Kind::Volume, "", &other.meta.name).is_none()
    };
    let other = all.beyond.as_ref()?.volumes.iter().flatten().find(same)?;
    let finding = RULE.at(document, at, format!("volume `{}` of the cluster lies on the same place", other.meta.name));
    let finding = finding.evidence(format!("both are {}", other.source));
    let finding = match &other.claim {
        Some(claim) => {
            finding.evidence(format!("it belongs to claim `{}` of namespace `{}`", claim.name, claim.namespace))
        }
        None => finding,
    };
    Some(finding.because(BECAUSE).remedy("give the volume a place of its own"))
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

    use crate::diagnosis::samples::{Broken, beyond, calm, fires, fires_beyond, found, silent, silent_beyond, tells};
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
    fn a_volume_alone_is_held_against_those_of_the_cluster() {
        let folder = |path: &str| json!({"hostPath": {"path": path}, "claimRef": {"namespace": "db", "name": "data"}});
        let live = |name: &str, path: &str| json!({"kind": "PersistentVolume", "metadata": {"name": name}, "spec": folder(path)});
        let pair = pair("{hostPath: {path: /data/}}", "{}");
        let alone = pair.split_once("---\n").unwrap().0;
        let told = fires_beyond(&RULE, alone, beyond(&[live("old", "/data")]));
        assert_eq!(told[0].message, "volume `old` of the cluster lies on the same place");
        assert_eq!(told[0].evidence, ["both are hostPath /data", "it belongs to claim `data` of namespace `db`"]);
        silent_beyond(&RULE, alone, beyond(&[live("old", "/data/a"), live("a", "/data")]));
        let mut leaving = live("old", "/data");
        leaving["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:56:00Z");
        silent_beyond(&RULE, alone, beyond(&[leaving]));
        let mut elsewhere = live("old", "/data");
        let term = json!({"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]});
        elsewhere["spec"]["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [term]}});
        silent_beyond(&RULE, alone, beyond(&[elsewhere]));
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
