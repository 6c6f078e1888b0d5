//! A password that stands in the manifest. Its value is never shown.

use std::collections::BTreeSet;

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "plain-password",
    severity: Severity::Warning,
    sources: &["S1-e12"],
    summary: "a password stands in the manifest",
    page: include_str!("../../../docs/explain/plain-password.md"),
    checks: &[Check::Files(check)],
};

const WORDS: [&str; 5] = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY"];
/// Names that lead to one, or say something about one.
const HARMLESS: [&str; 5] = ["_FILE", "_PATH", "_NAME", "_DIR", "_URL"];

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    for document in all.workloads() {
        for variable in
            document.containers().flat_map(|container| container.get("env").map(Placed::items).unwrap_or_default())
        {
            found.extend(plain(document, variable));
        }
    }
    found
}

/// The lines on which the values of passwords stand, each for itself.
pub(in crate::diagnosis) fn lines_of_passwords<'a>(containers: impl Iterator<Item = &'a Placed>) -> BTreeSet<u64> {
    let variables = containers.flat_map(|container| container.get("env").map(Placed::items).unwrap_or_default());
    let of_password = |variable: &&Placed| variable.get("name").and_then(Placed::text).is_some_and(is_password);
    let values = variables.filter(of_password).flat_map(Placed::entries).filter(|entry| entry.key != "name");
    let lines = values.flat_map(|entry| {
        let more = entry.value.text().map_or(0, |text| text.matches('\n').count()) as u64;
        entry.place.line..=entry.value.place.line + more
    });
    lines.collect()
}

fn is_password(name: &str) -> bool {
    let written = name.to_ascii_uppercase();
    WORDS.iter().any(|word| written.ends_with(word)) && !HARMLESS.iter().any(|end| written.ends_with(end))
}

fn plain(document: &Document, variable: &Placed) -> Option<Finding> {
    let name = variable.get("name")?;
    let value = variable.get("value")?.text()?;
    // `$(OTHER)` is another variable, and a flag is no secret.
    if !is_password(name.text()?)
        || value.is_empty()
        || value.starts_with("$(")
        || ["true", "false", "yes", "no"].contains(&value)
    {
        return None;
    }
    let mut finding = RULE.at(document, name, format!("the value of `{}` stands in the manifest", name.text()?));
    if let Some(spot) = &mut finding.spot {
        spot.excerpt = None;
    }
    Some(finding.because("whoever may read the set or the file knows it, and it stays in both histories").remedy(
        "put it into a Secret and refer to it with `valueFrom.secretKeyRef`; \
                 `kubectl stateful create secret generic NAME` asks for the value without showing it",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::files::examine;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};
    use crate::diagnosis::source::Input;

    fn with(variable: &str) -> String {
        SOUND
            .replace("        readinessProbe:", &format!("        env:\n        - {variable}\n        readinessProbe:"))
    }

    #[test]
    fn a_password_in_the_manifest_is_found_and_not_shown() {
        let text = with("{name: DB_PASSWORD, value: hunter2}");
        assert_eq!(fires(&RULE, &text), ["28:18 the value of `DB_PASSWORD` stands in the manifest"]);
        assert!(!format!("{:?}", found(&RULE, &text)).contains("hunter2"));
    }

    #[test]
    fn whatever_else_is_wrong_on_its_line_does_not_show_it_either() {
        for variable in [
            "{name: DB_PASSWORD, value: hunter2, valeu: hunter2}",
            "{name: DB_PASSWORD, value: <hunter2>}",
            "{name: DB_PASSWORD, value: hunter2, value: hunter2}",
            "{name: DB_PASSWORD, valeu: hunter2}",
            "name: DB_PASSWORD\n          value: |\n            a\n            {{ hunter2 }}\n          valeu: hunter2",
        ] {
            let input = Input { name: "a.yaml".to_owned(), bytes: with(variable).into_bytes() };
            let found = examine(&[input]).findings;
            assert!(!found.is_empty() && !format!("{found:?}").contains("hunter2"), "{variable}: {found:#?}");
        }
    }

    #[test]
    fn references_files_and_flags_are_left_alone() {
        for variable in [
            "{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: a, key: b}}}",
            "{name: DB_PASSWORD_FILE, value: /run/secrets/db}",
            "{name: DB_PASSWORD, value: $(OTHER)}",
            "{name: ALLOW_EMPTY_PASSWORD, value: 'yes'}",
            "{name: DB_USER, value: admin}",
        ] {
            silent(&RULE, &with(variable));
        }
    }
}
