//! A volume of the pods that has the name of a claim template: the claim takes its place.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::Manifests;
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "volume-hidden",
    severity: Severity::Warning,
    sources: &["SS-08"],
    summary: "a volume of the pods has the name of a claim template",
    page: include_str!("../../../docs/explain/volume-hidden.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    for set in all.of_kind(Kind::StatefulSet) {
        let templates =
            set.items("spec.volumeClaimTemplates").iter().filter_map(|claim| claim.at("metadata.name")?.text());
        let templates: Vec<&str> = templates.collect();
        let volumes = set.pod_spec().and_then(|spec| spec.get("volumes")).map(Placed::items).unwrap_or_default();
        for name in volumes.iter().filter_map(|volume| volume.get("name")) {
            let Some(text) = name.text().filter(|text| templates.contains(text)) else { continue };
            found.push(
                RULE.at(set, name, format!("volume `{text}` has the name of a claim template"))
                    .because(
                        "the claim of the member takes its place in every pod, and what is written here means nothing",
                    )
                    .remedy("remove it, or give it another name"),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    fn with(name: &str) -> String {
        SOUND.replace(
            "      containers:",
            &format!("      volumes: [{{name: {name}, emptyDir: {{}}}}]\n      containers:"),
        )
    }

    #[test]
    fn a_volume_of_the_name_of_a_claim_template_is_found() {
        assert_eq!(fires(&RULE, &with("data")), ["24:24 volume `data` has the name of a claim template"]);
    }

    #[test]
    fn a_volume_of_another_name_is_fine() {
        silent(&RULE, &with("scratch"));
    }
}
