//! A `namespace:` with nothing behind it.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "empty-namespace",
    severity: Severity::Warning,
    sources: &["S5-e3"],
    summary: "a namespace is named without a name",
    page: include_str!("../../../docs/explain/empty-namespace.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let empty = |document: &Document| {
        let entry = document.at("metadata")?.entry("namespace")?;
        let nothing = entry.value.is_null() || entry.value.text() == Some("");
        nothing.then(|| {
            RULE.at_key(document, entry, "`namespace:` has no value")
                .because("the object lands in whichever namespace the command names, which the line seems to decide")
                .remedy("remove the line, or write the namespace")
        })
    };
    all.documents.iter().filter_map(empty).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn a_namespace_without_a_name_is_found() {
        assert_eq!(
            fires(&RULE, &SOUND.replacen("  name: web", "  name: web\n  namespace:", 1)),
            ["5:3 `namespace:` has no value"]
        );
    }

    #[test]
    fn a_namespace_and_none_at_all_are_fine() {
        silent(&RULE, SOUND);
        silent(&RULE, &SOUND.replacen("  name: web", "  name: web\n  namespace: db", 1));
    }
}
