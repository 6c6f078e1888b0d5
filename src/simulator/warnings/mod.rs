//! What the server says in `Warning` headers about objects that it takes: they
//! are valid, and yet not what anybody should want.

mod knobs;
mod pods;

use std::collections::BTreeSet;

use serde_json::Value;

use super::validation::is_fractional;
use super::validation::names::label;
use crate::objects::kinds::ApiKind;

/// Warnings about a new object, or about what became of an old one.
#[must_use]
pub fn of(kind: &ApiKind, old: Option<&Value>, new: &Value) -> Vec<String> {
    let mut warnings = of_server(kind, old, new);
    warnings.extend(knobs::of(kind, old, new));
    warnings
}

/// Those of a real server.
fn of_server(kind: &ApiKind, old: Option<&Value>, new: &Value) -> Vec<String> {
    match kind.kind {
        _ if kind.is_custom() => of_custom(old, new),
        "StatefulSet" => of_set(old, new),
        "Pod" if old.is_none() => {
            let mut warnings = host_name(new["metadata"]["name"].as_str().unwrap_or_default());
            warnings.extend(pods::of_pod("", &new["metadata"], &new["spec"]));
            warnings
        }
        "Service" => of_service(&new["spec"]),
        "PersistentVolumeClaim" => of_claim(new),
        "PersistentVolume" => of_volume(new),
        _ => Vec::new(),
    }
}

/// Finalizers that are new and could be anybody's.
fn of_custom(old: Option<&Value>, new: &Value) -> Vec<String> {
    let names = |object: &Value| -> BTreeSet<String> {
        let names = object["metadata"]["finalizers"].as_array().into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let before = old.map(names).unwrap_or_default();
    let fresh = names(new).into_iter().filter(|name| !before.contains(name) && !name.contains('/'));
    let fresh = fresh.filter(|name| !matches!(name.as_str(), "orphan" | "foregroundDeletion" | "kubernetes"));
    let with_path = |name: &str| if name.contains('.') { " including a path (/)" } else { "" };
    let text = |name: String| {
        let path = with_path(&name);
        format!(
            "metadata.finalizers: {name:?}: prefer a domain-qualified finalizer name{path} to avoid accidental \
             conflicts with other finalizer writers"
        )
    };
    fresh.map(text).collect()
}

/// The name of a pod is also that of its host.
fn host_name(name: &str) -> Vec<String> {
    let begin = "Invalid value: ";
    let faults: Vec<String> = label("", name)
        .into_iter()
        .filter_map(|cause| cause.message.strip_prefix(&format!("{begin}{name:?}: ")).map(str::to_owned))
        .collect();
    if faults.is_empty() {
        return Vec::new();
    }
    let why = "this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
    vec![format!("metadata.name: {why}: [{}]", faults.join(" "))]
}

fn of_service(spec: &Value) -> Vec<String> {
    let is_given = |name: &str| match &spec[name] {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    let is_headless = spec["clusterIP"] == "None";
    let is_name = spec["type"] == "ExternalName";
    let close = "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"";
    let addresses = "spec.externalIPs is deprecated and may no longer be implemented in some clusters";
    let said = [
        (is_headless && is_given("loadBalancerIP"), "spec.loadBalancerIP is ignored for headless services"),
        (is_headless && is_given("externalIPs"), "spec.externalIPs is ignored for headless services"),
        (is_headless && spec["sessionAffinity"] != "None", "spec.SessionAffinity is ignored for headless services"),
        (is_given("externalIPs") && !is_headless && !is_name, addresses),
        (is_name && is_given("externalIPs"), "spec.externalIPs is ignored when spec.type is \"ExternalName\""),
        (!is_name && is_given("externalName"), "spec.externalName is ignored when spec.type is not \"ExternalName\""),
        (spec["trafficDistribution"] == "PreferClose", close),
    ];
    said.into_iter().filter(|(is_said, _)| *is_said).map(|(_, text)| text.to_owned()).collect()
}

fn of_claim(claim: &Value) -> Vec<String> {
    let old = "volume.beta.kubernetes.io/storage-class";
    let mut warnings = Vec::new();
    if !claim["metadata"]["annotations"][old].is_null() {
        let why = "deprecated since v1.8; use \"storageClassName\" attribute instead";
        warnings.push(format!("metadata.annotations[{old}]: {why}"));
    }
    warnings.extend(fractions("spec", &claim["spec"]));
    warnings
}

/// Bytes do not come in parts.
fn fractions(path: &str, spec: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    for list in ["requests", "limits"] {
        let value = &spec["resources"][list]["storage"];
        if is_fractional(value) {
            let why = format!("fractional byte value {value} is invalid, must be an integer");
            warnings.push(format!("{path}.resources.{list}[storage]: {why}"));
        }
    }
    warnings
}

fn of_volume(volume: &Value) -> Vec<String> {
    let spec = &volume["spec"];
    let mut warnings = Vec::new();
    if spec["persistentVolumeReclaimPolicy"] == "Recycle" {
        let why = "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic \
                   provisioning.";
        warnings.push(format!("spec.persistentVolumeReclaimPolicy: {why}"));
    }
    for (_, shown, why) in pods::OLD_VOLUMES.iter().filter(|(name, ..)| !spec[*name].is_null()) {
        warnings.push(format!("spec.{shown}: {why}"));
    }
    warnings
}

fn of_set(old: Option<&Value>, new: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let generation = |set: &Value| set["metadata"]["generation"].clone();
    if old.is_none_or(|old| generation(old) != generation(new)) {
        let template = &new["spec"]["template"];
        warnings.extend(pods::of_pod("spec.template.", &template["metadata"], &template["spec"]));
    }
    // The path of a changed set is misspelled by the server.
    let inside = if old.is_some() { "Spec" } else { "" };
    for (index, claim) in new["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten().enumerate() {
        let path = format!("spec.volumeClaimTemplates[{index}].{inside}");
        warnings.extend(fractions(path.trim_end_matches('.'), &claim["spec"]));
    }
    if new["spec"]["revisionHistoryLimit"].as_i64().is_some_and(|limit| limit < 0) {
        let why = "a negative value retains all historical revisions; a value >= 0 is recommended";
        warnings.push(format!("spec.revisionHistoryLimit: {why}"));
    }
    warnings
}
