//! A placeholder that nobody replaced.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "placeholder",
    severity: Severity::Error,
    sources: &["S3-e9"],
    summary: "a placeholder was left in the manifest",
    page: include_str!("../../../docs/explain/placeholder.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    // Data may hold anything, and so may commands.
    for document in
        all.documents.iter().filter(|document| !matches!(document.kind, Kind::Secret | Kind::ConfigMap | Kind::Foreign))
    {
        in_value(document, &document.root, &mut found);
    }
    found
}

fn in_value(document: &Document, value: &Placed, found: &mut Vec<Finding>) {
    if let Some(text) = value.text().filter(|text| is_placeholder(text)) {
        found.push(
            RULE.at(document, value, format!("`{text}` is a placeholder"))
                .because("it stands where a value of yours belongs; the server takes it literally, or refuses it")
                .remedy("write the value that belongs here"),
        );
    }
    for item in value.items() {
        in_value(document, item, found);
    }
    for entry in value.entries() {
        let key = entry.key.as_str();
        // Applications have templates of their own.
        let of_the_application = key == "value" && entry.value.text().is_some_and(|text| text.contains("{{"));
        if !of_the_application && !["command", "args", "annotations", "lastState", "status"].contains(&key) {
            in_value(document, &entry.value, found);
        }
    }
}

/// `<name>`, `<pod template>`, `${NAME}`, `{{ .Values.name }}`, `CHANGEME`, `TODO`.
pub(in crate::diagnosis) fn is_placeholder(text: &str) -> bool {
    let inside = |open: &str, close: &str| text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    let wordy = |inner: &str| !inner.is_empty() && inner.chars().all(|c| c.is_alphanumeric() || " _-.".contains(c));
    inside("<", ">").is_some_and(wordy)
        || text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}"))
        || inside("${", "}").is_some_and(wordy)
        || ["changeme", "change-me", "todo", "fixme", "tbd"].contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn a_placeholder_is_found_where_it_stands() {
        let text = SOUND.replace("image: example.org/app:1.0", "image: <your image>");
        assert_eq!(fires(&RULE, &text), ["26:16 `<your image>` is a placeholder"]);
        assert_eq!(
            fires(&RULE, "apiVersion: apps/v1\nkind: StatefulSet\nspec:\n  template: <pod template>\n").len(),
            1
        );
        assert_eq!(fires(&RULE, &SOUND.replace("storage: 1Gi", "storage: ${SIZE}")).len(), 1);
    }

    #[test]
    fn template_marks_in_quotes_are_one_and_those_for_the_application_are_not() {
        let text = SOUND.replace("image: example.org/app:1.0", "image: \"{{ .Values.image }}\"");
        assert_eq!(fires(&RULE, &text), ["26:16 `{{ .Values.image }}` is a placeholder"]);
        silent(&super::super::untagged_image::RULE, &text);
        let env = "env: [{name: A, value: '{{ key }}'}]\n        readinessProbe:";
        silent(&RULE, &SOUND.replace("readinessProbe:", env));
    }

    #[test]
    fn commands_data_and_comparisons_are_left_alone() {
        silent(&RULE, SOUND);
        silent(
            &RULE,
            &SOUND.replace("        readinessProbe:", "        args: ['<none>', '${HOME}']\n        readinessProbe:"),
        );
        silent(&RULE, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {page: '<html>'}\n");
    }
}
