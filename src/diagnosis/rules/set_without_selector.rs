//! A workload of `apps/v1` without a selector: the server refuses it.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "set-without-selector",
    severity: Severity::Error,
    sources: &["S1-e2", "SS-12"],
    summary: "a set or Deployment has no selector",
    page: include_str!("../../../docs/explain/set-without-selector.md"),
    checks: &[Check::Files(check)],
};

const NEED_ONE: [Kind; 4] = [Kind::StatefulSet, Kind::Deployment, Kind::DaemonSet, Kind::ReplicaSet];

fn check(all: &Manifests) -> Vec<Finding> {
    let bare = |document: &&Document| {
        let selector = document.at("spec.selector");
        document.text("apiVersion") == "apps/v1"
            && NEED_ONE.contains(&document.kind)
            && selector.is_none_or(|selector| {
                selector
                    .entries()
                    .iter()
                    .all(|entry| entry.value.entries().is_empty() && entry.value.items().is_empty())
            })
    };
    all.documents.iter().filter(bare).map(told).collect()
}

fn told(document: &Document) -> Finding {
    match document.at("spec.selector").filter(|selector| !selector.entries().is_empty()) {
        Some(selector) => RULE
            .at(document, selector, "`spec.selector` has no labels")
            .because("the server refuses it: labels stand below `matchLabels` there")
            .remedy("write `matchLabels:` above them, and the labels further in"),
        None => RULE
            .on(document, format!("{} has no `spec.selector`", document.title()))
            .because("the server refuses it: versions before `apps/v1` made a selector up, this one does not")
            .remedy("add `spec.selector.matchLabels` with labels of the template; it cannot be changed later"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn a_set_without_a_selector_is_found() {
        let text = SOUND.replace("  selector:\n    matchLabels: {app: web}\n", "");
        assert_eq!(fires(&RULE, &text), ["12:1 StatefulSet/web has no `spec.selector`"]);
        let labels = |to: &str| SOUND.replace("matchLabels: {app: web}", to);
        assert_eq!(fires(&RULE, &labels("matchLabels: {}")), ["19:5 `spec.selector` has no labels"]);
        assert_eq!(fires(&RULE, &labels("app: web")), ["19:5 `spec.selector` has no labels"]);
    }

    #[test]
    fn a_selector_of_expressions_is_one_and_an_old_version_needs_none() {
        silent(&RULE, &SOUND.replace("matchLabels: {app: web}", "matchExpressions: [{key: app, operator: Exists}]"));
        silent(&RULE, "apiVersion: apps/v1beta1\nkind: StatefulSet\nspec: {}\n");
    }
}
