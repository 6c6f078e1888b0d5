//! A StorageClass as it was read, and which of several is the default.

use serde_json::Value;

use super::meta::{Meta, text};
use super::words::{BindingMode, ReclaimPolicy};

/// The two annotations that make a class the default; the first is current.
const DEFAULT_ANNOTATIONS: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

/// The provisioner of classes whose volumes are made by hand (PV-15).
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// The view of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    pub meta: Meta,
    pub provisioner: String,
    /// Of volumes made from now on; existing ones keep their own (PV-16).
    pub reclaim_policy: ReclaimPolicy,
    pub binding_mode: BindingMode,
    pub expandable: bool,
    /// Marked as default; several may be (PV-12).
    pub marked_default: bool,
}

impl Class {
    /// Reads a class; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let meta = Meta::read(object)?;
        Some(Self {
            provisioner: text(&object["provisioner"]),
            reclaim_policy: ReclaimPolicy::read(object["reclaimPolicy"].as_str().unwrap_or("Delete")),
            binding_mode: BindingMode::read(object["volumeBindingMode"].as_str().unwrap_or("Immediate")),
            expandable: object["allowVolumeExpansion"] == true,
            marked_default: DEFAULT_ANNOTATIONS
                .iter()
                .any(|annotation| meta.annotations.get(*annotation).is_some_and(|value| value == "true")),
            meta,
        })
    }

    /// Whether it makes volumes by itself.
    #[must_use]
    pub fn provisions(&self) -> bool {
        self.provisioner != NO_PROVISIONER
    }
}

/// The class that a claim without one gets: of those marked, the newest, then
/// the first by name (PV-12).
#[must_use]
pub fn default_class(classes: &[Class]) -> Option<&Class> {
    classes
        .iter()
        .filter(|class| class.marked_default)
        .min_by_key(|class| (std::cmp::Reverse(class.meta.created), &class.meta.name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn class(name: &str, created: &str, default: &str) -> Class {
        let annotations = json!({DEFAULT_ANNOTATIONS[0]: default});
        let metadata = json!({"name": name, "creationTimestamp": created, "annotations": annotations});
        Class::read(&json!({"metadata": metadata, "provisioner": "p"})).unwrap()
    }

    #[test]
    fn of_several_default_classes_the_newest_and_then_the_first_by_name_wins() {
        let (old, new) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let classes =
            [class("a", old, "true"), class("c", new, "true"), class("b", new, "true"), class("z", new, "false")];
        assert_eq!(default_class(&classes).map(|class| class.meta.name.as_str()), Some("b"));
        assert_eq!(default_class(&classes[3..]), None);
    }

    #[test]
    fn missing_settings_are_the_defaults_of_the_api() {
        let class = class("a", "", "");
        assert_eq!(class.reclaim_policy, ReclaimPolicy::Delete);
        assert_eq!(class.binding_mode, BindingMode::Immediate);
        assert!(!class.expandable && class.provisions());
    }
}
