//! A name that leaves no room for the labels of its pods.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::names;

pub static RULE: Rule = Rule {
    code: "set-name-too-long",
    severity: Severity::Error,
    sources: &["SS-07", "SS-09"],
    summary: "the name of a set is too long for its pods",
    page: include_str!("../../../docs/explain/set-name-too-long.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let long = |set: &Document| {
        let name = set.at("metadata.name")?;
        let length = name.text()?.chars().count();
        (length > names::SET_NAME_MAX).then(|| {
            RULE.at(set, name, format!("the name has {length} characters, and {} are the most", names::SET_NAME_MAX))
                .because(
                    "a label of each pod holds the name and a hash, 63 characters at most; the server takes the set, \
                     makes its claims, and then fails to make any pod",
                )
                .remedy("choose a shorter name; the name of a set cannot be changed")
        })
    };
    all.of_kind(Kind::StatefulSet).filter_map(long).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    fn of(length: usize) -> String {
        SOUND.replace(
            "kind: StatefulSet\nmetadata:\n  name: web",
            &format!("kind: StatefulSet\nmetadata:\n  name: {}", "a".repeat(length)),
        )
    }

    #[test]
    fn a_name_of_53_characters_is_found() {
        assert_eq!(fires(&RULE, &of(53)), ["14:9 the name has 53 characters, and 52 are the most"]);
    }

    #[test]
    fn one_of_52_is_fine() {
        silent(&RULE, &of(52));
    }
}
