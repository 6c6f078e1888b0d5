//! Checks of a new object: its metadata, then what its kind demands.

use serde_json::Value;

use super::{claims, classes, metadata, names, pods, quotas, rights, scaling, services, sets, volumes};
use crate::objects::kinds::ApiKind;
use crate::simulator::status::Cause;

/// What is wrong with a new object; empty when nothing is.
pub fn of_new(kind: &ApiKind, object: &Value) -> Vec<Cause> {
    let causes = of_whole(kind, object);
    if causes.is_empty() { metadata::of_path(&object["metadata"]) } else { causes }
}

/// What is wrong with an object by itself.
pub fn of_whole(kind: &ApiKind, object: &Value) -> Vec<Cause> {
    // Of these the server does not mind the metadata.
    let is_bare = matches!(kind.kind, "Event" | "PodDisruptionBudget");
    let mut causes = if is_bare { Vec::new() } else { metadata::of_whole(kind, object) };
    causes.extend(of_content(kind, object));
    causes
}

/// What is wrong with an object apart from its metadata.
pub fn of_content(kind: &ApiKind, object: &Value) -> Vec<Cause> {
    match kind.kind {
        "StatefulSet" => sets::of_set(object),
        "Pod" => pods::of_pod(object),
        "Service" => services::of_service(object),
        "PersistentVolume" => volumes::of_volume(object),
        "PersistentVolumeClaim" => claims::of_claim("spec", &object["spec"]),
        "StorageClass" => classes::of_class(object),
        "Secret" => of_secret(object),
        "ConfigMap" => of_config_map(object),
        "ResourceQuota" => quotas::of_quota(object),
        "Event" => of_event(object),
        "Lease" => of_lease(object),
        "Role" | "ClusterRole" => rights::of_role(kind, object),
        "RoleBinding" | "ClusterRoleBinding" => rights::of_binding(kind, object),
        "HorizontalPodAutoscaler" => scaling::of_autoscaler(object),
        "PodDisruptionBudget" => scaling::of_budget(object),
        _ => Vec::new(),
    }
}

fn of_secret(secret: &Value) -> Vec<Cause> {
    let mut causes = names::data_keys("data", &secret["data"]);
    let needed: &[&str] = match secret["type"].as_str() {
        Some("kubernetes.io/tls") => &["tls.crt", "tls.key"],
        Some("kubernetes.io/dockerconfigjson") => &[".dockerconfigjson"],
        Some("kubernetes.io/dockercfg") => &[".dockercfg"],
        Some("kubernetes.io/ssh-auth") => &["ssh-privatekey"],
        _ => &[],
    };
    for key in needed {
        if secret["data"][*key].is_null() {
            causes.push(Cause::required(format!("data[{key}]"), ""));
        }
    }
    causes
}

fn of_config_map(map: &Value) -> Vec<Cause> {
    let mut causes = names::data_keys("data", &map["data"]);
    causes.extend(names::data_keys("binaryData", &map["binaryData"]));
    causes
}

fn of_lease(lease: &Value) -> Vec<Cause> {
    let spec = &lease["spec"];
    let mut causes = Vec::new();
    if spec["leaseDurationSeconds"].as_i64().is_some_and(|seconds| seconds <= 0) {
        let (field, value) = ("spec.leaseDurationSeconds", &spec["leaseDurationSeconds"]);
        causes.push(Cause::invalid(field, value, "must be greater than 0"));
    }
    if spec["leaseTransitions"].as_i64().is_some_and(|count| count < 0) {
        let (field, value) = ("spec.leaseTransitions", &spec["leaseTransitions"]);
        causes.push(Cause::invalid(field, value, "must be greater than or equal to 0"));
    }
    causes
}

fn of_event(event: &Value) -> Vec<Cause> {
    let about = event["involvedObject"]["namespace"].as_str().unwrap_or_default();
    let own = event["metadata"]["namespace"].as_str().unwrap_or_default();
    // Events about cluster-scoped objects stand in `default`.
    let fits = about == own || about.is_empty() && own == "default";
    if fits {
        return Vec::new();
    }
    vec![Cause::invalid("involvedObject.namespace", &about.into(), "does not match event.namespace")]
}
