//! A number of members that is written down a second time, and differs.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::references::references;
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "members-fixed",
    severity: Severity::Warning,
    sources: &["S5-e8"],
    summary: "the number of members is written down twice, and differs",
    page: include_str!("../../../docs/explain/members-fixed.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    for set in all.of_kind(Kind::StatefulSet) {
        for container in set.containers() {
            let words = ["command", "args"]
                .into_iter()
                .flat_map(|key| container.get(key).map(Placed::items).unwrap_or_default());
            found.extend(words.filter_map(|word| differs(set, set, word, word.text()?)));
        }
        for reference in references(set).iter().filter(|reference| reference.kind == Kind::ConfigMap) {
            let Some(map) = reference.name.text().and_then(|name| all.find(Kind::ConfigMap, set.namespace(), name))
            else {
                continue;
            };
            let values = map.at("data").map(Placed::entries).unwrap_or_default();
            found.extend(values.iter().filter_map(|entry| differs(set, map, &entry.value, entry.value.text()?)));
        }
    }
    found.dedup_by(|one, other| one.spot == other.spot);
    found
}

/// `bootstrap_expect: 3` or `-bootstrap-expect=3` somewhere in a text.
fn differs(set: &Document, holder: &Document, at: &Placed, text: &str) -> Option<Finding> {
    let position = text.find("bootstrap_expect").or_else(|| text.find("bootstrap-expect"))?;
    let behind = text.get(position + "bootstrap-expect".len()..)?;
    let digits: String =
        behind.trim_start_matches(['"', ':', '=', ' ', '\'']).chars().take_while(char::is_ascii_digit).collect();
    let expected: i64 = digits.parse().ok()?;
    if expected == set.replicas() {
        return None;
    }
    Some(
        RULE.at(holder, at, format!("{expected} members are expected, and {} has {}", set.title(), set.replicas()))
            .because("the group waits for the number that is written here before it begins; members beyond it join by other means or never")
            .remedy("write the same number in both places; to scale later, only the set changes and this number stays"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    fn with(argument: &str) -> String {
        SOUND.replace("        readinessProbe:", &format!("        args: [agent, {argument}]\n        readinessProbe:"))
    }

    #[test]
    fn another_number_in_an_argument_or_a_file_is_found() {
        assert_eq!(
            fires(&RULE, &with("-bootstrap-expect=5")),
            ["27:23 5 members are expected, and StatefulSet/web has 3"]
        );
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata:\n  consul.json: '{\"bootstrap_expect\": 5}'\n---\n";
        let text = SOUND
            .replace("      containers:", "      volumes: [{name: c, configMap: {name: conf}}]\n      containers:");
        assert_eq!(fires(&RULE, &format!("{map}{text}")).len(), 1);
    }

    #[test]
    fn the_same_number_and_variables_are_fine() {
        silent(&RULE, &with("-bootstrap-expect=3"));
        silent(&RULE, &with("-bootstrap-expect=$(REPLICAS)"));
    }
}
