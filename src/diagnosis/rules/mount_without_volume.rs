//! A container that mounts a volume that its pod does not have.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::Manifests;
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "mount-without-volume",
    severity: Severity::Error,
    sources: &["SS-08"],
    summary: "a container mounts a volume that there is none of",
    page: include_str!("../../../docs/explain/mount-without-volume.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    for document in all.workloads() {
        let listed = document.pod_spec().and_then(|spec| spec.get("volumes")).map(Placed::items).unwrap_or_default();
        let volumes = listed.iter().filter_map(|volume| volume.get("name")?.text());
        let templates =
            document.items("spec.volumeClaimTemplates").iter().filter_map(|claim| claim.at("metadata.name")?.text());
        let there: Vec<&str> = volumes.chain(templates).collect();
        // The template that has lost its name is told by itself.
        if document.items("spec.volumeClaimTemplates").iter().any(|claim| claim.at("metadata.name").is_none()) {
            continue;
        }
        let mounts = document
            .containers()
            .flat_map(|container| ["volumeMounts", "volumeDevices"].map(|key| container.get(key)))
            .flat_map(|list| list.map(Placed::items).unwrap_or_default());
        for name in mounts.filter_map(|mount| mount.get("name")) {
            let Some(text) = name.text().filter(|name| !there.contains(name)) else { continue };
            let listed: Vec<String> = there.iter().map(|name| format!("`{name}`")).collect();
            let seen = if listed.is_empty() {
                "there are no volumes and no claim templates".to_owned()
            } else {
                format!("there are {}", listed.join(", "))
            };
            found.push(
                RULE.at(document, name, format!("there is no volume `{text}`"))
                    .evidence(seen)
                    .because("newer servers refuse it; older ones take the set and fail to make its pods")
                    .remedy("write the name of a claim template or of one of `volumes`, or add it"),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    #[test]
    fn a_mount_without_a_volume_is_found() {
        let text = SOUND.replace("{name: data, mountPath", "{name: date, mountPath");
        assert_eq!(fires(&RULE, &text), ["30:18 there is no volume `date`"]);
        assert_eq!(found(&RULE, &text)[0].evidence, ["there are `data`"]);
    }

    #[test]
    fn a_raw_device_without_a_volume_is_found() {
        let device = "        volumeDevices: [{name: raw, devicePath: /dev/a}]\n        volumeMounts:";
        let text = SOUND.replace("        volumeMounts:", device);
        assert_eq!(fires(&RULE, &text), ["29:32 there is no volume `raw`"]);
    }

    #[test]
    fn claim_templates_count_as_volumes() {
        silent(&RULE, SOUND);
    }
}
