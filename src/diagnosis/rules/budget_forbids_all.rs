//! A budget that lets no pod of a set be evicted.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::makers::Maker;
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
    let budgets = || all.of_kind(Kind::Budget);
    budgets()
        .filter_map(|budget| strict(all, budget))
        .chain(budgets().filter_map(|budget| second(all, budget)))
        .collect()
}

fn strict(all: &Manifests, budget: &Document) -> Option<Finding> {
    let chosen = all.chosen_by(budget);
    let members = chosen.iter().fold(0, |sum: i64, maker| sum.saturating_add(maker.pods()));
    let at_most = budget.at("spec.maxUnavailable").filter(|most| most.number() == Some(0) || most.text() == Some("0%"));
    let at_least = budget.at("spec.minAvailable").filter(|least| {
        least.text() == Some("100%") || least.number().is_some_and(|least| members > 0 && least >= members)
    });
    let place = at_most.or(at_least)?;
    let finding = RULE.at(budget, place, "no pod may be evicted");
    let live = chosen.iter().filter(|maker| maker.is_live() && maker.pods() > 0);
    let finding = live.fold(finding, |finding, maker| {
        let pods = if maker.pods() == 1 { "1 pod".to_owned() } else { format!("{} pods", maker.pods()) };
        finding.evidence(format!("{} has {pods}", maker.title()))
    });
    Some(finding.because(BECAUSE).remedy("allow one: `maxUnavailable: 1`"))
}

/// Another budget, of the input or of the cluster, is for the same pods.
fn second(all: &Manifests, document: &Document) -> Option<Finding> {
    let budget = Budget::read(&document.root.to_value())?;
    let own = all.resolved(document.namespace());
    let before = all.of_kind(Kind::Budget).take_while(|other| other.position < document.position);
    let before = before.filter(|other| all.resolved(other.namespace()) == own && other.name() != document.name());
    let written = before.filter_map(|other| Some((other.title(), Budget::read(&other.root.to_value())?)));
    let live = all.beyond.iter().filter_map(|beyond| beyond.budgets.as_ref()).flatten();
    let live =
        live.filter(|other| other.meta.namespace == own && all.find(Kind::Budget, own, &other.meta.name).is_none());
    let live = live.map(|other| (format!("PodDisruptionBudget/{} of the cluster", other.meta.name), other.clone()));
    let (title, maker) = written.chain(live).find_map(|(title, other)| {
        let both = |maker: &Maker<'_>| budget.covers(maker.labels()) && other.covers(maker.labels());
        Some((title, all.makers(document.namespace()).find(both)?))
    })?;
    Some(
        RULE.at(document, document.at("spec.selector")?, format!("{title} is for the same pods"))
            .evidence(format!("both are for pods of {}", maker.title()))
            .because("the server evicts no pod that more than one budget covers, so a drain never ends")
            .remedy("keep one of them"),
    )
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

    use crate::diagnosis::samples::{Broken, SOUND, beyond, calm, fires, fires_beyond, silent, silent_beyond, tells};
    use crate::facts::samples::{pod, set};

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

    #[test]
    fn a_budget_alone_is_held_against_the_sets_of_the_cluster() {
        let alone = |rule: &str| with(rule).rsplit_once("---\n").unwrap().1.to_owned();
        let told = fires_beyond(&RULE, &alone("minAvailable: 3"), beyond(&[set("web", 3), pod("web", 0, "node-a")]));
        assert_eq!(told[0].message, "no pod may be evicted");
        assert_eq!(told[0].evidence, ["StatefulSet/web of the cluster has 3 pods"]);
        silent_beyond(&RULE, &alone("minAvailable: 3"), beyond(&[set("web", 4)]));
        silent_beyond(&RULE, &alone("minAvailable: 3"), beyond(&[set("db", 3)]));
    }

    #[test]
    fn a_second_budget_for_the_same_pods_is_found_here_and_on_the_cluster() {
        let one = with("maxUnavailable: 1");
        let budget = one.rsplit_once("---\n").unwrap().1;
        let two = format!("{one}---\n{}", budget.replace("name: web", "name: other"));
        assert_eq!(fires(&RULE, &two), ["52:13 PodDisruptionBudget/web is for the same pods"]);
        silent(
            &RULE,
            &two.replace(
                "name: other}\nspec:\n  maxUnavailable: 1\n  selector: {matchLabels: {app: web}}",
                "name: other}\nspec:\n  maxUnavailable: 1\n  selector: {matchLabels: {app: db}}",
            ),
        );
        let live = |name: &str| {
            let spec = json!({"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}});
            json!({"kind": "PodDisruptionBudget", "metadata": {"namespace": "default", "name": name}, "spec": spec})
        };
        let told = fires_beyond(&RULE, budget, beyond(&[set("web", 3), live("old")]));
        assert_eq!(told[0].message, "PodDisruptionBudget/old of the cluster is for the same pods");
        silent_beyond(&RULE, budget, beyond(&[set("web", 3), live("web")]));
        silent_beyond(&RULE, budget, beyond(&[set("db", 3), live("old")]));
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
