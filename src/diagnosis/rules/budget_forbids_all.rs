//! A budget that lets no pod of a set be evicted.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::labels::{contains, labels, of_pods};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "budget-forbids-all",
    severity: Severity::Warning,
    sources: &["S4-08"],
    summary: "a budget lets no pod be evicted",
    page: include_str!("../../../docs/explain/budget-forbids-all.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    all.of_kind(Kind::Budget).filter_map(|budget| strict(all, budget)).collect()
}

fn strict(all: &Manifests, budget: &Document) -> Option<Finding> {
    let demanded = labels(budget.at("spec.selector.matchLabels"));
    let members: i64 = all
        .workloads()
        .filter(|workload| workload.namespace() == budget.namespace() && contains(&of_pods(workload), &demanded))
        .map(Document::replicas)
        .sum();
    let at_most = budget.at("spec.maxUnavailable").filter(|most| most.number() == Some(0) || most.text() == Some("0%"));
    let at_least = budget.at("spec.minAvailable").filter(|least| {
        least.text() == Some("100%") || least.number().is_some_and(|least| members > 0 && least >= members)
    });
    let place = at_most.or(at_least)?;
    Some(
        RULE.at(budget, place, "no pod may be evicted")
            .because("draining a node waits for ever at the first of these pods, and so does an upgrade of the cluster")
            .remedy("allow one: `maxUnavailable: 1`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    fn with(rule: &str) -> String {
        format!(
            "{SOUND}---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web}}\nspec:\n  {rule}\n  selector: {{matchLabels: {{app: web}}}}\n"
        )
    }

    #[test]
    fn budgets_that_allow_nothing_are_found() {
        assert_eq!(fires(&RULE, &with("minAvailable: 3")), ["44:17 no pod may be evicted"]);
        assert_eq!(fires(&RULE, &with("maxUnavailable: 0")).len(), 1);
        assert_eq!(fires(&RULE, &with("minAvailable: 100%")).len(), 1);
    }

    #[test]
    fn budgets_that_allow_one_are_fine() {
        silent(&RULE, &with("minAvailable: 2"));
        silent(&RULE, &with("maxUnavailable: 1"));
    }
}
