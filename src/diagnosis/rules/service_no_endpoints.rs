//! A Service that chooses pods and leads to none of them: what DNS and proxies
//! go by are its EndpointSlices.

use std::collections::BTreeMap;

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::diagnosis::words::quoted;
use crate::facts::endpoints::Slice;
use crate::facts::inventory::Scene;
use crate::facts::pod::Pod;
use crate::facts::service::Service;
use crate::facts::surroundings::Surroundings;
use crate::facts::words::PodPhase;

pub static RULE: Rule = Rule {
    code: "service-no-endpoints",
    severity: Severity::Error,
    sources: &["S1-10", "S4-06"],
    summary: "a Service chooses pods and leads to none of them",
    page: include_str!("../../../docs/explain/service-no-endpoints.md"),
    checks: &[Check::Deep(governing), Check::Namespace(others)],
};

/// A pod that was ready for so many seconds stands in the slices.
const SETTLED: u64 = 10;

fn governing(sight: &Sight<'_>) -> Vec<Finding> {
    let services = sight.scene.services.as_ref();
    let service = services.zip(sight.set().service_name.as_ref()).and_then(|(all, name)| all.get(name.as_str()));
    let Some(service) = service else { return Vec::new() };
    let found = leads_nowhere(service, sight.scene, sight.around);
    found.or_else(|| publishes_nobody(service, sight.scene)).into_iter().collect()
}

/// Services that govern no set here.
fn others(scene: &Scene<'_>, around: &Surroundings) -> Vec<Finding> {
    let governs =
        |service: &Service| scene.sets.iter().any(|set| set.service_name.as_ref() == Some(&service.meta.name));
    let services = scene.services.iter().flat_map(BTreeMap::values).copied();
    services.filter(|service| !governs(service)).filter_map(|service| leads_nowhere(service, scene, around)).collect()
}

/// Ready pods of it are not in its slices, or a port of it is not.
fn leads_nowhere(service: &Service, scene: &Scene<'_>, around: &Surroundings) -> Option<Finding> {
    let mut ready = chosen(service, scene);
    ready.retain(|pod| pod.is_available(SETTLED, scene.now));
    if ready.is_empty() {
        return None;
    }
    let namespace = &service.meta.namespace;
    let all = around.slices.as_ref()?.iter();
    let slices: Vec<&Slice> =
        all.filter(|slice| slice.meta.namespace == *namespace && slice.service == service.meta.name).collect();
    let listed = || slices.iter().flat_map(|slice| &slice.endpoints).filter(|one| is_one_of(&ready, &one.pod));
    if listed().any(|endpoint| endpoint.ready) {
        return no_port(service, &slices);
    }
    let name = &service.meta.name;
    let message = if slices.is_empty() {
        format!("Service `{name}` has no EndpointSlices, and ready pods")
    } else if listed().next().is_some() {
        format!("the EndpointSlices of Service `{name}` list its ready pods as not ready")
    } else {
        format!("the EndpointSlices of Service `{name}` list none of its ready pods")
    };
    let finding =
        about(service, message).evidence(format!("ready: {}", quoted(ready.iter().map(|pod| &pod.meta.name))));
    let foreign = slices.iter().filter_map(|slice| Some((slice, slice.foreign_manager()?)));
    let foreign = foreign.map(|(slice, manager)| format!("slice `{}` is written by `{manager}`", slice.meta.name));
    Some(
        foreign
            .fold(finding, Finding::evidence)
            .because("DNS and proxies go by the slices, so its name leads to none of these pods")
            .remedy("look at whoever writes them, mostly the controller manager: it has not seen these pods, or is not at work")
            .command(Command::get(Some(namespace), "endpointslices")),
    )
}

/// Whoever calls a virtual address needs the port; behind a headless Service the pod itself is called.
fn no_port(service: &Service, slices: &[&Slice]) -> Option<Finding> {
    let served = |name: &str| slices.iter().any(|slice| slice.ports.iter().any(|port| port == name));
    let port = service.ports.iter().find(|port| !service.headless && !served(&port.name))?;
    let name = &service.meta.name;
    Some(
        about(service, format!("port {} of Service `{name}` leads to no pod", port.title()))
            .evidence(format!("it leads to port `{}` of the pods, and none of them has one of this name", port.target))
            .because("a port that is named is looked up in the containers of the pods")
            .remedy(
                "write a port that they have into `targetPort`, or its number; or name the port of the container so",
            )
            .command(Command::describe(Some(&service.meta.namespace), "service", name)),
    )
}

/// None of its pods is ready, and the others are not told of.
fn publishes_nobody(service: &Service, scene: &Scene<'_>) -> Option<Finding> {
    let pods = chosen(service, scene);
    let starts = pods.iter().any(|pod| pod.phase == PodPhase::Running && pod.meta.deleting.is_none());
    if service.publishes_all || !starts || pods.iter().any(|pod| pod.is_ready()) {
        return None;
    }
    let name = &service.meta.name;
    let finding = about(service, format!("Service `{name}` leads to nobody: none of its pods is ready"));
    Some(
        Finding { severity: Severity::Warning, ..finding }
            .because("pods that are not ready have no DNS names, so members that must find each other to get ready wait for ever")
            .remedy("get them ready; if they need each other for that, set `publishNotReadyAddresses: true` on the Service")
            .command(Command::describe(Some(&service.meta.namespace), "service", name)),
    )
}

fn chosen<'a>(service: &Service, scene: &Scene<'a>) -> Vec<&'a Pod> {
    scene.pods.iter().flatten().copied().filter(|pod| service.selects(&pod.meta.labels)).collect()
}

fn is_one_of(pods: &[&Pod], uid: &str) -> bool {
    pods.iter().any(|pod| pod.meta.uid == uid)
}

fn about(service: &Service, message: String) -> Finding {
    RULE.finding(message).about(format!("Service/{}", service.meta.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    use crate::diagnosis::samples::{Broken, calm, tells};

    fn slice(service: &str, pods: &[(&str, bool)], ports: &[&str]) -> Value {
        let endpoint = |(pod, ready): &(&str, bool)| json!({"targetRef": {"uid": pod}, "conditions": {"ready": ready}});
        json!({"kind": "EndpointSlice", "metadata": {"namespace": "default", "name": format!("{service}-x"),
                "labels": {"kubernetes.io/service-name": service, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}},
            "endpoints": pods.iter().map(endpoint).collect::<Vec<_>>(),
            "ports": ports.iter().map(|name| json!({"name": name, "port": 80})).collect::<Vec<_>>()})
    }

    fn chosen(slices: Vec<Value>) -> Broken {
        let mut broken = Broken::new();
        broken.pod["metadata"]["labels"]["app"] = json!("web");
        broken.more = slices;
        broken
    }

    #[test]
    fn a_service_whose_slices_do_not_have_its_ready_pods_is_told() {
        let none = "Service `web` has no EndpointSlices, and ready pods";
        assert_eq!(tells(&RULE, &chosen(vec![])), [none]);
        let other = "the EndpointSlices of Service `web` list none of its ready pods";
        assert_eq!(tells(&RULE, &chosen(vec![slice("web", &[("pod-api-0", true)], &[])])), [other]);
        let unready = "the EndpointSlices of Service `web` list its ready pods as not ready";
        let mut listed = chosen(vec![slice("web", &[("pod-web-0", false)], &[])]);
        assert_eq!(tells(&RULE, &listed), [unready]);
        assert_eq!(listed.findings(&RULE)[0].evidence, ["ready: `web-0`"]);
        listed.more[0]["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] = json!("me");
        assert_eq!(listed.findings(&RULE)[0].evidence[1], "slice `web-x` is written by `me`");
    }

    #[test]
    fn one_that_leads_to_a_ready_pod_or_has_no_selector_and_pods_that_are_ready_just_now_are_not() {
        let listed = chosen(vec![slice("web", &[("pod-web-0", true)], &[])]);
        calm(&RULE, &listed);
        let mut by_hand = chosen(vec![]);
        by_hand.service["spec"]["selector"] = json!(null);
        calm(&RULE, &by_hand);
        let mut fresh = chosen(vec![]);
        fresh.pod["status"]["conditions"][0]["lastTransitionTime"] = json!("2026-03-13T11:59:55Z");
        calm(&RULE, &fresh);
    }

    #[test]
    fn a_port_that_no_pod_has_is_told_of_services_with_an_address() {
        let mut broken = chosen(vec![slice("web", &[("pod-web-0", true)], &[])]);
        let ports = json!([{"name": "http", "port": 80, "targetPort": "nosuch"}]);
        broken.service["spec"]["ports"] = ports.clone();
        calm(&RULE, &broken);
        let client = json!({"kind": "Service", "metadata": {"namespace": "default", "name": "client"},
            "spec": {"clusterIP": "10.0.0.1", "selector": {"app": "web"}, "ports": ports}});
        broken.more.extend([client, slice("client", &[("pod-web-0", true)], &[])]);
        assert_eq!(tells(&RULE, &broken), ["port `http` of Service `client` leads to no pod"]);
        broken.more.pop();
        broken.more.push(slice("client", &[("pod-web-0", true)], &["http"]));
        calm(&RULE, &broken);
    }

    #[test]
    fn a_governing_service_that_tells_of_no_member_before_it_is_ready_is_told() {
        let mut broken = chosen(vec![slice("web", &[("pod-web-0", false)], &[])]);
        broken.pod["status"]["conditions"][0]["status"] = json!("False");
        assert_eq!(tells(&RULE, &broken), ["Service `web` leads to nobody: none of its pods is ready"]);
        broken.service["spec"]["publishNotReadyAddresses"] = json!(true);
        calm(&RULE, &broken);
    }
}
