//! A Service or budget whose selector none of the pods has.

use crate::diagnosis::beyond::Seen;
use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::labels::{chooses, demands};
use crate::diagnosis::makers::Maker;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::facts::inventory::Scene;
use crate::facts::overview::ServiceState;
use crate::facts::service::Service;
use crate::facts::set::Set;
use crate::facts::surroundings::Surroundings;

pub static RULE: Rule = Rule {
    code: "selector-matches-nothing",
    severity: Severity::Warning,
    sources: &["S1-e9"],
    summary: "the selector of a Service or budget matches no pods",
    page: include_str!("../../../docs/explain/selector-matches-nothing.md"),
    checks: &[Check::Files(check), Check::Live(live), Check::Namespace(others)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let choosing = all.of_kind(Kind::Service).chain(all.of_kind(Kind::Budget));
    let governing = all.of_kind(Kind::StatefulSet).filter_map(|set| on_the_cluster(all, set));
    let without = all.of_kind(Kind::Service).filter_map(|service| without_selector(all, service));
    choosing.filter_map(|document| empty(all, document)).chain(governing).chain(without).collect()
}

/// It governs a set of the input and chooses nobody: somebody else may write its endpoints, but hardly does.
fn without_selector(all: &Manifests, service: &Document) -> Option<Finding> {
    let selects = service.at("spec.selector").is_some_and(|selector| !selector.entries().is_empty());
    if selects || service.text("spec.type") == "ExternalName" {
        return None;
    }
    let is_governed = |set: &&Document| {
        all.resolved(set.namespace()) == all.resolved(service.namespace())
            && set.text("spec.serviceName") == service.name()
    };
    let set = all.of_kind(Kind::StatefulSet).find(is_governed)?;
    Some(
        RULE.on(service, format!("{} has no selector, and governs {}", service.title(), set.title()))
            .because("without one it has no endpoints, and the pods of the set have no DNS names")
            .remedy("write labels of the pod template into `spec.selector`"),
    )
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

/// Kinds that are pods or make them.
const MAKERS: [&str; 8] =
    ["Pod", "StatefulSet", "Deployment", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"];

/// Those of the cluster that are named one by one.
const MOST_NAMED: usize = 5;

fn empty(all: &Manifests, document: &Document) -> Option<Finding> {
    let (selector, demanded) = demands(document)?;
    // What cannot be read may be who is meant.
    if MAKERS.iter().any(|kind| all.may_hide(kind, "")) {
        return None;
    }
    let makers: Vec<Maker<'_>> = all.makers(document.namespace()).collect();
    if makers.is_empty() || makers.iter().any(|maker| chooses(&demanded, maker.labels())) {
        return None;
    }
    let wants: Vec<String> = demanded.iter().map(|(key, value)| format!("`{key}: {value}`")).collect();
    let place = if all.sees_makers() { "here or on the cluster" } else { "here" };
    let finding = RULE.at(document, selector, format!("no pod {place} has {}", wants.join(" and ")));
    let written = makers.iter().filter(|maker| !maker.is_live());
    let live = makers.iter().filter(|maker| maker.is_live() && maker.has_template());
    let finding = written.chain(live.take(MOST_NAMED)).map(has).fold(finding, Finding::evidence);
    let because = match document.kind {
        Kind::Budget => "the budget protects nobody: a drain takes all pods at once",
        _ => "the Service leads nowhere: it has no endpoints",
    };
    let remedy = if makers.iter().all(|maker| maker.is_live()) {
        "write labels of the pods into the selector; if what it is for is still to come, all is well"
    } else {
        "write labels of the pod template into the selector"
    };
    Some(finding.because(because).remedy(remedy))
}

fn has(maker: &Maker<'_>) -> String {
    let has: Vec<String> = maker.labels().iter().map(|(key, value)| format!("`{key}: {value}`")).collect();
    format!("pods of {} have {}", maker.title(), if has.is_empty() { "no labels".to_owned() } else { has.join(", ") })
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
        Broken, SOUND, beyond, calm, fires, fires_beyond, found, manifests, silent, silent_beyond, tells,
    };
    use crate::facts::samples::{pod, service, set};

    #[test]
    fn a_service_for_nobody_is_found() {
        let text = SOUND.replace("  selector: {app: web}\n  ports", "  selector: {tier: db}\n  ports");
        assert_eq!(fires(&RULE, &text), ["7:13 no pod here has `tier: db`"]);
        assert_eq!(found(&RULE, &text)[0].evidence, ["pods of StatefulSet/web have `app: web`"]);
    }

    #[test]
    fn a_workload_that_cannot_be_read_may_be_who_is_meant() {
        let text = SOUND.replace("  selector: {app: web}\n  ports", "  selector: {tier: db}\n  ports");
        let all = manifests(&format!("{text}---\napiVersion: v1\nkind: Pod\nmetadata: [\n"));
        assert!(check(&all).is_empty());
        let other = manifests(&format!("{text}---\napiVersion: v1\nkind: Secret\nmetadata: [\n"));
        assert_eq!(check(&other).len(), 1);
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
        let alone = SOUND.replace("  selector: {app: web}\n  ports", "  ports");
        silent(&RULE, alone.split_once("---\n").unwrap().0);
    }

    #[test]
    fn a_governing_service_without_a_selector_is_found() {
        let text = SOUND.replace("  selector: {app: web}\n  ports", "  ports");
        assert_eq!(fires(&RULE, &text), ["2:1 Service/web has no selector, and governs StatefulSet/web"]);
        silent(&RULE, &text.replace("serviceName: web", "serviceName: other"));
    }

    #[test]
    fn a_service_or_budget_alone_is_held_against_the_sets_and_pods_of_the_cluster() {
        let service = SOUND.split_once("---\n").unwrap().0.replace("{app: web}", "{app: wbe}");
        let told = fires_beyond(&RULE, &service, beyond(&[set("web", 1)]));
        assert_eq!(told[0].message, "no pod here or on the cluster has `app: wbe`");
        assert_eq!(told[0].evidence, ["pods of StatefulSet/web of the cluster have `app: web`"]);
        let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec:\n  \
            maxUnavailable: 1\n  selector: {matchLabels: {app: wbe}}\n";
        fires_beyond(&RULE, budget, beyond(&[set("web", 1)]));
        silent_beyond(&RULE, &budget.replace("wbe", "web"), beyond(&[set("web", 1)]));
    }

    #[test]
    fn a_service_for_other_pods_of_the_cluster_and_one_in_an_empty_namespace_are_left_alone() {
        let service = SOUND.split_once("---\n").unwrap().0.replace("{app: web}", "{app: api}");
        let mut bare = pod("api", 0, "node-a");
        bare["metadata"]["labels"] = json!({"app": "api"});
        silent_beyond(&RULE, &service, beyond(&[set("web", 1), bare]));
        let mut deployment = set("api", 0);
        deployment["kind"] = json!("Deployment");
        silent_beyond(&RULE, &service, beyond(&[set("web", 1), deployment]));
        silent_beyond(&RULE, &service, beyond(&[]));
        let mut hidden = beyond(&[set("web", 1)]);
        hidden.workloads = None;
        silent_beyond(&RULE, &service, hidden);
        silent_beyond(&RULE, &service.replace("clusterIP: None", "type: ExternalName"), beyond(&[set("web", 1)]));
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
