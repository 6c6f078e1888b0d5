//! What has a say in what is written to a namespace: webhooks and policies of
//! the cluster, and the namespace's limits. A copy has none of them: what they
//! would change or refuse is not seen there.

use serde_json::Value;

use crate::facts::meta::{items, map, text};
use crate::facts::reader::{Reader, is_forbidden, is_missing};
use crate::facts::selector::LabelSelector;
use crate::objects::kinds::ApiKind;

const fn kind(kind: &'static str, plural: &'static str) -> ApiKind {
    ApiKind { group: "admissionregistration.k8s.io", version: "v1", kind, plural, namespaced: false, has_status: false }
}

const KINDS: &[ApiKind] = &[
    kind("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
    kind("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
    kind("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
    kind("MutatingAdmissionPolicy", "mutatingadmissionpolicies"),
];

const LIMITS: ApiKind = ApiKind {
    group: "",
    version: "v1",
    kind: "LimitRange",
    plural: "limitranges",
    namespaced: true,
    has_status: false,
};

/// What was found; `None` for what may not be read.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub rules: Option<Vec<Value>>,
    pub limits: Option<Vec<Value>>,
}

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

/// All that may concern this namespace.
pub(super) async fn read(reader: &Reader, namespace: &str) -> Result<Rules, kube::Error> {
    let limits = list(reader, &LIMITS, namespace).await?;
    let mut rules = Some(Vec::new());
    for kind in KINDS {
        let found = list(reader, kind, "").await?;
        rules = rules.zip(found).map(|(rules, found)| [rules, found].concat());
    }
    Ok(Rules { rules, limits })
}

async fn list(reader: &Reader, kind: &ApiKind, namespace: &str) -> Result<Option<Vec<Value>>, kube::Error> {
    match reader.list(kind, namespace, None).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_missing(&error) => Ok(Some(Vec::new())),
        Err(error) if is_forbidden(&error) => Ok(None),
        Err(error) => Err(error),
    }
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
