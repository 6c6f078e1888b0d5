//! A Service whose selector the pods of several workloads have.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::labels::{chooses, labels};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "selector-too-wide",
    severity: Severity::Warning,
    sources: &["S1-e9"],
    summary: "the selector of a Service matches pods of several workloads",
    page: include_str!("../../../docs/explain/selector-too-wide.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let wide = |service: &Document| {
        let selector = service.at("spec.selector")?;
        let demanded = labels(Some(selector));
        let hit: Vec<String> = all
            .workloads()
            .filter(|workload| workload.namespace() == service.namespace() && chooses(&demanded, workload))
            .map(Document::title)
            .collect();
        if hit.len() < 2 || !governs(all, service) {
            return None;
        }
        let finding = RULE.at(service, selector, format!("it leads to pods of {} workloads", hit.len()));
        let finding = hit.iter().fold(finding, |finding, title| finding.evidence(title.as_str()));
        Some(
            finding
                .because("the Service governs a set, and its name leads to pods that are no members")
                .remedy("add a label to the selector that only the pods of the set have"),
        )
    };
    all.of_kind(Kind::Service).filter_map(wide).collect()
}

/// A Service for clients may lead to several workloads; that is how canaries work.
fn governs(all: &Manifests, service: &Document) -> bool {
    all.of_kind(Kind::StatefulSet)
        .any(|set| set.namespace() == service.namespace() && set.text("spec.serviceName") == service.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    const OTHER: &str = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n";

    #[test]
    fn a_governing_service_of_two_workloads_is_found() {
        assert_eq!(fires(&RULE, &format!("{SOUND}{OTHER}")), ["7:13 it leads to pods of 2 workloads"]);
    }

    #[test]
    fn one_workload_and_services_for_clients_are_left_alone() {
        silent(&RULE, SOUND);
        silent(&RULE, &format!("{SOUND}{OTHER}").replace("serviceName: web", "serviceName: other"));
    }
}
