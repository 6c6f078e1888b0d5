//! What the server would say of an object by itself: no name that is taken, no
//! quota, no address or class that a cluster has or has not.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::admission::{self, Features};
use super::body;
use super::cause::Cause;
use super::lifecycle::completed;
use super::query::FieldValidation;
use super::validation;
use crate::objects::kinds::{ApiKind, KINDS};

/// What is kept of metadata: the rest is the server's own.
const WRITTEN: [&str; 7] =
    ["name", "generateName", "namespace", "labels", "annotations", "ownerReferences", "finalizers"];

/// Fields of which servers of other releases, or with something switched on, take more.
const DISPUTED: [&str; 6] = [
    "spec.minReplicas",
    "spec.scaleTargetRef",
    "spec.LoadBalancerSourceRanges",
    "tolerations",
    "seLinuxChangePolicy",
    "hugepages-",
];

/// Go reads patterns that are none here.
const OF_PATTERNS: &str = "must be a valid regular expression";

/// Whether every server says so.
fn is_undisputed(cause: &Cause) -> bool {
    !DISPUTED.iter().any(|part| cause.field.contains(part)) && !cause.message.contains(OF_PATTERNS)
}

/// What is wrong with the fields of an object that somebody wants to create, each field with
/// why; empty for kinds that are not simulated, and for what cannot be read as its kind.
#[must_use]
pub fn of_manifest(object: &Value) -> Vec<(String, String)> {
    let text = |name: &str| object[name].as_str().unwrap_or_default();
    let kind = KINDS.iter().find(|kind| kind.name() == text("kind") && kind.api_version() == text("apiVersion"));
    let Some(kind) = kind else { return Vec::new() };
    let read = body::typed(object.clone().into(), &kind.api_version(), kind.name(), FieldValidation::Ignore);
    let Ok(read) = read else { return Vec::new() };
    let is_named = read.object["metadata"]["name"].as_str().unwrap_or_default().is_empty()
        && read.object["metadata"]["generateName"].is_string();
    let mut object = completed(kind, read.object, Features::default());
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("status");
        let metadata = fields.get_mut("metadata").map(Value::take).unwrap_or_default();
        let mut metadata: Map<String, Value> = metadata.as_object().cloned().unwrap_or_default();
        metadata.retain(|name, _| WRITTEN.contains(&name.as_str()));
        let of_event = fields.get("involvedObject").and_then(|of| of["namespace"].as_str());
        place(kind, &mut metadata, of_event.unwrap_or("default"));
        fields.insert("metadata".to_owned(), metadata.into());
    }
    admission::reset_new(kind, &mut object, Features::default());
    let gave = kind.kind == "Service" && give_addresses(&mut object["spec"]);
    let mut causes = validation::of_new(kind, &object);
    for cause in &mut causes {
        if gave && cause.field.starts_with("spec.clusterIPs") {
            "spec.clusterIP".clone_into(&mut cause.field);
        }
        if kind.kind == "StatefulSet" {
            cause.field = as_written(&cause.field, &object["spec"]);
        }
    }
    causes.retain(is_undisputed);
    if is_named {
        // Which name it is going to be, nobody knows.
        causes.retain(|cause| cause.field != "metadata.name");
    }
    // A field is often checked in more than one way, and the first one says enough.
    let mut told = BTreeSet::new();
    causes.retain(|cause| told.insert(cause.field.clone()));
    causes.into_iter().map(|cause| (cause.field, cause.message)).collect()
}

/// As the server and the request for it do: a name is made, and some namespace is meant.
fn place(kind: &ApiKind, metadata: &mut Map<String, Value>, namespace: &str) {
    let text = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or_default();
    let begun = text("generateName");
    let made = (text("name").is_empty() && !begun.is_empty()).then(|| format!("{begun}x"));
    let is_nowhere = kind.namespaced && text("namespace").is_empty();
    metadata.extend(made.map(|name| ("name".to_owned(), name.into())));
    metadata.extend(is_nowhere.then(|| ("namespace".to_owned(), namespace.into())));
}

/// The list of addresses is the server's to fill; whether there was anything to fill in.
fn give_addresses(spec: &mut Value) -> bool {
    let first = spec["clusterIP"].as_str().unwrap_or_default();
    let gives = !first.is_empty() && spec["clusterIPs"].is_null();
    if gives {
        spec["clusterIPs"] = Value::from(vec![first]);
    }
    gives
}

/// The server counts the claims of a set among the volumes of its pods, and first.
fn as_written(field: &str, spec: &Value) -> String {
    const VOLUMES: &str = "spec.template.spec.volumes[";
    let counted = || {
        let (position, rest) = field.strip_prefix(VOLUMES)?.split_once(']')?;
        let claims = spec["volumeClaimTemplates"].as_array().into_iter().flatten();
        let claims: BTreeSet<&str> = claims.filter_map(|claim| claim["metadata"]["name"].as_str()).collect();
        let own = spec["template"]["spec"]["volumes"].as_array().into_iter().flatten().enumerate();
        let is_claim = |volume: &Value| volume["name"].as_str().is_some_and(|name| claims.contains(name));
        let mut left = own.filter(|(_, volume)| !is_claim(volume));
        let (position, _) = left.nth(position.parse::<usize>().ok()?.checked_sub(claims.len())?)?;
        Some(format!("{VOLUMES}{position}]{rest}"))
    };
    counted().unwrap_or_else(|| field.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(object: &Value) -> Vec<String> {
        of_manifest(object).into_iter().map(|(field, message)| format!("{field}: {message}")).collect()
    }

    #[test]
    fn a_service_is_judged_without_the_addresses_of_a_cluster() {
        let service = |spec: Value| {
            said(&json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}))
        };
        let ports = json!([{"port": 80}]);
        assert_eq!(service(json!({"clusterIP": "None", "ports": ports})), Vec::<String>::new());
        assert_eq!(
            service(json!({"clusterIP": "10.43.0.7", "clusterIPs": ["10.43.0.7"], "ports": ports})),
            Vec::<String>::new()
        );
        assert_eq!(
            service(json!({"clusterIP": "None", "type": "LoadBalancer", "ports": ports})),
            ["spec.clusterIP: Invalid value: \"None\": may not be set to 'None' for LoadBalancer services"]
        );
    }

    #[test]
    fn a_name_may_be_made_and_a_namespace_left_out() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "p-"},
            "spec": {"containers": [{"name": "app", "image": "x"}]}});
        assert_eq!(said(&pod), Vec::<String>::new());
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"},
            "involvedObject": {"kind": "Pod", "name": "x", "namespace": "prod"}});
        assert_eq!(said(&event), Vec::<String>::new());
    }

    #[test]
    fn what_another_release_takes_is_no_error() {
        let spec = json!({"minReplicas": 0, "maxReplicas": 3, "metrics": [{"type": "External", "external": {
            "metric": {"name": "m"}, "target": {"type": "Value", "value": "1"}}}],
            "scaleTargetRef": {"kind": "StatefulSet", "name": "web"}});
        let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web"}, "spec": spec});
        assert_eq!(said(&scaler), Vec::<String>::new());
        let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"},
            "spec": {"hard": {"requests.hugepages-2Mi": "1Gi"}}});
        assert_eq!(said(&quota), Vec::<String>::new());
    }

    #[test]
    fn volumes_are_counted_as_they_are_written() {
        let volumes = json!([{"name": "one", "emptyDir": {}}, {"name": "Two", "emptyDir": {}}]);
        let template = json!({"metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "app", "image": "x"}], "volumes": volumes}});
        let claim = json!({"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}}});
        let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template, "volumeClaimTemplates": [claim]}});
        let said = said(&set);
        assert!(said.len() == 1 && said[0].starts_with("spec.template.spec.volumes[1].name: "), "{said:?}");
    }

    #[test]
    fn what_the_server_wrote_and_what_is_not_known_is_passed_over() {
        let written = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"},
            "metadata": {"name": "a", "uid": "x", "resourceVersion": "7", "creationTimestamp": "2026-03-13T12:00:00Z"}});
        assert_eq!(said(&written), Vec::<String>::new());
        assert_eq!(said(&json!({"apiVersion": "example.org/v1", "kind": "Thing"})), Vec::<String>::new());
        assert_eq!(said(&json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": 5}})), Vec::<String>::new());
        assert_eq!(said(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "A"}})).len(), 1);
    }
}
