//! What the server itself decides about an object before it is stored:
//! namespaces must live, protection finalizers and the default class are put
//! in, status starts empty.

mod pods;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::clock::clock_text;
use super::quantity::Quantity;
use super::status::Refusal;
use super::store::Store;
use super::topology;
use crate::objects::kinds::ApiKind;

pub use pods::{fill_changed, quality};

const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";

/// Objects only go into a namespace that exists and is not terminating.
///
/// # Errors
/// 404 or 403.
pub fn namespace(store: &Store, kind: &ApiKind, namespace: &str, name: &str) -> Result<(), Refusal> {
    if !kind.namespaced {
        return Ok(());
    }
    let Some(place) = ApiKind::named("Namespace") else { return Ok(()) };
    let Some(found) = store.object(place, "", namespace) else {
        return Err(Refusal::not_found(place, namespace));
    };
    if found["metadata"]["deletionTimestamp"].is_null() {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    Err(Refusal::forbidden(kind, name, &why).with_cause(
        "NamespaceTerminating",
        &format!("namespace {namespace} is being terminated"),
        "metadata.namespace",
    ))
}

/// Gives a new object the status it starts with, whatever the client sent.
pub fn reset_new(kind: &ApiKind, object: &mut Value, features: Features) {
    drop_disabled(kind, None, object, features);
    if kind.kind == "Pod" && object["spec"]["terminationGracePeriodSeconds"].as_i64().is_some_and(|grace| grace < 0) {
        object["spec"]["terminationGracePeriodSeconds"] = Value::from(1);
    }
    if kind.is_custom() && kind.has_status {
        object.as_object_mut().and_then(|fields| fields.shift_remove("status"));
    }
    let status = match kind.kind {
        "CustomResourceDefinition" => {
            let stored = stored_versions(object, Vec::new());
            json!({"conditions": null, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored})
        }
        "StatefulSet" => json!({"replicas": 0, "availableReplicas": 0}),
        "PersistentVolumeClaim" | "PersistentVolume" => json!({"phase": "Pending"}),
        "Pod" => pods::first_status(object),
        "Service" => json!({"loadBalancer": {}}),
        "Namespace" => {
            let mut finalizers = object["spec"]["finalizers"].as_array().cloned().unwrap_or_default();
            if !finalizers.iter().any(|name| name == "kubernetes") {
                finalizers.push(json!("kubernetes"));
            }
            object["spec"]["finalizers"] = Value::Array(finalizers);
            json!({"phase": "Active"})
        }
        "ResourceQuota" => json!({}),
        "HorizontalPodAutoscaler" => json!({"desiredReplicas": 0, "currentMetrics": null}),
        "VolumeAttachment" => json!({"attached": false}),
        "PodDisruptionBudget" => {
            json!({"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0})
        }
        _ => return,
    };
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("status");
        fields.insert("status".to_owned(), status);
    }
}

/// The versions that objects of a definition may still be kept in.
fn stored_versions(definition: &Value, mut known: Vec<Value>) -> Vec<Value> {
    let versions = definition["spec"]["versions"].as_array().into_iter().flatten();
    let stored = versions.into_iter().find(|version| version["storage"] == true).map(|version| &version["name"]);
    known.extend(stored.filter(|name| !known.contains(name)).cloned());
    known
}

/// What is switched on in one release and not in another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Features {
    /// Whether `rollingUpdate.maxUnavailable` of a set is kept (SS-63).
    pub max_unavailable: bool,
}

/// Takes out what there is, but not switched on: it is dropped without a word,
/// unless the object had it before.
pub fn drop_disabled(kind: &ApiKind, old: Option<&Value>, new: &mut Value, features: Features) {
    let pod = match kind.kind {
        "StatefulSet" => "/spec/template/spec",
        "Pod" => "/spec",
        "PersistentVolumeClaim" => return data_sources(old, new),
        "Lease" => {
            // Leases that are coordinated are not switched on.
            for name in ["strategy", "preferredHolder"] {
                let is_used = old.is_some_and(|old| !old["spec"][name].is_null());
                if let Some(spec) = new.get_mut("spec").and_then(Value::as_object_mut).filter(|_| !is_used) {
                    spec.shift_remove(name);
                }
            }
            return;
        }
        _ => return,
    };
    let place = "/spec/updateStrategy/rollingUpdate";
    let is_used = features.max_unavailable
        || old.and_then(|old| old.pointer(place)).is_some_and(|rolling| !rolling["maxUnavailable"].is_null());
    if let Some(rolling) = new.pointer_mut(place).and_then(Value::as_object_mut).filter(|_| !is_used) {
        rolling.shift_remove("maxUnavailable");
    }
    if !old.and_then(|old| old.pointer(pod)).is_some_and(has_stop_signal) {
        let lists = new.pointer_mut(pod).and_then(Value::as_object_mut).into_iter().flatten();
        let containers =
            lists.filter(|(name, _)| name.ends_with("ontainers")).filter_map(|(_, list)| list.as_array_mut());
        for container in containers.flatten().filter_map(Value::as_object_mut) {
            drop_stop_signal(container);
        }
    }
}

/// Where a claim's data come from stands in two fields. What the older one
/// cannot say is dropped, a source in another namespace too, and what only one
/// says is copied into the other.
fn data_sources(old: Option<&Value>, claim: &mut Value) {
    let had = |name: &str| old.is_some_and(|old| !old["spec"][name].is_null());
    let Some(spec) = claim.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let text = |source: &Value, name: &str| source[name].as_str().unwrap_or_default().to_owned();
    let is_elsewhere = spec.get("dataSourceRef").is_some_and(|source| !text(source, "namespace").is_empty());
    if is_elsewhere && !had("dataSourceRef") {
        spec.shift_remove("dataSourceRef");
    }
    let is_old = |source: &Value| {
        let (group, kind) = (text(source, "apiGroup"), text(source, "kind"));
        matches!((&*group, &*kind), ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot"))
    };
    if !had("dataSource") && !spec.contains_key("dataSourceRef") && !spec.get("dataSource").is_some_and(is_old) {
        spec.shift_remove("dataSource");
    }
    let is_elsewhere = spec.get("dataSourceRef").is_some_and(|source| !text(source, "namespace").is_empty());
    match (spec.get("dataSource").cloned(), spec.get("dataSourceRef").cloned()) {
        (Some(source), None) => {
            spec.insert("dataSourceRef".to_owned(), source);
        }
        (None, Some(mut source)) if !is_elsewhere => {
            if let Some(fields) = source.as_object_mut() {
                fields.shift_remove("namespace");
            }
            spec.insert("dataSource".to_owned(), source);
        }
        _ => {}
    }
}

fn has_stop_signal(pod: &Value) -> bool {
    let containers = pod["containers"].as_array().into_iter().flatten();
    containers.into_iter().any(|container| !container["lifecycle"]["stopSignal"].is_null())
}

/// Hooks of which nothing is left go with the signal.
fn drop_stop_signal(container: &mut Map<String, Value>) {
    let Some(hooks) = container.get_mut("lifecycle").and_then(Value::as_object_mut) else { return };
    if hooks.shift_remove("stopSignal").is_some() && hooks.is_empty() {
        container.shift_remove("lifecycle");
    }
}

/// Mutating admission of a new object.
pub fn admit_new(store: &Store, kind: &ApiKind, object: &mut Value, now: Timestamp) {
    match kind.kind {
        "PersistentVolumeClaim" => {
            add_finalizer(object, "kubernetes.io/pvc-protection");
            default_class(store, object);
        }
        "PersistentVolume" => {
            add_finalizer(object, "kubernetes.io/pv-protection");
            object["status"]["lastPhaseTransitionTime"] = Value::from(clock_text(now));
        }
        "Pod" => {
            if let Some(condition) = object.pointer_mut("/status/conditions/0") {
                condition["lastTransitionTime"] = Value::from(clock_text(now));
            }
            pods::tolerate_node_trouble(object);
            topology::label(store, object);
        }
        "Node" => taint_unready(object),
        _ => {}
    }
}

/// A new node takes no pods until its kubelet has reported. The nodes that a
/// sandbox begins with come Ready and are spared.
fn taint_unready(node: &mut Value) {
    let key = "node.kubernetes.io/not-ready";
    let mut taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    let conditions = node["status"]["conditions"].as_array();
    let is_ready = conditions.into_iter().flatten().any(|one| one["type"] == "Ready" && one["status"] == "True");
    if !is_ready && !taints.iter().any(|taint| taint["key"] == key && taint["effect"] == "NoSchedule") {
        taints.push(json!({"key": key, "effect": "NoSchedule"}));
        node["spec"]["taints"] = Value::Array(taints);
    }
}

fn add_finalizer(object: &mut Value, name: &str) {
    let mut finalizers = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    if !finalizers.iter().any(|one| one == name) {
        finalizers.push(name.into());
        object["metadata"]["finalizers"] = Value::Array(finalizers);
    }
}

/// The newest default class, by name among equally new ones.
fn default_class(store: &Store, claim: &mut Value) {
    let is_set = !claim["spec"]["storageClassName"].is_null()
        || !claim["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"].is_null();
    let Some(kind) = ApiKind::named("StorageClass").filter(|_| !is_set) else { return };
    let class = store
        .objects(kind, "")
        .filter(|class| class["metadata"]["annotations"][DEFAULT_CLASS] == "true")
        .max_by_key(|class| {
            let text = |name: &str| class["metadata"][name].as_str().unwrap_or_default().to_owned();
            (text("creationTimestamp"), std::cmp::Reverse(text("name")))
        });
    if let Some(class) = class {
        claim["spec"]["storageClassName"] = class["metadata"]["name"].clone();
    }
}

/// Times that a change of the object moves.
pub fn touch(kind: &ApiKind, old: &Value, new: &mut Value, now: Timestamp) {
    if kind.kind == "CustomResourceDefinition" {
        let known = new["status"]["storedVersions"].as_array().cloned().unwrap_or_default();
        new["status"]["storedVersions"] = stored_versions(new, known).into();
    }
    if kind.kind == "PersistentVolume" && old["status"]["phase"] != new["status"]["phase"] {
        new["status"]["lastPhaseTransitionTime"] = Value::from(clock_text(now));
    }
}

/// The class of a claim, which an old annotation overrules.
fn class_of(claim: &Value) -> &str {
    let old = claim["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"].as_str();
    old.or_else(|| claim["spec"]["storageClassName"].as_str()).unwrap_or_default()
}

/// Admission of a change: growing a claim needs a class that allows it.
///
/// # Errors
/// 403.
pub fn admit_change(store: &Store, kind: &ApiKind, old: &Value, new: &Value) -> Result<(), Refusal> {
    if kind.kind != "PersistentVolumeClaim" {
        return Ok(());
    }
    let amount = |claim: &Value| {
        claim["spec"]["resources"]["requests"]["storage"].as_str().and_then(Quantity::parse).map(Quantity::nanos)
    };
    if amount(new) <= amount(old) {
        return Ok(());
    }
    let name = new["metadata"]["name"].as_str().unwrap_or_default();
    if old["status"]["phase"] != "Bound" {
        return Err(Refusal::forbidden(kind, name, "Only bound persistent volume claims can be expanded"));
    }
    let (before, class) = (class_of(old), class_of(new));
    let found = ApiKind::named("StorageClass").and_then(|kind| store.object(kind, "", class));
    let allows = found.is_some_and(|class| class["allowVolumeExpansion"] == true);
    if !allows || before != class {
        let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must \
                   support resize";
        return Err(Refusal::forbidden(kind, name, why));
    }
    Ok(())
}
