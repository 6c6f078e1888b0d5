//! Checks of a new object: its metadata, then what its kind demands.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{
    claims, classes, definitions, endpoints, metadata, names, others, pods, priorities, quotas, rights, scaling,
    services, sets, slices, volumes,
};
use crate::objects::kinds::ApiKind;
use crate::simulator::status::Cause;

/// A mebibyte of keys' values.
const LARGEST_DATA: usize = 1024 * 1024;

/// What is wrong with a new object; empty when nothing is.
pub fn of_new(kind: &ApiKind, object: &Value) -> Vec<Cause> {
    let mut causes = of_whole(kind, object);
    if kind.kind == "ControllerRevision" {
        causes.extend(others::of_revision_data(object));
    }
    if causes.is_empty() { metadata::of_path(&object["metadata"]) } else { causes }
}

/// What is wrong with an object by itself.
pub fn of_whole(kind: &ApiKind, object: &Value) -> Vec<Cause> {
    // Of these the server does not mind the metadata.
    let is_bare = matches!(kind.kind, "Event" | "PodDisruptionBudget");
    let mut causes = match kind.kind {
        _ if is_bare => Vec::new(),
        "CustomResourceDefinition" => {
            metadata::of_whole_custom(object).into_iter().chain(definitions::of_name(object)).collect()
        }
        _ => metadata::of_whole(kind, object),
    };
    causes.extend(of_content(kind, object));
    causes
}

/// What is wrong with an object apart from its metadata.
pub fn of_content(kind: &ApiKind, object: &Value) -> Vec<Cause> {
    match kind.kind {
        "CustomResourceDefinition" => definitions::of_definition(object),
        "StatefulSet" => sets::of_set(object),
        "Pod" => pods::of_pod(object),
        "Service" => services::of_service(object),
        "PersistentVolume" => volumes::of_volume(object),
        "PersistentVolumeClaim" => claims::of_claim("spec", &object["spec"]),
        "StorageClass" => classes::of_class(object),
        "PriorityClass" => priorities::of_class(object),
        "Secret" => of_secret(object),
        "ConfigMap" => of_config_map(object),
        "ResourceQuota" => quotas::of_quota(object),
        "Event" => of_event(object),
        "Lease" => of_lease(object),
        "Role" | "ClusterRole" => rights::of_role(kind, object),
        "RoleBinding" | "ClusterRoleBinding" => rights::of_binding(kind, object),
        "HorizontalPodAutoscaler" => scaling::of_autoscaler(object),
        "PodDisruptionBudget" => scaling::of_budget(object),
        "Node" => others::of_node(object),
        "ControllerRevision" => others::of_revision(object),
        "EndpointSlice" => slices::of_slice(object),
        "Endpoints" => endpoints::of_endpoints(object),
        "Namespace" => others::of_namespace(object),
        "VolumeAttachment" => others::of_attachment(object),
        _ => Vec::new(),
    }
}

/// How many bytes are written in base 64.
fn bytes(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.trim_end_matches('=').len().saturating_mul(3) / 4)
}

/// How long all values are together.
fn size(data: &Value, of: impl Fn(&Value) -> usize) -> usize {
    data.as_object().into_iter().flatten().map(|(_, value)| of(value)).sum()
}

fn of_secret(secret: &Value) -> Vec<Cause> {
    let data = &secret["data"];
    let mut causes = names::data_keys("data", data);
    if size(data, bytes) > LARGEST_DATA {
        causes.push(Cause::too_long("data", LARGEST_DATA));
    }
    let missing = |keys: &[&str]| -> Vec<Cause> {
        let missing = keys.iter().filter(|key| data[**key].is_null());
        missing.map(|key| Cause::required(format!("data[{key}]"), "")).collect()
    };
    match secret["type"].as_str() {
        Some("kubernetes.io/tls") => causes.extend(missing(&["tls.crt", "tls.key"])),
        Some("kubernetes.io/dockerconfigjson") => causes.extend(docker(data, ".dockerconfigjson")),
        Some("kubernetes.io/dockercfg") => causes.extend(docker(data, ".dockercfg")),
        Some("kubernetes.io/ssh-auth") if bytes(&data["ssh-privatekey"]) == 0 => {
            causes.push(Cause::required("data[ssh-privatekey]", ""));
        }
        Some("kubernetes.io/basic-auth") if data["username"].is_null() && data["password"].is_null() => {
            causes.extend(missing(&["username", "password"]));
        }
        Some("kubernetes.io/service-account-token") => {
            let name = "kubernetes.io/service-account.name";
            if secret["metadata"]["annotations"][name].as_str().unwrap_or_default().is_empty() {
                causes.push(Cause::required(format!("metadata.annotations[{name}]"), ""));
            }
        }
        _ => {}
    }
    causes
}

/// Credentials for images are JSON; what is wrong with it is told without it.
fn docker(data: &Value, key: &str) -> Option<Cause> {
    let field = format!("data[{key}]");
    let Some(text) = data[key].as_str() else { return Some(Cause::required(field, "")) };
    let bytes = STANDARD.decode(text).unwrap_or_default();
    let why = match serde_json::from_slice::<serde_json::Map<String, Value>>(&bytes) {
        Ok(_) => return None,
        Err(_) if bytes.is_empty() => "unexpected end of JSON input".to_owned(),
        Err(_) => match bytes.first().map(|first| char::from(*first)) {
            Some(first) => format!("invalid character '{first}' looking for beginning of value"),
            None => String::new(),
        },
    };
    Some(Cause::invalid(field, &"<secret contents redacted>".into(), &why))
}

fn of_config_map(map: &Value) -> Vec<Cause> {
    let (data, binary) = (&map["data"], &map["binaryData"]);
    let mut causes = Vec::new();
    for (key, _) in data.as_object().into_iter().flatten() {
        let field = format!("data[{key}]");
        causes.extend(names::data_key(&field, key));
        if !binary[key].is_null() {
            causes.push(Cause::invalid(field, &key.as_str().into(), "duplicate of key present in binaryData"));
        }
    }
    causes.extend(names::data_keys("binaryData", binary));
    let texts = size(data, |value| value.as_str().map_or(0, str::len));
    if texts.saturating_add(size(binary, bytes)) > LARGEST_DATA {
        causes.push(Cause::too_long("", LARGEST_DATA));
    }
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
    let is_new = !event["eventTime"].is_null();
    // Events about cluster-scoped objects stand in `default`.
    let fits =
        if about.is_empty() { own == "default" || is_new && own == "kube-system" } else { is_new || about == own };
    let mut causes = Vec::new();
    if !fits {
        causes.push(Cause::invalid("involvedObject.namespace", &about.into(), "does not match event.namespace"));
    }
    if !is_new {
        return causes;
    }
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let reporter = "reportingComponent";
    if text(reporter).is_empty() {
        causes.push(Cause::required(reporter, ""));
    }
    causes.extend(names::qualified(reporter, text(reporter)));
    let missing = ["reportingInstance", "action", "reason"].into_iter().filter(|name| text(name).is_empty());
    causes.extend(missing.map(|name| Cause::required(name, "")));
    causes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bytes_count_as_much_as_texts() {
        let map = |text: usize, bytes: usize| json!({"data": {"t": "x".repeat(text)}, "binaryData": {"b": STANDARD.encode("x".repeat(bytes))}});
        assert!(of_config_map(&map(LARGEST_DATA - 7, 7)).is_empty());
        let too_long = vec![Cause::too_long("", LARGEST_DATA)];
        assert_eq!(of_config_map(&map(LARGEST_DATA - 7, 8)), too_long);
        assert_eq!(of_config_map(&map(0, LARGEST_DATA + 1)), too_long);
    }
}
