//! Defaults of everything that is no pod.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::choose::{items, set, set_empty};
use super::disks::disks;
use super::pods::pod_spec;
use crate::objects::kinds::ApiKind;

pub fn namespace(namespace: &mut Value) {
    let name = namespace["metadata"]["name"].clone();
    if name.as_str().is_some_and(|name| !name.is_empty()) {
        namespace["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
    }
    set_empty(&mut namespace["status"], "phase", "Active");
}

pub fn node(node: &mut Value) {
    let capacity = node["status"]["capacity"].clone();
    if capacity.is_object() {
        set(&mut node["status"], "allocatable", capacity);
    }
}

pub fn endpoints(endpoints: &mut Value) {
    for subset in items(endpoints, "subsets") {
        for port in items(subset, "ports") {
            set_empty(port, "protocol", "TCP");
        }
    }
}

pub fn storage_class(class: &mut Value) {
    set(class, "reclaimPolicy", "Delete");
    set(class, "volumeBindingMode", "Immediate");
}

/// `stringData` is written, never read.
pub fn secret(secret: &mut Value) {
    set_empty(secret, "type", "Opaque");
    let Some(text) = secret.as_object_mut().and_then(|fields| fields.shift_remove("stringData")) else { return };
    for (key, value) in text.as_object().into_iter().flatten() {
        secret["data"][key] = Value::from(STANDARD.encode(value.as_str().unwrap_or_default()));
    }
}

pub fn persistent_volume(volume: &mut Value) {
    let spec = &mut volume["spec"];
    set_empty(spec, "persistentVolumeReclaimPolicy", "Retain");
    set(spec, "volumeMode", "Filesystem");
    if let Some(path) = spec.get_mut("hostPath") {
        set(path, "type", "");
    }
    disks(spec);
    set_empty(&mut volume["status"], "phase", "Pending");
}

pub fn persistent_volume_claim(claim: &mut Value) {
    claim_spec(&mut claim["spec"]);
    set_empty(&mut claim["status"], "phase", "Pending");
}

pub fn claim_spec(spec: &mut Value) {
    set(spec, "volumeMode", "Filesystem");
}

pub fn service(service: &mut Value) {
    let spec = &mut service["spec"];
    set_empty(spec, "sessionAffinity", "None");
    if spec["sessionAffinity"] == "ClientIP" && spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"].is_null() {
        spec["sessionAffinityConfig"] = json!({"clientIP": {"timeoutSeconds": 10800}});
    }
    if spec["sessionAffinity"] == "None"
        && let Some(fields) = spec.as_object_mut()
    {
        fields.shift_remove("sessionAffinityConfig");
    }
    set_empty(spec, "type", "ClusterIP");
    for port in items(spec, "ports") {
        set_empty(port, "protocol", "TCP");
        let number = port["port"].clone();
        set_empty(port, "targetPort", number);
    }
    let kind = spec["type"].as_str().unwrap_or_default().to_owned();
    let is_external = matches!(kind.as_str(), "NodePort" | "LoadBalancer")
        || kind == "ClusterIP" && spec["externalIPs"].as_array().is_some_and(|list| !list.is_empty());
    if is_external {
        set_empty(spec, "externalTrafficPolicy", "Cluster");
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") {
        set(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        set(spec, "allocateLoadBalancerNodePorts", true);
    }
}

/// Where `rollingUpdate.maxUnavailable` counts, a rolling update has one (SS-63).
pub fn max_unavailable(kind: &ApiKind, set_object: &mut Value) {
    if kind.kind != "StatefulSet" {
        return;
    }
    let strategy = &mut set_object["spec"]["updateStrategy"];
    if strategy["type"] == "RollingUpdate" && strategy["rollingUpdate"].is_object() {
        set(&mut strategy["rollingUpdate"], "maxUnavailable", 1);
    }
}

/// SS-10 and the trap of SS-11: a strategy named without `rollingUpdate` stays
/// without it.
pub fn stateful_set(set_object: &mut Value) {
    let spec = &mut set_object["spec"];
    set_empty(spec, "podManagementPolicy", "OrderedReady");
    if spec["updateStrategy"]["type"].as_str().unwrap_or_default().is_empty() {
        spec["updateStrategy"]["type"] = Value::from("RollingUpdate");
        if spec["updateStrategy"]["rollingUpdate"].is_null() {
            spec["updateStrategy"]["rollingUpdate"] = json!({});
        }
    }
    let strategy = &spec["updateStrategy"];
    if strategy["type"] == "RollingUpdate" && strategy["rollingUpdate"].is_object() {
        set(&mut spec["updateStrategy"]["rollingUpdate"], "partition", 0);
    }
    set(spec, "persistentVolumeClaimRetentionPolicy", json!({}));
    set_empty(&mut spec["persistentVolumeClaimRetentionPolicy"], "whenDeleted", "Retain");
    set_empty(&mut spec["persistentVolumeClaimRetentionPolicy"], "whenScaled", "Retain");
    set(spec, "replicas", 1);
    set(spec, "revisionHistoryLimit", 10);
    if let Some(template) = spec["template"].get_mut("spec") {
        pod_spec(template);
    }
    for template in items(spec, "volumeClaimTemplates") {
        // Whatever a template calls itself, it is a claim.
        template["kind"] = Value::from("PersistentVolumeClaim");
        template["apiVersion"] = Value::from("v1");
        persistent_volume_claim(template);
    }
}

pub fn endpoint_slice(slice: &mut Value) {
    for port in items(slice, "ports") {
        set(port, "name", "");
        set_empty(port, "protocol", "TCP");
    }
}
