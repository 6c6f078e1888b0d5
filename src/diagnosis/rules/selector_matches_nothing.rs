//! A Service or budget whose selector none of the pods has.

use crate::diagnosis::beyond::Seen;
use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::labels::{chooses, labels};
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::facts::inventory::Scene;
use crate::facts::overview::ServiceState;
use crate::facts::service::Service;
use crate::facts::set::Set;
use crate::facts::surroundings::Surroundings;
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "selector-matches-nothing",
    severity: Severity::Warning,
    sources: &["S1-e9"],
    summary: "the selector of a Service or budget matches no pods",
    page: include_str!("../../../docs/explain/selector-matches-nothing.md"),
    checks: &[Check::Files(check), Check::Live(live), Check::Namespace(others)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let services = all.of_kind(Kind::Service).filter_map(|service| empty(all, service, service.at("spec.selector")?));
    let budgets = all.of_kind(Kind::Budget).filter_map(|budget| {
        let selector = budget.at("spec.selector")?;
        empty(all, budget, selector.get("matchLabels").filter(|_| selector.get("matchExpressions").is_none())?)
    });
    let governing = all.of_kind(Kind::StatefulSet).filter_map(|set| on_the_cluster(all, set));
    services.chain(budgets).chain(governing).collect()
}

/// The governing Service is none of the input, but the cluster has it.
fn on_the_cluster(all: &Manifests, set: &Document) -> Option<Finding> {
    let name = set.at("spec.serviceName")?;
    let Seen::There(service) = all.seen("Service", set.namespace(), name.text()?) else { return None };
    let service = Service::read(service)?;
    if service.selector.is_empty() || service.selects(set.pod_labels()) {
        return None;
    }
    let message = format!("Service `{}` of the cluster does not select the pods of the set", service.meta.name);
    Some(
        RULE.at(set, name, message)
            .evidence(format!("it wants {}", wants(&service)))
            .because("the Service has no endpoints of this set, so its pods have no DNS names")
            .remedy("give the pod template these labels, or write labels of the pod template into the selector of the Service"),
    )
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
    let (ServiceState::Headless(name) | ServiceState::NotHeadless(name)) = &sight.overview.service else {
        return Vec::new();
    };
    let service = sight.scene.services.as_ref().and_then(|services| services.get(name.as_str()));
    let misses = |service: &&&Service| !service.selector.is_empty() && !service.selects(&sight.set().pod_labels);
    let told = |service: &&Service| {
        RULE.of_set(sight, format!("the selector of Service `{name}` does not match the labels of the pods"))
            .about(format!("Service/{name}"))
            .evidence(format!("it wants {}", wants(service)))
            .because("the Service has no endpoints of this set, so its pods have no DNS names")
            .remedy("write labels of the pod template into the selector of the Service")
            .command(Command::describe(Some(sight.namespace()), "service", name))
    };
    service.filter(misses).map(told).into_iter().collect()
}

fn wants(service: &Service) -> String {
    let wants: Vec<String> = service.selector.iter().map(|(key, value)| format!("`{key}: {value}`")).collect();
    wants.join(" and ")
}

/// Services that govern no set, and that no pod is behind, nor will be of a set.
fn others(scene: &Scene<'_>, _: &Surroundings) -> Vec<Finding> {
    let (Some(services), Some(pods)) = (&scene.services, &scene.pods) else { return Vec::new() };
    let leads_nowhere = |service: &&Service| {
        let governs =
            |set: &&Set| set.service_name.as_ref() == Some(&service.meta.name) || service.selects(&set.pod_labels);
        !service.selector.is_empty()
            && !scene.sets.iter().any(governs)
            && !pods.iter().any(|pod| service.selects(&pod.meta.labels))
    };
    let told = |service: &Service| {
        let name = &service.meta.name;
        RULE.finding(format!("no pod of the namespace has the labels that Service `{name}` selects"))
            .about(format!("Service/{name}"))
            .evidence(format!("it wants {}", wants(service)))
            .because("the Service leads nowhere: it has no endpoints")
            .remedy("write labels of the pods into the selector; if what it is for has no pods just now, all is well")
            .command(Command::describe(Some(&service.meta.namespace), "service", name))
    };
    services.values().copied().filter(leads_nowhere).map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{
        Broken, SOUND, beyond, calm, fires, fires_beyond, found, silent, silent_beyond, tells,
    };
    use crate::facts::samples::{pod, service};

    #[test]
    fn a_service_for_nobody_is_found() {
        let text = SOUND.replace("  selector: {app: web}\n  ports", "  selector: {tier: db}\n  ports");
        assert_eq!(fires(&RULE, &text), ["7:13 no pod here has `tier: db`"]);
        assert_eq!(found(&RULE, &text)[0].evidence, ["pods of StatefulSet/web have `app: web`"]);
    }

    #[test]
    fn a_service_of_the_cluster_that_selects_other_pods_is_found() {
        let set = SOUND.split_once("---\n").unwrap().1;
        let mut other = service("web");
        other["spec"]["selector"] = json!({"app": "wob"});
        let told = fires_beyond(&RULE, set, beyond(&[other]));
        assert_eq!(told[0].message, "Service `web` of the cluster does not select the pods of the set");
        assert_eq!(told[0].evidence, ["it wants `app: wob`"]);
        silent_beyond(&RULE, set, beyond(&[service("web")]));
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
        let words = "the selector of Service `web` does not match the labels of the pods";
        assert_eq!(tells(&RULE, &broken), [words]);
        broken.service["spec"]["clusterIP"] = json!("10.0.0.1");
        assert_eq!(tells(&RULE, &broken), [words]);
    }

    #[test]
    fn a_live_service_that_no_pod_and_no_set_is_for_is_told() {
        let mut broken = Broken::new();
        let mut other = service("api");
        broken.more.push(other.clone());
        assert_eq!(tells(&RULE, &broken), ["no pod of the namespace has the labels that Service `api` selects"]);
        broken.hidden = vec!["Pod"];
        calm(&RULE, &broken);
        broken.hidden.clear();
        let mut api = pod("api", 0, "node-a");
        api["metadata"]["labels"]["app"] = json!("api");
        broken.more.push(api);
        calm(&RULE, &broken);
        other["spec"]["selector"] = json!({"app": "web"});
        broken.more = vec![other.clone()];
        calm(&RULE, &broken);
        other["spec"] = json!({"type": "ExternalName", "selector": {"app": "none"}});
        broken.more = vec![other];
        calm(&RULE, &broken);
    }
}
