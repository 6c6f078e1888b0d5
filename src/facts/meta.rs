//! What every object carries in `metadata`, and the small readers for untyped
//! JSON that all views share. Anything missing reads as empty, zero or `None`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

/// The identity of an object and the state of its life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// Empty for cluster-scoped kinds.
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub resource_version: String,
    pub generation: u64,
    pub created: Option<Timestamp>,
    /// Set once deletion was asked for. For pods the grace period is included,
    /// so it lies in the future while the pod may still shut down.
    pub deleting: Option<Timestamp>,
    /// Shared, since views are copied into overviews by the thousand.
    pub labels: Arc<BTreeMap<String, String>>,
    pub annotations: Arc<BTreeMap<String, String>>,
    pub finalizers: Vec<String>,
    pub owners: Vec<Owner>,
}

/// One entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub kind: String,
    pub name: String,
    pub uid: String,
    pub controller: bool,
}

impl Meta {
    /// Reads `metadata` of an object; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let meta = &object["metadata"];
        let name = text(&meta["name"]);
        if name.is_empty() {
            return None;
        }
        Some(Self {
            namespace: text(&meta["namespace"]),
            name,
            uid: text(&meta["uid"]),
            resource_version: text(&meta["resourceVersion"]),
            generation: count(&meta["generation"]),
            created: time(&meta["creationTimestamp"]),
            deleting: time(&meta["deletionTimestamp"]),
            labels: Arc::new(map(&meta["labels"])),
            annotations: Arc::new(map(&meta["annotations"])),
            finalizers: texts(&meta["finalizers"]),
            owners: items(&meta["ownerReferences"]).iter().map(Owner::read).collect(),
        })
    }

    /// The owner that manages the object, if any.
    #[must_use]
    pub fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.controller)
    }
}

impl Owner {
    fn read(owner: &Value) -> Self {
        Self {
            kind: text(&owner["kind"]),
            name: text(&owner["name"]),
            uid: text(&owner["uid"]),
            controller: owner["controller"] == true,
        }
    }
}

/// A string field; empty if it is missing or no string.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A string field that means something only if it is there.
pub(super) fn maybe_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A counter; missing and negative ones are 0.
pub(super) fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// The items of a list; none if it is missing or no list.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn texts(value: &Value) -> Vec<String> {
    items(value).iter().map(text).collect()
}

pub(super) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// A map of strings such as labels; entries that are no strings are left out.
pub(super) fn map(value: &Value) -> BTreeMap<String, String> {
    let Some(entries) = value.as_object() else { return BTreeMap::new() };
    entries.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The condition of this type, or JSON `null`.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    static NONE: Value = Value::Null;
    items(&object["status"]["conditions"]).iter().find(|condition| condition["type"] == kind).unwrap_or(&NONE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn missing_and_wrongly_typed_fields_read_as_empty() {
        let meta = Meta::read(&json!({"metadata": {
            "name": "web", "uid": 7, "generation": -1, "creationTimestamp": "yesterday",
            "labels": ["a"], "finalizers": {}, "ownerReferences": [3],
        }}))
        .unwrap();
        assert_eq!((meta.uid.as_str(), meta.generation, meta.created), ("", 0, None));
        assert!(meta.labels.is_empty() && meta.finalizers.is_empty());
        assert_eq!(meta.controller(), None);
        assert_eq!(Meta::read(&json!({"metadata": {}})), None);
    }

    #[test]
    fn only_the_controlling_owner_counts_as_controller() {
        let meta = Meta::read(&json!({"metadata": {"name": "web-0", "ownerReferences": [
            {"kind": "Backup", "name": "b", "uid": "1"},
            {"kind": "StatefulSet", "name": "web", "uid": "2", "controller": true},
        ]}}))
        .unwrap();
        assert_eq!(meta.controller().map(|owner| owner.name.as_str()), Some("web"));
    }
}
