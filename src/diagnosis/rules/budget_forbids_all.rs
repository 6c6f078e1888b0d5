//! A budget that lets no pod of a set be evicted.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::labels::{chooses, labels};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::diagnosis::words::quoted;
use crate::facts::budget::Budget;

pub static RULE: Rule = Rule {
    code: "budget-forbids-all",
    severity: Severity::Warning,
    sources: &["S4-08", "H-46"],
    summary: "a budget lets no pod be evicted",
    page: include_str!("../../../docs/explain/budget-forbids-all.md"),
    checks: &[Check::Files(check), Check::Deep(live)],
};

const BECAUSE: &str =
    "draining a node waits for ever at the first of these pods, and so does an upgrade of the cluster";

fn check(all: &Manifests) -> Vec<Finding> {
    all.of_kind(Kind::Budget).filter_map(|budget| strict(all, budget)).collect()
}

fn strict(all: &Manifests, budget: &Document) -> Option<Finding> {
    let demanded = labels(budget.at("spec.selector.matchLabels"));
    let members: i64 = all
        .workloads()
        .filter(|workload| workload.namespace() == budget.namespace() && chooses(&demanded, workload))
        .map(Document::replicas)
        .sum();
    let at_most = budget.at("spec.maxUnavailable").filter(|most| most.number() == Some(0) || most.text() == Some("0%"));
    let at_least = budget.at("spec.minAvailable").filter(|least| {
        least.text() == Some("100%") || least.number().is_some_and(|least| members > 0 && least >= members)
    });
    let place = at_most.or(at_least)?;
    Some(RULE.at(budget, place, "no pod may be evicted").because(BECAUSE).remedy("allow one: `maxUnavailable: 1`"))
}

fn live(sight: &Sight<'_>) -> Vec<Finding> {
    let set = sight.set();
    let all = sight.around.budgets.iter().flatten();
    let ours: Vec<&Budget> =
        all.filter(|one| one.meta.namespace == set.meta.namespace && one.covers(&set.pod_labels)).collect();
    let mut found = Vec::new();
    if let [_, .., last] = ours.as_slice() {
        let names = quoted(ours.iter().map(|budget| &budget.meta.name));
        found.push(
            RULE.of_set(sight, format!("{} budgets are for the same pods: {names}", ours.len()))
                .because("the server evicts no pod that more than one budget covers, so a drain never ends")
                .remedy("keep one of them")
                .command(Command::delete_budget(sight.namespace(), &last.meta.name)),
        );
    }
    let strict = ours.iter().filter(|budget| set.range.replicas > 0 && budget.forbids_all(set.range.replicas));
    found.extend(strict.map(|budget| {
        RULE.of_set(sight, format!("budget `{}` lets no pod be evicted, even when all are ready", budget.meta.name))
            .about(format!("PodDisruptionBudget/{}", budget.meta.name))
            .because(BECAUSE)
            .remedy("allow one: `maxUnavailable: 1`")
            .command(Command::allow_one(sight.namespace(), &budget.meta.name))
    }));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    use crate::diagnosis::samples::{Broken, SOUND, calm, fires, silent, tells};

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

    fn live_with(specs: &[(&str, Value)]) -> Broken {
        let mut broken = Broken::new();
        for (name, spec) in specs {
            let mut spec = spec.clone();
            spec["selector"] = json!({"matchLabels": {"app": "web"}});
            let metadata = json!({"namespace": "default", "name": name});
            broken.more.push(json!({"kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}));
        }
        broken
    }

    #[test]
    fn a_live_budget_that_allows_nothing_is_told_and_so_are_two_for_the_same_pods() {
        let strict = live_with(&[("a", json!({"minAvailable": 1}))]);
        assert_eq!(tells(&RULE, &strict), ["budget `a` lets no pod be evicted, even when all are ready"]);
        assert_eq!(strict.findings(&RULE)[0].command, Some(Command::allow_one("default", "a")));
        let two = live_with(&[("a", json!({"maxUnavailable": 1})), ("b", json!({"maxUnavailable": 1}))]);
        assert_eq!(tells(&RULE, &two), ["2 budgets are for the same pods: `a`, `b`"]);
    }

    #[test]
    fn a_live_budget_that_allows_one_and_one_for_other_pods_are_not() {
        calm(&RULE, &live_with(&[("a", json!({"maxUnavailable": 1}))]));
        let mut other = live_with(&[("a", json!({"minAvailable": 1}))]);
        other.more[0]["spec"]["selector"] = json!({"matchLabels": {"app": "db"}});
        calm(&RULE, &other);
        let mut none = live_with(&[("a", json!({"minAvailable": 1}))]);
        none.set["spec"]["replicas"] = json!(0);
        calm(&RULE, &none);
    }
}
