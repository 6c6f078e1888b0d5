//! A key that is there twice in one map.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::Manifests;
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Entry;

pub static RULE: Rule = Rule {
    code: "duplicate-key",
    severity: Severity::Error,
    sources: &["SS-09"],
    summary: "a key is there twice",
    page: include_str!("../../../docs/explain/duplicate-key.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    for document in &all.documents {
        document.root.walk(&mut |value| {
            let entries = value.entries();
            for (position, entry) in entries.iter().enumerate() {
                let before =
                    entries.get(..position).unwrap_or_default().iter().rev().find(|before| before.key == entry.key);
                // A whole second object has a rule of its own.
                let merged = std::ptr::eq(value, &raw const document.root) && is_merged(entries);
                if let Some(before) = before.filter(|before| !merged && before.place != entry.place) {
                    found.push(
                        RULE.at_key(document, entry, format!("the key `{}` is there twice", entry.key))
                            .evidence(format!("first on line {}", before.place.line))
                            .because(
                                "kubectl takes the last one, so what stands below the first vanishes without a word",
                            )
                            .remedy("join both, or remove one of them"),
                    );
                }
            }
        });
    }
    found
}

fn is_merged(entries: &[Entry]) -> bool {
    entries.iter().filter(|entry| entry.key == "kind").count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    #[test]
    fn a_key_that_is_there_twice_is_found_with_both_places() {
        let text = SOUND.replace("  replicas: 3", "  replicas: 3\n  replicas: 5");
        assert_eq!(fires(&RULE, &text), ["18:3 the key `replicas` is there twice"]);
        assert_eq!(found(&RULE, &text)[0].evidence, ["first on line 17"]);
        silent(&super::super::lost_separator::RULE, &text);
    }

    #[test]
    fn equal_keys_of_different_maps_and_values_of_a_secret_are_left_alone() {
        silent(&RULE, SOUND);
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: hunter2\n  a: hunter3\n";
        assert!(!format!("{:?}", found(&RULE, secret)).contains("hunter"));
    }
}
