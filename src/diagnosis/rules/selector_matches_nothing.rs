//! A Service or budget whose selector none of the pods has.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::labels::{chooses, labels};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::facts::overview::ServiceState;
use crate::facts::service::Service;
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "selector-matches-nothing",
    severity: Severity::Warning,
    sources: &["S1-e9"],
    summary: "the selector of a Service or budget matches no pods",
    page: include_str!("../../../docs/explain/selector-matches-nothing.md"),
    checks: &[Check::Files(check), Check::Live(live)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let services = all.of_kind(Kind::Service).filter_map(|service| empty(all, service, service.at("spec.selector")?));
    let budgets = all.of_kind(Kind::Budget).filter_map(|budget| {
        let selector = budget.at("spec.selector")?;
        empty(all, budget, selector.get("matchLabels").filter(|_| selector.get("matchExpressions").is_none())?)
    });
    services.chain(budgets).collect()
}

fn empty(all: &Manifests, document: &Document, selector: &Placed) -> Option<Finding> {
    let demanded = labels(Some(selector));
    let workloads = || all.workloads().filter(|workload| workload.namespace() == document.namespace());
    if demanded.is_empty() || workloads().next().is_none() || workloads().any(|workload| chooses(&demanded, workload)) {
        return None;
    }
    let pods = |workload: &Document| {
        let has: Vec<String> = workload.pod_labels().iter().map(|(key, value)| format!("`{key}: {value}`")).collect();
        format!(
            "pods of {} have {}",
            workload.title(),
            if has.is_empty() { "no labels".to_owned() } else { has.join(", ") }
        )
    };
    let wants: Vec<String> = demanded.iter().map(|(key, value)| format!("`{key}: {value}`")).collect();
    let finding = RULE.at(document, selector, format!("no pod here has {}", wants.join(" and ")));
    let finding = workloads().map(pods).fold(finding, Finding::evidence);
    let because = match document.kind {
        Kind::Budget => "the budget protects nobody: a drain takes all pods at once",
        _ => "the Service leads nowhere: it has no endpoints",
    };
    Some(finding.because(because).remedy("write labels of the pod template into the selector"))
}

fn live(sight: &Sight<'_>) -> Vec<Finding> {
    let ServiceState::Headless(name) = &sight.overview.service else { return Vec::new() };
    let service = sight.scene.services.as_ref().and_then(|services| services.get(name.as_str()));
    let misses = |service: &&&Service| !service.selector.is_empty() && !service.selects(&sight.set().pod_labels);
    let told = |service: &&Service| {
        let wants: Vec<String> = service.selector.iter().map(|(key, value)| format!("`{key}: {value}`")).collect();
        RULE.of_set(sight, format!("the selector of Service `{name}` does not match the labels of the pods"))
            .about(format!("Service/{name}"))
            .evidence(format!("it wants {}", wants.join(" and ")))
            .because("the Service has no endpoints of this set, so its pods have no DNS names")
            .remedy("write labels of the pod template into the selector of the Service")
            .command(Command::describe(Some(sight.namespace()), "service", name))
    };
    service.filter(misses).map(told).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, SOUND, calm, fires, found, silent, tells};

    #[test]
    fn a_service_for_nobody_is_found() {
        let text = SOUND.replace("  selector: {app: web}\n  ports", "  selector: {tier: db}\n  ports");
        assert_eq!(fires(&RULE, &text), ["7:13 no pod here has `tier: db`"]);
        assert_eq!(found(&RULE, &text)[0].evidence, ["pods of StatefulSet/web have `app: web`"]);
    }

    #[test]
    fn a_budget_for_nobody_is_found_and_one_for_all_pods_is_not() {
        let budget = |selector: &str| {
            format!(
                "{SOUND}---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web}}\nspec:\n  \
                 maxUnavailable: 1\n  selector: {selector}\n"
            )
        };
        let text = budget("{matchLabels: {app: db}}");
        assert_eq!(fires(&RULE, &text), ["45:27 no pod here has `app: db`"]);
        assert!(found(&RULE, &text)[0].cause.contains("protects nobody"));
        silent(&RULE, &budget("{matchLabels: {app: web}}"));
        silent(&RULE, &budget("{}"));
        silent(&RULE, &budget("{matchExpressions: [{key: app, operator: Exists}], matchLabels: {app: db}}"));
    }

    #[test]
    fn a_service_alone_and_one_without_a_selector_are_left_alone() {
        silent(&RULE, SOUND);
        silent(&RULE, SOUND.split_once("---\n").unwrap().0);
        silent(&RULE, &SOUND.replace("  selector: {app: web}\n  ports", "  ports"));
    }

    #[test]
    fn a_live_service_for_other_pods_is_told() {
        let mut broken = Broken::new();
        calm(&RULE, &broken);
        broken.service["spec"]["selector"] = json!({"app": "wbe"});
        assert_eq!(tells(&RULE, &broken), ["the selector of Service `web` does not match the labels of the pods"]);
    }
}
