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
    for document in &all.documents {
        match document.kind {
            // Data may hold anything.
            Kind::Secret | Kind::ConfigMap | Kind::Foreign => {}
            // So may much of these: descriptions, schemas, expressions.
            Kind::Priority | Kind::OtherOfKubernetes => {
                if let Some(metadata) = document.at("metadata") {
                    in_value(document, metadata, "metadata", &mut found);
                }
            }
            Kind::StatefulSet
            | Kind::Deployment
            | Kind::DaemonSet
            | Kind::ReplicaSet
            | Kind::Job
            | Kind::CronJob
            | Kind::Pod
            | Kind::Service
            | Kind::Claim
            | Kind::Volume
            | Kind::Class
            | Kind::Ingress
            | Kind::Budget
            | Kind::Account => in_value(document, &document.root, "", &mut found),
        }
    }
    found
}

/// What programs and drivers read, each with marks of its own.
const FREE: [&str; 8] =
    ["command", "args", "annotations", "parameters", "volumeAttributes", "options", "lastState", "status"];

/// Texts that the server takes as they are, by the map around them.
const TAKEN: [(&str, &str); 4] = [("env", "value"), ("httpGet", "path"), ("httpHeaders", "value"), ("paths", "path")];

/// `around` is the key of the map, or of the list that it stands in.
fn in_value(document: &Document, value: &Placed, around: &str, found: &mut Vec<Finding>) {
    for item in value.items() {
        told(document, item, false, found);
        in_value(document, item, around, found);
    }
    for entry in value.entries() {
        let key = entry.key.as_str();
        // Applications have templates of their own.
        let of_the_application = key == "value" && entry.value.text().is_some_and(|text| text.contains("{{"));
        if !of_the_application && !FREE.contains(&key) {
            told(document, &entry.value, TAKEN.contains(&(around, key)), found);
            in_value(document, &entry.value, key, found);
        }
    }
}

/// `taken`: the server takes any text there, and perhaps the application wants this one.
fn told(document: &Document, value: &Placed, taken: bool, found: &mut Vec<Finding>) {
    let Some(text) = value.text() else { return };
    if is_placeholder(text) || taken && is_reminder(text) {
        let shown = if document.hides(value.place.line) { "this".to_owned() } else { format!("`{text}`") };
        let finding = RULE
            .at(document, value, format!("{shown} is a placeholder"))
            .because("it stands where a value of yours belongs; the server takes it literally, or refuses it")
            .remedy("write the value that belongs here");
        found.push(Finding { severity: if taken { Severity::Warning } else { RULE.severity }, ..finding });
    }
}

/// `<name>`, `<pod template>`, `${NAME}`, `{{ .Values.name }}`: no name has such letters.
pub(in crate::diagnosis) fn is_placeholder(text: &str) -> bool {
    let inside = |open: &str, close: &str| text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    let wordy = |inner: &str| !inner.is_empty() && inner.chars().all(|c| c.is_alphanumeric() || " _-.".contains(c));
    inside("<", ">").is_some_and(wordy)
        || text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}"))
        || inside("${", "}").is_some_and(wordy)
}

/// A word that also is a fine name for a Service, a label or an image.
fn is_reminder(text: &str) -> bool {
    ["changeme", "change-me", "todo", "fixme", "tbd"].contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

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
    fn words_that_are_names_are_left_alone_and_free_texts_are_a_guess() {
        let named = SOUND.replace("web", "todo").replace("example.org/app:1.0", "TODO").replace("data", "tbd");
        silent(&RULE, &named);
        for free in [
            "env: [{name: A, value: TODO}]",
            "env: [{name: A, value: <none>}]",
            "env: [{name: A, value: '${HOME}'}]",
            "livenessProbe: {httpGet: {port: 80, path: '/{{id}}/x'}}",
        ] {
            let text = SOUND.replace("readinessProbe:", &format!("{free}\n        readinessProbe:"));
            let severities: Vec<_> = found(&RULE, &text).iter().map(|finding| finding.severity).collect();
            assert_eq!(severities, [Severity::Warning], "{free}");
        }
        let text = SOUND.replace("readinessProbe:", "env: [{name: <name>, value: a}]\n        readinessProbe:");
        assert_eq!(found(&RULE, &text)[0].severity, Severity::Error);
    }

    #[test]
    fn what_others_describe_and_drivers_read_is_left_alone() {
        silent(
            &RULE,
            "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: a}\ndescription: <none>\n",
        );
        silent(
            &RULE,
            "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: a}\nparameters: {a: '${pvc.name}'}\n",
        );
        assert_eq!(fires(&RULE, "apiVersion: v1\nkind: Namespace\nmetadata: {name: <name>}\n").len(), 1);
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
