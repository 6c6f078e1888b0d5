//! The objects themselves, in the order in which they are listed: by kind, then
//! by namespace and name.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use crate::objects::kinds::ApiKind;

/// Where the objects of a kind stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shelf {
    /// Custom kinds have all one rank.
    rank: usize,
    pub kind: &'static str,
}

/// The place of an object of its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Ends in a slash, which is part of the order as in etcd: `a-b/` stands
    /// before `a/`. Empty for objects of no namespace.
    pub namespace: String,
    pub name: String,
}

/// Which object: kind, namespace, name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub shelf: Shelf,
    pub place: Place,
}

impl Key {
    pub fn new(kind: &ApiKind, namespace: &str, name: &str) -> Self {
        let place = if kind.namespaced { Place::within(namespace, name) } else { Place::of_its_own(name) };
        Self { shelf: Shelf::of(kind), place }
    }
}

impl Shelf {
    pub fn of(kind: &ApiKind) -> Self {
        Self { rank: kind.rank(), kind: kind.kind }
    }
}

impl Place {
    /// In a namespace.
    pub fn within(namespace: &str, name: &str) -> Self {
        Self { namespace: format!("{namespace}/"), name: name.to_owned() }
    }

    /// The namespace as it is called.
    fn bare_namespace(&self) -> &str {
        self.namespace.strip_suffix('/').unwrap_or_default()
    }

    /// In none.
    fn of_its_own(name: &str) -> Self {
        Self { namespace: String::new(), name: name.to_owned() }
    }
}

/// All objects.
#[derive(Clone, Debug, Default)]
pub struct Shelves {
    held: BTreeMap<Shelf, BTreeMap<Place, Arc<Value>>>,
    /// The same by kind, namespace and name: one is asked for far more often than all.
    named: HashMap<&'static str, HashMap<String, HashMap<String, Arc<Value>>>>,
}

impl Shelves {
    pub fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.at(&key.shelf, &key.place)
    }

    pub fn at(&self, kind: &Shelf, place: &Place) -> Option<&Arc<Value>> {
        self.named.get(kind.kind)?.get(place.bare_namespace())?.get(&place.name)
    }

    /// The object of this name; of a kind without namespaces, in whatever one.
    pub fn named(&self, kind: &ApiKind, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.named.get(kind.kind)?.get(if kind.namespaced { namespace } else { "" })?.get(name)
    }

    pub fn insert(&mut self, Key { shelf, place }: Key, object: Arc<Value>) {
        let namespaces = self.named.entry(shelf.kind).or_default();
        let names = namespaces.entry(place.bare_namespace().to_owned()).or_default();
        names.insert(place.name.clone(), Arc::clone(&object));
        self.held.entry(shelf).or_default().insert(place, object);
    }

    pub fn remove(&mut self, Key { shelf, place }: &Key) {
        if let Some(objects) = self.held.get_mut(shelf) {
            objects.remove(place);
        }
        let names = self.named.get_mut(shelf.kind).and_then(|held| held.get_mut(place.bare_namespace()));
        if let Some(names) = names {
            names.remove(&place.name);
        }
    }

    /// The objects on one shelf from this place on.
    pub fn from(&self, Key { shelf, place }: Key) -> impl Iterator<Item = (&Place, &Arc<Value>)> {
        self.held.get(&shelf).into_iter().flat_map(move |objects| objects.range(place.clone()..))
    }

    pub fn values(&self) -> impl Iterator<Item = &Arc<Value>> {
        self.held.values().flat_map(BTreeMap::values)
    }
}
