//! Two objects in one document: kubectl takes the last of equal keys silently, so
//! the first object vanishes.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Entry;

pub static RULE: Rule = Rule {
    code: "lost-separator",
    severity: Severity::Error,
    sources: &["SS-09"],
    summary: "two objects stand in one document",
    page: include_str!("../../../docs/explain/lost-separator.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let merged = |document: &Document| {
        let kinds: Vec<_> = document.root.entries().iter().filter(|entry| entry.key == "kind").collect();
        let [first, .., second] = kinds.as_slice() else { return None };
        // The second object begins with whichever of its keys comes first.
        let start = document
            .root
            .entries()
            .iter()
            .filter(|entry| entry.place > first.place && ["apiVersion", "kind"].contains(&entry.key.as_str()))
            .map(|entry| entry.place)
            .min()?;
        let entry = document.root.entries().iter().find(|entry| entry.place == start)?;
        let kind = |entry: &Entry| entry.value.text().unwrap_or("object").to_owned();
        Some(
            RULE.at_key(document, entry, "a second object begins here, and there is no `---` before it")
                .evidence(format!("first {}, then {}", kind(first), kind(second)))
                .because("kubectl takes the last of two equal keys, so of the first object nothing is left but what the second has not")
                .remedy("write a line with `---` before this one"),
        )
    };
    all.documents.iter().filter_map(merged).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    #[test]
    fn two_objects_without_a_line_between_them_are_found() {
        let text = SOUND.replace("---\n", "");
        assert_eq!(fires(&RULE, &text), ["10:1 a second object begins here, and there is no `---` before it"]);
        assert_eq!(found(&RULE, &text)[0].evidence, ["first Service, then StatefulSet"]);
    }

    #[test]
    fn objects_in_documents_of_their_own_are_left_alone() {
        silent(&RULE, SOUND);
        silent(&RULE, "apiVersion: v1\nkind: Service\nmetadata: {name: a, name: b}\n");
    }
}
