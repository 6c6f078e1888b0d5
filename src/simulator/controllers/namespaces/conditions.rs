//! What the conditions of a terminating namespace say, in the words of the real
//! controller.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::objects::kinds::ApiKind;
use crate::simulator::controllers::fields::{Fields, with_condition};

/// What a look at a namespace found left.
#[derive(Default)]
pub(super) struct Found {
    remaining: Vec<String>,
    finalizers: BTreeMap<String, usize>,
    error: Option<String>,
}

impl Found {
    /// So many objects of a kind stay, and so many of them by each finalizer.
    pub(super) fn remain(&mut self, kind: &ApiKind, count: usize, finalizers: &BTreeMap<String, usize>) {
        if count > 0 {
            self.remaining.push(format!("{}.{} has {count} resource instances", kind.plural, kind.group));
        }
        for (finalizer, held) in finalizers {
            *self.finalizers.entry(finalizer.clone()).or_default() += held;
        }
    }

    /// Pods are there that nothing holds.
    pub(super) fn should_be_gone(&mut self, namespace: &str) {
        let error = format!("unexpected items still remain in namespace: {namespace} for gvr: /v1, Resource=pods");
        self.error = Some(error);
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.remaining.is_empty() && self.error.is_none()
    }

    /// Why the content is not gone, or that all is well.
    fn conditions(&self) -> [Condition; 5] {
        let mut remaining = self.remaining.clone();
        remaining.sort_unstable();
        let finalizers =
            self.finalizers.iter().map(|(finalizer, held)| format!("{finalizer} in {held} resource instances"));
        let finalizers: Vec<String> = finalizers.collect();
        [
            Condition::well(
                "NamespaceDeletionDiscoveryFailure",
                "ResourcesDiscovered",
                "All resources successfully discovered",
            ),
            Condition::well(
                "NamespaceDeletionGroupVersionParsingFailure",
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            Condition::well(
                "NamespaceDeletionContentFailure",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            )
            .unless(self.error.as_ref(), "ContentDeletionFailed", |error| {
                format!("Failed to delete all resource types, 1 remaining: {error}")
            }),
            Condition::well("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed").unless(
                (!remaining.is_empty()).then_some(&remaining),
                "SomeResourcesRemain",
                |remaining| format!("Some resources are remaining: {}", remaining.join(", ")),
            ),
            Condition::well(
                "NamespaceFinalizersRemaining",
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished",
            )
            .unless(
                (!finalizers.is_empty()).then_some(&finalizers),
                "SomeFinalizersRemain",
                |finalizers| {
                    format!("Some content in the namespace has finalizers remaining: {}", finalizers.join(", "))
                },
            ),
        ]
    }
}

struct Condition {
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: String,
}

impl Condition {
    fn well(kind: &'static str, reason: &'static str, message: &str) -> Self {
        Self { kind, status: "False", reason, message: message.to_owned() }
    }

    /// The bad news, if there is any.
    fn unless<T>(self, news: Option<&T>, reason: &'static str, message: impl FnOnce(&T) -> String) -> Self {
        match news {
            Some(news) => Self { status: "True", reason, message: message(news), ..self },
            None => self,
        }
    }
}

/// All conditions of a namespace, if they are to say anything else than before.
pub(super) fn told(namespace: &Value, found: &Found, now: Timestamp) -> Option<Vec<Value>> {
    let mut told = namespace.clone();
    for Condition { kind, status, reason, message } in found.conditions() {
        let condition = json!({ "type": kind, "status": status, "reason": reason, "message": message });
        told["status"]["conditions"] = with_condition(&told, condition, now).into();
    }
    let conditions = told.items("/status/conditions");
    (conditions != namespace.items("/status/conditions")).then(|| conditions.to_vec())
}
