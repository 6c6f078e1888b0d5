//! Defaults of pods and of the pod templates in sets. A template gets fewer of
//! them: what only a real pod has is filled in when the pod is made.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::choose::{items, set, set_empty};
use super::containers::{container, copy_limits, open_host_ports, pull_policy, reference};
use super::disks::disks;
use super::kinds::claim_spec;
use crate::simulator::quantity::Quantity;

/// A pod of its own.
pub fn pod(pod: &mut Value) {
    if let Some(address) = pod["status"]["podIP"].as_str().map(str::to_owned) {
        // The first of the list and the older field are one.
        if pod["status"]["podIPs"][0]["ip"] != address.as_str() {
            pod["status"]["podIPs"] = json!([{ "ip": address }]);
        }
    } else if let Some(address) = pod["status"]["podIPs"][0]["ip"].as_str().map(str::to_owned) {
        pod["status"]["podIP"] = address.into();
    }
    let Some(spec) = pod.get_mut("spec") else { return };
    pod_spec(spec);
    set(spec, "enableServiceLinks", true);
    let on_host = spec["hostNetwork"] == true;
    for list in ["containers", "initContainers"] {
        for one in items(spec, list) {
            copy_limits(one);
            if on_host {
                open_host_ports(one);
            }
        }
    }
    if spec["resources"]["limits"].as_object().is_some_and(|limits| !limits.is_empty()) {
        request_for_all(spec);
        copy_limits(spec);
    }
}

/// What the containers request the pod requests as a whole, if it is limited
/// and does not say itself.
fn request_for_all(spec: &mut Value) {
    let mut all: BTreeMap<String, Quantity> = BTreeMap::new();
    for container in items(spec, "containers") {
        for (name, amount) in container["resources"]["requests"].as_object().into_iter().flatten() {
            if let Some(amount) = amount.as_str().and_then(Quantity::parse) {
                let sum = all.remove(name).map_or(amount, |sum| sum.plus(amount));
                all.insert(name.clone(), sum);
            }
        }
    }
    if !all.is_empty() && spec["resources"]["requests"].is_null() {
        spec["resources"]["requests"] = json!({});
    }
    for (name, sum) in all {
        set(&mut spec["resources"]["requests"], &name, sum.canonical());
    }
}

/// The spec of a pod or of a template.
pub fn pod_spec(spec: &mut Value) {
    set_empty(spec, "dnsPolicy", "ClusterFirst");
    set_empty(spec, "restartPolicy", "Always");
    set(spec, "securityContext", json!({}));
    set(spec, "terminationGracePeriodSeconds", 30);
    set_empty(spec, "schedulerName", "default-scheduler");
    // The old name of the field is kept alive.
    if let Some(account) = spec["serviceAccountName"].as_str().map(str::to_owned) {
        set(spec, "serviceAccount", account);
    }
    for list in ["initContainers", "containers"] {
        items(spec, list).for_each(container);
    }
    items(spec, "volumes").for_each(volume);
}

fn volume(volume: &mut Value) {
    let has_source = volume
        .as_object()
        .is_some_and(|fields| fields.iter().any(|(name, source)| name != "name" && !source.is_null()));
    if !has_source {
        set(volume, "emptyDir", json!({}));
    }
    for name in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = volume.get_mut(name).filter(|source| source.is_object()) {
            set(source, "defaultMode", 420);
        }
    }
    if let Some(path) = volume.get_mut("hostPath") {
        set(path, "type", "");
    }
    disks(volume);
    if let Some(image) = volume.get_mut("image").filter(|image| image.is_object()) {
        set_empty(image, "pullPolicy", pull_policy(image["reference"].as_str().unwrap_or_default()));
    }
    if let Some(items_of) = volume.get_mut("downwardAPI") {
        items(items_of, "items").for_each(|item| reference(Some(item)));
    }
    if let Some(projected) = volume.get_mut("projected") {
        for source in items(projected, "sources") {
            if let Some(token) = source.get_mut("serviceAccountToken") {
                set(token, "expirationSeconds", 3600);
            }
            if let Some(downward) = source.get_mut("downwardAPI") {
                items(downward, "items").for_each(|item| reference(Some(item)));
            }
        }
    }
    if let Some(spec) = volume
        .get_mut("ephemeral")
        .and_then(|ephemeral| ephemeral.get_mut("volumeClaimTemplate"))
        .and_then(|template| template.get_mut("spec"))
    {
        claim_spec(spec);
    }
}
