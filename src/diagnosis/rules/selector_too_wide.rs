//! A Service whose selector the pods of several workloads have.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::makers::Maker;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::facts::ordinals::pod_ordinal;
use crate::facts::overview::ServiceState;
use crate::facts::pod::Pod;

pub static RULE: Rule = Rule {
    code: "selector-too-wide",
    severity: Severity::Warning,
    sources: &["S1-e9"],
    summary: "the selector of a Service matches pods of several workloads",
    page: include_str!("../../../docs/explain/selector-too-wide.md"),
    checks: &[Check::Files(check), Check::Deep(live)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let wide = |service: &Document| {
        let selector = service.at("spec.selector")?;
        let hit = all.chosen_by(service).into_iter().filter(|maker| !maker.is_live() || maker.has_template());
        let mut hit: Vec<String> = hit.map(Maker::title).collect();
        // One that is there twice is one.
        hit.sort();
        hit.dedup();
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

/// The governing Service of a live set leads to pods of somebody else.
fn live(sight: &Sight<'_>) -> Vec<Finding> {
    let (ServiceState::Headless(name) | ServiceState::NotHeadless(name)) = &sight.overview.service else {
        return Vec::new();
    };
    let Some(service) = sight.scene.services.as_ref().and_then(|services| services.get(name.as_str())) else {
        return Vec::new();
    };
    let set = sight.set();
    let foreign = |pod: &&&Pod| {
        let own = pod.meta.controller().is_some_and(|owner| owner.uid == set.meta.uid);
        // On a member's name stands a rule of its own.
        !own && pod_ordinal(&set.meta.name, &pod.meta.name).is_none() && service.selects(&pod.meta.labels)
    };
    let hit: Vec<&&Pod> = sight.scene.pods.iter().flatten().filter(foreign).collect();
    if hit.is_empty() {
        return Vec::new();
    }
    let finding = RULE.of_set(sight, format!("the selector of Service `{name}` matches pods that are no members"));
    let finding = hit.iter().take(10).map(|pod| format!("pod `{}`", pod.meta.name)).fold(finding, Finding::evidence);
    vec![
        finding
            .about(format!("Service/{name}"))
            .because("the Service governs the set, and its name leads to these pods as well")
            .remedy("add a label to the selector, and to the template of the set, that only its pods have")
            .command(Command::describe(Some(sight.namespace()), "service", name)),
    ]
}

/// A Service for clients may lead to several workloads; that is how canaries work.
fn governs(all: &Manifests, service: &Document) -> bool {
    all.makers(service.namespace()).any(|maker| maker.is_governed_by(service.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, SOUND, beyond, calm, fires, fires_beyond, silent, silent_beyond, tells};
    use crate::facts::samples::{pod, set};

    const OTHER: &str = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n";

    #[test]
    fn a_governing_service_of_two_workloads_is_found() {
        assert_eq!(fires(&RULE, &format!("{SOUND}{OTHER}")), ["7:13 it leads to pods of 2 workloads"]);
    }

    #[test]
    fn a_workload_that_is_there_twice_is_one() {
        let set = SOUND.split_once("---\n").unwrap().1;
        silent(&RULE, &format!("{SOUND}---\n{set}"));
    }

    #[test]
    fn one_workload_and_services_for_clients_are_left_alone() {
        silent(&RULE, SOUND);
        silent(&RULE, &format!("{SOUND}{OTHER}").replace("serviceName: web", "serviceName: other"));
    }

    #[test]
    fn a_service_alone_of_two_sets_of_the_cluster_is_found() {
        let alone = SOUND.split_once("---\n").unwrap().0;
        let mut other = set("api", 1);
        silent_beyond(&RULE, alone, beyond(&[set("web", 1), other.clone()]));
        other["spec"]["template"]["metadata"]["labels"] = json!({"app": "web"});
        let told = fires_beyond(&RULE, alone, beyond(&[set("web", 1), other]));
        assert_eq!(told[0].evidence, ["StatefulSet/api of the cluster", "StatefulSet/web of the cluster"]);
    }

    #[test]
    fn a_live_service_that_leads_to_other_pods_is_told() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["labels"]["app"] = json!("web");
        calm(&RULE, &broken);
        let mut other = pod("api", 0, "node-a");
        other["metadata"]["labels"]["app"] = json!("web");
        broken.more.push(other);
        assert_eq!(tells(&RULE, &broken), ["the selector of Service `web` matches pods that are no members"]);
        assert_eq!(broken.findings(&RULE)[0].evidence, ["pod `api-0`"]);
        broken.service["spec"]["clusterIP"] = json!("10.0.0.1");
        assert_eq!(broken.findings(&RULE)[0].evidence, ["pod `api-0`"]);
    }
}
