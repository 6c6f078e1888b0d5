//! A StatefulSet against the Services, claims and volumes around it.

use serde_json::Value;

use super::check::{Findings, among, containers, matches};
use super::references;
use crate::runbook::vocabulary::Existing;

/// Everything that has to agree with a StatefulSet.
pub fn check(set: &Value, objects: &[Value], existing: &[Existing], findings: &mut Findings<'_>) {
    let spec = &set["spec"];
    let labels = &spec["template"]["metadata"]["labels"];
    // SS-12: required, and it must match; immutable afterwards.
    if !matches(&spec["selector"]["matchLabels"], labels) {
        findings.add(".spec.selector", "it does not match the labels of the template");
    }
    governing(spec, labels, objects, findings);
    templates(spec, findings);
    mounts(spec, findings);
    references::check(&spec["template"], objects, existing, findings);
}

/// S1-e7: without a headless Service of that name the pods have no names.
pub(super) fn governing(spec: &Value, labels: &Value, objects: &[Value], findings: &mut Findings<'_>) {
    let path = ".spec.serviceName";
    let name = spec["serviceName"].as_str().unwrap_or_default();
    match among(objects, "Service", name) {
        _ if name.is_empty() => findings.add(path, "it names no Service"),
        None => findings.missing(path, &format!("Service `{name}`")),
        Some(service) if service["spec"]["clusterIP"] != "None" => {
            findings.add(path, format!("Service `{name}` is not headless: its `clusterIP` must be `None`"));
        }
        Some(service) if !matches(&service["spec"]["selector"], labels) => {
            findings.add(path, format!("Service `{name}` does not select the pods of this set"));
        }
        Some(_) => {}
    }
}

fn templates(spec: &Value, findings: &mut Findings<'_>) {
    for (at, template) in spec["volumeClaimTemplates"].as_array().into_iter().flatten().enumerate() {
        let path = format!(".spec.volumeClaimTemplates[{at}]");
        let name = template["metadata"]["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            findings.add(&path, "it has no name");
        }
        if !template["spec"]["resources"]["requests"]["storage"].is_string() {
            findings.add(&path, "it requests no storage");
        }
        if template["spec"]["accessModes"].as_array().is_none_or(Vec::is_empty) {
            findings.add(&path, "it has no access mode");
        }
        if !containers(&spec["template"]).any(|(.., one)| mounted(one).any(|mount| mount["name"] == name)) {
            findings.add(&path, format!("no container mounts `{name}`"));
        }
    }
}

/// SS-08: older servers find out when the pods are created.
fn mounts(spec: &Value, findings: &mut Findings<'_>) {
    let claims = spec["volumeClaimTemplates"].as_array().into_iter().flatten().map(|one| &one["metadata"]["name"]);
    let volumes = spec["template"]["spec"]["volumes"].as_array().into_iter().flatten().map(|one| &one["name"]);
    let known: Vec<&Value> = claims.chain(volumes).collect();
    for (list, at, container) in containers(&spec["template"]) {
        let path = format!(".spec.template.spec.{list}[{at}].volumeMounts");
        let mut paths = Vec::new();
        for mount in mounted(container) {
            if !known.contains(&&mount["name"]) {
                findings.add(&path, format!("there is no volume or claim template `{}`", word(&mount["name"])));
            }
            if paths.contains(&&mount["mountPath"]) {
                findings.add(&path, format!("`{}` is mounted twice", word(&mount["mountPath"])));
            }
            paths.push(&mount["mountPath"]);
        }
    }
}

fn mounted(container: &Value) -> impl Iterator<Item = &Value> {
    container["volumeMounts"].as_array().into_iter().flatten()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
