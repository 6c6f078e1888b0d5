//! A Service whose selector none of the pods has.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::labels::{chooses, labels};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::facts::overview::ServiceState;
use crate::facts::service::Service;

pub static RULE: Rule = Rule {
    code: "selector-matches-nothing",
    severity: Severity::Warning,
    sources: &["S1-e9"],
    summary: "the selector of a Service matches no pods",
    page: include_str!("../../../docs/explain/selector-matches-nothing.md"),
    checks: &[Check::Files(check), Check::Live(live)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let empty = |service: &Document| {
        let selector = service.at("spec.selector")?;
        let demanded = labels(Some(selector));
        let workloads = || all.workloads().filter(|workload| workload.namespace() == service.namespace());
        if demanded.is_empty()
            || workloads().next().is_none()
            || workloads().any(|workload| chooses(&demanded, workload))
        {
            return None;
        }
        let pods = |workload: &Document| {
            let has: Vec<String> =
                workload.pod_labels().iter().map(|(key, value)| format!("`{key}: {value}`")).collect();
            format!(
                "pods of {} have {}",
                workload.title(),
                if has.is_empty() { "no labels".to_owned() } else { has.join(", ") }
            )
        };
        let wants: Vec<String> = demanded.iter().map(|(key, value)| format!("`{key}: {value}`")).collect();
        let finding = RULE.at(service, selector, format!("no pod here has {}", wants.join(" and ")));
        let finding = workloads().map(pods).fold(finding, Finding::evidence);
        Some(
            finding
                .because("the Service leads nowhere: it has no endpoints")
                .remedy("write labels of the pod template into the selector"),
        )
    };
    all.of_kind(Kind::Service).filter_map(empty).collect()
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
