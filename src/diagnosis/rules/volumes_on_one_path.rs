//! Two volumes on one place: two claims would share their data unawares.

use std::collections::BTreeMap;

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "volumes-on-one-path",
    severity: Severity::Warning,
    sources: &["S3-e7"],
    summary: "two volumes lie on the same place",
    page: include_str!("../../../docs/explain/volumes-on-one-path.md"),
    check: Check::Files(check),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{fires, found, silent};

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
}
