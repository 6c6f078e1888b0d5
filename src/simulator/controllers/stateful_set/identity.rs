//! Who a pod is: names, ordinals, the labels and volumes that follow from them
//! (SS-01 to SS-08).

use serde_json::{Map, Value, json};

use super::set::Set;
use super::standing::Standing;
use crate::simulator::controllers::fields::{Fields, controller_reference};

pub(super) const REVISION: &str = "controller-revision-hash";
const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The parent's name and the ordinal in a pod's name: the last dash-number is
/// the ordinal, all before it is the parent (SS-03).
pub(super) fn parent_and_ordinal(pod: &str) -> Option<(&str, i64)> {
    let (parent, digits) = pod.rsplit_once('-')?;
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let ordinal: i32 = decimal.then(|| digits.parse().ok()).flatten()?;
    Some((parent, i64::from(ordinal)))
}

pub(super) fn pod_name(set: &Set, ordinal: i64) -> String {
    format!("{}-{ordinal}", set.name)
}

pub(super) fn claim_name(set: &Set, template: &Value, ordinal: i64) -> String {
    claim_of(template.name(), set.name, ordinal)
}

/// The name of a template's claim for a member of a set.
pub(super) fn claim_of(template: &str, set: &str, ordinal: i64) -> String {
    format!("{template}-{set}-{ordinal}")
}

/// Whether the label says the name that the member of a set has.
pub(super) fn is_labelled(pod: &Value, set: &str, ordinal: i64) -> bool {
    pod.label(POD_NAME) == Some(&format!("{set}-{ordinal}"))
}

/// The revision a pod says it is of.
pub(super) fn revision(pod: &Value) -> &str {
    pod.label(REVISION).unwrap_or("")
}

/// A new pod of a template at a revision (SS-05, SS-06, SS-08).
pub(super) fn new_pod(set: &Set, template: &Value, revision: &str, ordinal: i64) -> Value {
    let name = pod_name(set, ordinal);
    let mut metadata = Map::new();
    metadata.insert("name".into(), json!(name));
    metadata.insert("namespace".into(), json!(set.namespace));
    let mut labels = template["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    labels.insert(REVISION.into(), json!(revision));
    labels.extend(identity_labels(&name, ordinal));
    metadata.insert("labels".into(), Value::Object(labels));
    for key in ["annotations", "finalizers"] {
        if let Some(value) = template["metadata"].get(key).filter(|value| !value.is_null()) {
            metadata.insert(key.into(), value.clone());
        }
    }
    metadata.insert("ownerReferences".into(), json!([controller_reference(set.object, "apps/v1", "StatefulSet")]));

    let mut spec = template["spec"].as_object().cloned().unwrap_or_default();
    spec.insert("hostname".into(), json!(name));
    spec.insert("subdomain".into(), json!(set.object.text("/spec/serviceName")));
    let volumes = volumes(set, &template["spec"], ordinal);
    if !volumes.is_empty() {
        spec.insert("volumes".into(), Value::Array(volumes));
    }
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec })
}

fn identity_labels(name: &str, ordinal: i64) -> [(String, Value); 2] {
    [(POD_NAME.to_owned(), json!(name)), (POD_INDEX.to_owned(), json!(ordinal.to_string()))]
}

/// The claims first, then the volumes of the pod that no claim template
/// replaces (SS-08).
fn volumes(set: &Set, spec: &Value, ordinal: i64) -> Vec<Value> {
    let templates = set.claim_templates();
    let claims = templates.iter().map(|template| {
        json!({
            "name": template.name(),
            "persistentVolumeClaim": { "claimName": claim_name(set, template, ordinal) },
        })
    });
    let own = spec.items("/volumes").iter();
    let kept = own.filter(|volume| !templates.iter().any(|template| volume["name"] == template.name()));
    claims.chain(kept.cloned()).collect()
}

/// What has to change so that a pod is again who its name says: its identity
/// labels and its claim volumes. `None` if nothing has to.
pub(super) fn repair(set: &Set, pod: &Standing, ordinal: i64) -> Option<Value> {
    let mounted = set.templates.iter().all(|template| pod.mounted.iter().any(|mounted| mounted == template));
    if pod.is_labelled && mounted {
        return None;
    }
    let mut patch = Map::new();
    if !pod.is_labelled {
        let labels: Map<String, Value> = identity_labels(&pod_name(set, ordinal), ordinal).into_iter().collect();
        patch.insert("metadata".into(), json!({ "labels": labels }));
    }
    if !mounted {
        patch.insert("spec".into(), json!({ "volumes": volumes(set, &pod.pod["spec"], ordinal) }));
    }
    Some(Value::Object(patch))
}
