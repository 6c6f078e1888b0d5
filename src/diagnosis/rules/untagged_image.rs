//! An image without a version.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::Manifests;
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::rules::is_placeholder;

pub static RULE: Rule = Rule {
    code: "untagged-image",
    severity: Severity::Warning,
    sources: &["S5-e10"],
    summary: "an image has no version",
    page: include_str!("../../../docs/explain/untagged-image.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    for set in all.of_kind(Kind::StatefulSet) {
        for image in set.containers().filter_map(|container| container.get("image")) {
            let Some(text) = image.text().filter(|text| is_loose(text) && !is_placeholder(text)) else { continue };
            found.push(
                RULE.at(set, image, format!("image `{text}` has no version"))
                    .because(
                        "a member that starts again may run another version than its neighbours, on the same data; \
                         an undone rollout does not bring the old one back",
                    )
                    .remedy("write the version behind a colon, or a digest behind `@`"),
            );
        }
    }
    found
}

/// Without tag and digest, or `latest`. A port in the host is no tag.
fn is_loose(image: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or(image);
    !image.is_empty() && !image.contains('@') && last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn an_image_without_a_version_is_found() {
        assert_eq!(fires(&RULE, &SOUND.replace("app:1.0", "app")), ["26:16 image `example.org/app` has no version"]);
        assert_eq!(fires(&RULE, &SOUND.replace("app:1.0", "app:latest")).len(), 1);
        assert_eq!(fires(&RULE, &SOUND.replace("example.org/app:1.0", "localhost:5000/app")).len(), 1);
    }

    #[test]
    fn versions_and_digests_are_fine() {
        silent(&RULE, SOUND);
        silent(&RULE, &SOUND.replace("app:1.0", "app@sha256:abc"));
    }
}
