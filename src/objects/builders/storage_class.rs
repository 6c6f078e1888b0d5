//! StorageClasses: how volumes are made for claims that name the class.

use serde_json::{Value, json};

use super::metadata::{Metadata, Pairs, manifest, map};
use super::persistent_volume::ReclaimPolicy;

/// A class. Its reclaim policy cannot be changed later (PV-16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageClass {
    pub name: String,
    pub provisioner: String,
    pub parameters: Pairs,
    pub reclaim: ReclaimPolicy,
    /// Bind when the first pod is scheduled, so that the volume is made where
    /// the pod can run (S4-e5).
    pub binds_on_first_use: bool,
    pub expandable: bool,
    pub default: bool,
}

/// The manifest of a class.
#[must_use]
pub fn storage_class(of: &StorageClass) -> Value {
    let mut metadata = Metadata::new(&of.name, None, Pairs::new());
    if of.default {
        metadata.annotations.push(("storageclass.kubernetes.io/is-default-class".to_owned(), "true".to_owned()));
    }
    let binding = if of.binds_on_first_use { "WaitForFirstConsumer" } else { "Immediate" };
    manifest(
        "storage.k8s.io/v1",
        "StorageClass",
        &metadata,
        &[
            ("provisioner", json!(of.provisioner)),
            ("parameters", if of.parameters.is_empty() { Value::Null } else { map(&of.parameters) }),
            ("reclaimPolicy", json!(of.reclaim.name())),
            ("volumeBindingMode", json!(binding)),
            ("allowVolumeExpansion", json!(of.expandable)),
        ],
    )
}
