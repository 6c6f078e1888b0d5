//! Secrets and ConfigMaps that a pod template refers to, with their keys
//! (S3-e2: a wrong name shows only as `CreateContainerConfigError`).

use serde_json::Value;

use super::check::{Findings, among, containers};
use crate::runbook::vocabulary::Existing;

/// One reference of a pod template.
pub struct Need<'a> {
    /// Where it stands.
    pub path: String,
    pub kind: &'static str,
    pub name: &'a str,
    /// The key of it that is meant.
    pub key: Option<&'a str>,
}

/// Every reference leads to an object that is made, or that the recipe says
/// exists, unless it is marked as optional.
pub fn check(template: &Value, objects: &[Value], existing: &[Existing], findings: &mut Findings<'_>) {
    each(template, &mut |Need { path, kind, name, key }| {
        if existing.iter().any(|known| known.kind == kind && known.name == name) {
            return;
        }
        match among(objects, kind, name) {
            None => findings.missing(&path, &format!("{kind} `{name}`")),
            Some(object) => {
                if let Some(key) = key.filter(|key| !has_key(object, key)) {
                    findings.add(&path, format!("{kind} `{name}` has no key `{key}`"));
                }
            }
        }
    });
}

/// Visits every reference that is not optional.
pub fn each<'a>(template: &'a Value, visit: &mut dyn FnMut(Need<'a>)) {
    let mut need = |path: String, kind: &'static str, name: &'a Value, key: Option<&'a Value>| {
        visit(Need { path, kind, name: name.as_str().unwrap_or_default(), key: key.and_then(Value::as_str) });
    };
    for (list, at, container) in containers(template) {
        let path = format!(".spec.template.spec.{list}[{at}]");
        for (at, variable) in container["env"].as_array().into_iter().flatten().enumerate() {
            for (field, kind) in [("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")] {
                if let Some(from) = wanted(&variable["valueFrom"][field]) {
                    need(format!("{path}.env[{at}]"), kind, &from["name"], Some(&from["key"]));
                }
            }
        }
        for (at, source) in container["envFrom"].as_array().into_iter().flatten().enumerate() {
            for (field, kind) in [("secretRef", "Secret"), ("configMapRef", "ConfigMap")] {
                if let Some(from) = wanted(&source[field]) {
                    need(format!("{path}.envFrom[{at}]"), kind, &from["name"], None);
                }
            }
        }
    }
    for (at, volume) in template["spec"]["volumes"].as_array().into_iter().flatten().enumerate() {
        for (field, kind, name) in [("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")] {
            let Some(from) = wanted(&volume[field]) else { continue };
            let path = format!(".spec.template.spec.volumes[{at}]");
            need(path.clone(), kind, &from[name], None);
            for item in from["items"].as_array().into_iter().flatten() {
                need(path.clone(), kind, &from[name], Some(&item["key"]));
            }
        }
    }
}

/// A reference that is there and not optional.
fn wanted(reference: &Value) -> Option<&Value> {
    (reference.is_object() && reference["optional"] != true).then_some(reference)
}

fn has_key(object: &Value, key: &str) -> bool {
    ["data", "stringData", "binaryData"].iter().any(|field| object[*field].get(key).is_some())
}
