//! A Service against the pods that it should lead to.

use serde_json::Value;

use super::check::{Findings, containers, matches};

/// S1-e9: a selector that matches nothing, and ports that lead nowhere.
pub fn check(service: &Value, objects: &[Value], findings: &mut Findings<'_>) {
    let selector = &service["spec"]["selector"];
    let template = objects
        .iter()
        .filter(|object| object["kind"] == "StatefulSet")
        .map(|set| &set["spec"]["template"])
        .find(|template| matches(selector, &template["metadata"]["labels"]));
    let Some(template) = template else {
        if !selector.is_null() {
            findings.add(".spec.selector", "it selects none of the pods that are made");
        }
        return;
    };
    let ports = service["spec"]["ports"].as_array().map_or(&[][..], Vec::as_slice);
    if ports.is_empty() && service["spec"]["clusterIP"] != "None" {
        findings.add(".spec.ports", "a Service with an address needs a port");
    }
    for (at, port) in ports.iter().enumerate() {
        if ports.len() > 1 && !port["name"].is_string() {
            findings.add(&format!(".spec.ports[{at}]"), "with several ports, each needs a name");
        }
        let target = port["targetPort"].as_str();
        if let Some(target) = target.filter(|name| !has_port(template, name)) {
            findings.add(&format!(".spec.ports[{at}].targetPort"), format!("no container has a port named `{target}`"));
        }
    }
}

fn has_port(template: &Value, name: &str) -> bool {
    containers(template).any(|(.., one)| one["ports"].as_array().into_iter().flatten().any(|port| port["name"] == name))
}
