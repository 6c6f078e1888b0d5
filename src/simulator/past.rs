//! The cluster as it was some revisions ago, for actors that lag behind: their
//! caches hear of a change only after it has happened.

use std::sync::Arc;

use serde_json::Value;

use super::controllers::View;
use super::store::Store;
use crate::objects::kinds::ApiKind;

/// A store at an earlier revision. What is no longer known of it is as it is now.
pub struct Past<'a> {
    store: &'a Store,
    revision: u64,
}

impl<'a> Past<'a> {
    #[must_use]
    pub fn new(store: &'a Store, revision: u64) -> Self {
        Self { store, revision }
    }
}

impl View for Past<'_> {
    fn list(&self, kind: &str) -> Vec<Arc<Value>> {
        self.list_in(kind, "")
    }

    fn list_in(&self, kind: &str, namespace: &str) -> Vec<Arc<Value>> {
        let Some(known) = self.store.kind_named(kind) else { return Vec::new() };
        let then = self.store.objects_at(known, namespace, self.revision);
        then.unwrap_or_else(|_| self.store.list_in(kind, namespace))
    }

    fn custom_kinds(&self) -> Vec<&'static ApiKind> {
        self.store.custom_kinds()
    }

    fn is_gone(&self, kind: &str) -> bool {
        self.store.is_gone(kind)
    }

    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.store.object_at(self.store.kind_named(kind)?, namespace, name, self.revision)
    }
}
