//! The definitions of a store, taken apart, and what they say of a kind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::definition::{Definition, Version};
use crate::objects::kinds::{ApiKind, KINDS};
use crate::simulator::schema::{Shape, table};
use crate::simulator::store::Store;

/// All definitions.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    /// By name, which is plural and group.
    known: BTreeMap<String, Arc<Definition>>,
    /// Kinds whose definition is gone.
    gone: BTreeSet<&'static str>,
}

impl Definitions {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Definition>> {
        self.known.get(name)
    }

    /// By name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Definition>> {
        self.known.values()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Those of a group.
    pub fn of_group<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Arc<Definition>> {
        self.iter().filter(move |known| known.group == group)
    }

    /// Each kind in the version that its objects are kept in.
    pub fn stored_kinds(&self) -> impl Iterator<Item = &'static ApiKind> {
        self.iter().filter_map(|known| known.stored()).map(|version| version.kind)
    }

    /// Whether there was such a kind, and its definition is gone.
    #[must_use]
    pub fn is_gone(&self, kind: &str) -> bool {
        self.gone.contains(kind)
    }

    /// Takes in a definition as it is now, or that it is gone.
    pub fn define(&mut self, name: &str, after: Option<&Value>) {
        let before = match after.map(Definition::of) {
            Some(definition) => {
                if let Some(version) = definition.stored() {
                    self.gone.remove(version.kind.kind);
                }
                self.known.insert(name.to_owned(), Arc::new(definition));
                return;
            }
            None => self.known.remove(name),
        };
        if let Some(version) = before.as_ref().and_then(|definition| definition.stored()) {
            self.gone.insert(version.kind.kind);
        }
    }
}

impl Store {
    /// What a custom resource definition says, by its name.
    #[must_use]
    pub fn definition(&self, name: &str) -> Option<&Arc<Definition>> {
        self.definitions().get(name)
    }

    /// What is known of a custom kind; of others nothing.
    #[must_use]
    pub fn version_of(&self, kind: &ApiKind) -> Option<(&Definition, &Version)> {
        if !kind.is_custom() {
            return None;
        }
        let found = self.definitions().iter().find(|known| known.group == kind.group && known.plural == kind.plural)?;
        found.version(kind).map(|version| (&**found, version))
    }

    /// The shape of objects of a kind.
    #[must_use]
    pub fn shape(&self, kind: &ApiKind) -> Arc<Shape> {
        self.version_of(kind)
            .map_or_else(|| Arc::new(table().kind(kind.kind)), |(_, version)| Arc::clone(&version.shape))
    }

    /// The kind of lists of objects of a kind.
    #[must_use]
    pub fn list_kind(&self, kind: &ApiKind) -> String {
        self.version_of(kind).map_or_else(|| format!("{}List", kind.name()), |(_, version)| version.list_name.clone())
    }

    /// The kind with this name, a custom one in the version that is kept.
    #[must_use]
    pub fn kind_named(&self, key: &str) -> Option<&'static ApiKind> {
        ApiKind::named(key).or_else(|| self.definitions().stored_kinds().find(|kind| kind.kind == key))
    }

    /// The kind of objects that say this of themselves.
    #[must_use]
    pub fn kind_of(&self, api_version: &str, kind: &str) -> Option<&'static ApiKind> {
        let known = KINDS.iter().find(|known| known.kind == kind && known.api_version() == api_version);
        let custom = || {
            let mut versions = self.definitions().iter().flat_map(|known| &known.versions).map(|version| version.kind);
            versions.find(|known| known.name() == kind && known.api_version() == api_version)
        };
        known.or_else(custom)
    }
}
