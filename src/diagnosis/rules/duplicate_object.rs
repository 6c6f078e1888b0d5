//! The same object twice in one input.

use std::collections::BTreeMap;

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "duplicate-object",
    severity: Severity::Warning,
    sources: &["SS-09"],
    summary: "the same object is there twice",
    page: include_str!("../../../docs/explain/duplicate-object.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<_, &Document> = BTreeMap::new();
    for document in &all.documents {
        if document.name().is_empty() || document.kind == Kind::Foreign {
            continue;
        }
        let key = (document.kind, document.text("kind"), document.namespace(), document.name());
        let first = *seen.entry(key).or_insert(document);
        if first.position == document.position {
            continue;
        }
        let place = first.root.place;
        found.push(
            RULE.on(document, format!("{} is there a second time", document.title()))
                .evidence(format!("first at {}:{}", first.source.name, place.line))
                .because("the second replaces what the first has just made")
                .remedy("remove one of them, or give it another name or namespace"),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn an_object_that_is_there_twice_is_found() {
        let service = SOUND.split_once("---\n").unwrap().0;
        assert_eq!(fires(&RULE, &format!("{SOUND}---\n{service}")), ["41:1 Service/web is there a second time"]);
    }

    #[test]
    fn other_kinds_and_namespaces_are_fine() {
        silent(&RULE, SOUND);
        silent(
            &RULE,
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\n",
        );
    }
}
