//! What is there at a moment, as the oracles look at it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::simulator::store::Commit;

/// Objects by kind, namespace and name.
#[derive(Debug, Default)]
pub(super) struct There {
    objects: BTreeMap<(String, String, String), Arc<Value>>,
}

/// The text of a field, by its names with a slash before each.
pub(super) fn text<'a>(object: &'a Value, place: &str) -> &'a str {
    let found = place.split('/').skip(1).try_fold(object, |at, name| at.get(name));
    found.and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

pub(super) fn title(object: &Value) -> String {
    format!("{}/{}", text(object, "/kind"), text(object, "/metadata/name"))
}

pub(super) fn is_terminating(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

impl There {
    pub fn put(&mut self, object: Arc<Value>) {
        let key = ["/kind", "/metadata/namespace", "/metadata/name"].map(|place| text(&object, place).to_owned());
        self.objects.insert(key.into(), object);
    }

    pub fn take(&mut self, commit: &Commit) {
        if let Some(after) = &commit.after {
            self.put(Arc::clone(after));
        } else {
            let key = (commit.kind.kind.to_owned(), commit.namespace.clone(), commit.name.clone());
            self.objects.remove(&key);
        }
    }

    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<&Value> {
        let key = (kind.to_owned(), namespace.to_owned(), name.to_owned());
        self.objects.get(&key).map(AsRef::as_ref)
    }

    /// The objects of a kind in a namespace.
    pub fn of<'a>(&'a self, kind: &str, namespace: &str) -> impl Iterator<Item = &'a Value> {
        let from = (kind.to_owned(), namespace.to_owned(), String::new());
        let (kind, namespace) = (from.0.clone(), from.1.clone());
        self.objects
            .range(from..)
            .take_while(move |(key, _)| key.0 == kind && key.1 == namespace)
            .map(|(_, object)| object.as_ref())
    }
}
