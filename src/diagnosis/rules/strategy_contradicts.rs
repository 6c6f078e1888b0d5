//! Settings of a rolling update for a set that does not roll: the server refuses it.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "strategy-contradicts",
    severity: Severity::Error,
    sources: &["SS-11", "SS-12"],
    summary: "settings of a rolling update for a set that does not roll",
    page: include_str!("../../../docs/explain/strategy-contradicts.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let both = |set: &Document| {
        let strategy = set.at("spec.updateStrategy")?;
        let entry = strategy.entry("rollingUpdate").filter(|entry| !entry.value.is_null())?;
        (strategy.get("type").and_then(Placed::text) == Some("OnDelete")).then(|| {
            RULE.at_key(set, entry, "`rollingUpdate` does not go with `type: OnDelete`")
                .because("with `OnDelete` nothing is rolled: pods change when somebody deletes them; the server refuses both together")
                .remedy("remove `rollingUpdate`, or write `type: RollingUpdate`")
        })
    };
    all.of_kind(Kind::StatefulSet).filter_map(both).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn a_partition_without_rolling_is_found() {
        let text = SOUND.replace(
            "  replicas: 3",
            "  replicas: 3\n  updateStrategy: {type: OnDelete, rollingUpdate: {partition: 1}}",
        );
        assert_eq!(fires(&RULE, &text), ["18:36 `rollingUpdate` does not go with `type: OnDelete`"]);
    }

    #[test]
    fn each_alone_is_fine() {
        silent(&RULE, &SOUND.replace("  replicas: 3", "  replicas: 3\n  updateStrategy: {type: OnDelete}"));
        silent(
            &RULE,
            &SOUND.replace("  replicas: 3", "  replicas: 3\n  updateStrategy: {rollingUpdate: {partition: 1}}"),
        );
    }
}
