//! Webhooks and policies of the cluster that have a say in what is written to
//! a namespace. A copy has none of them: what they would change or refuse is
//! not seen there.

use serde_json::Value;

use crate::facts::meta::{items, map, text};
use crate::facts::reader::{Reader, is_forbidden, is_missing};
use crate::facts::selector::LabelSelector;
use crate::objects::kinds::ApiKind;

const fn kind(kind: &'static str, plural: &'static str) -> ApiKind {
    ApiKind { group: "admissionregistration.k8s.io", version: "v1", kind, plural, namespaced: false }
}

const KINDS: &[ApiKind] = &[
    kind("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
    kind("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
    kind("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
    kind("MutatingAdmissionPolicy", "mutatingadmissionpolicies"),
];

/// What is written in the course of a set's life.
const RESOURCES: &[&str] = &[
    "statefulsets",
    "pods",
    "persistentvolumeclaims",
    "persistentvolumes",
    "services",
    "secrets",
    "configmaps",
    "controllerrevisions",
];

/// All of them; `None` if they may not be read.
pub(super) async fn read(reader: &Reader) -> Result<Option<Vec<Value>>, kube::Error> {
    let mut all = Vec::new();
    for kind in KINDS {
        match reader.list(kind, "", None).await {
            Ok(found) => all.extend(found),
            Err(error) if is_missing(&error) => {}
            Err(error) if is_forbidden(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(all))
}

/// Whether it is asked about our resources in a namespace with these labels.
pub(super) fn concerns(rule: &Value, labels: &Value) -> bool {
    let constraints = &rule["spec"]["matchConstraints"];
    let webhooks = items(&rule["webhooks"]).iter().map(|hook| (&hook["rules"], &hook["namespaceSelector"]));
    let policy = (&constraints["resourceRules"], &constraints["namespaceSelector"]);
    webhooks.chain([policy]).any(|(rules, selector)| {
        let labels = map(labels);
        items(rules).iter().any(names_ours) && LabelSelector::read(selector).is_none_or(|one| one.admits(&labels))
    })
}

fn names_ours(rule: &Value) -> bool {
    items(&rule["resources"]).iter().map(text).any(|resource| {
        let whole = resource.split('/').next().unwrap_or_default();
        whole == "*" || RESOURCES.contains(&whole)
    })
}
