//! A workload that would not select its own pods: the server refuses it.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::labels::labels;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "selector-not-of-template",
    severity: Severity::Error,
    sources: &["SS-12"],
    summary: "the selector does not match the labels of the template",
    page: include_str!("../../../docs/explain/selector-not-of-template.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    all.workloads().filter_map(foreign).collect()
}

fn foreign(document: &Document) -> Option<Finding> {
    if !matches!(document.kind, Kind::StatefulSet | Kind::Deployment | Kind::DaemonSet | Kind::ReplicaSet) {
        return None;
    }
    let selector = document.at("spec.selector.matchLabels")?;
    let (wanted, has) =
        (labels(Some(selector)), labels(document.template().and_then(|template| template.at("metadata.labels"))));
    let (key, value) = wanted.iter().find(|(key, value)| has.get(*key) != Some(value))?;
    let seen = has
        .get(key)
        .map_or_else(|| format!("they have no label `{key}`"), |other| format!("they have `{key}: {other}`"));
    let entry = selector.entry(key)?;
    Some(
        RULE.at_key(document, entry, format!("the selector wants pods with `{key}: {value}`, and {seen}"))
            .because("a set must select its own pods; the server refuses it otherwise")
            .remedy("write the same labels in `spec.selector.matchLabels` and in `spec.template.metadata.labels`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn a_selector_that_misses_its_own_pods_is_found() {
        let text = SOUND.replace("matchLabels: {app: web}", "matchLabels: {app: wbe}");
        assert_eq!(fires(&RULE, &text), ["19:19 the selector wants pods with `app: wbe`, and they have `app: web`"]);
        let text = SOUND.replace("matchLabels: {app: web}", "matchLabels: {app: web, tier: db}");
        assert_eq!(
            fires(&RULE, &text),
            ["19:29 the selector wants pods with `tier: db`, and they have no label `tier`"]
        );
    }

    #[test]
    fn more_labels_than_the_selector_wants_are_fine() {
        silent(&RULE, &SOUND.replace("labels: {app: web}", "labels: {app: web, tier: db}"));
    }
}
