//! The claims that an input asks for: those that it makes, and those that its
//! sets will make of their templates.

use super::kind::Kind;
use super::manifests::{Document, Manifests};
use crate::facts::obstacle::obstacle;
use crate::facts::ordinals::{Ordinal, claim_name};
use crate::facts::volume::Volume;
use crate::facts::wish::Wish;
use crate::objects::placed::Placed;
use crate::objects::quantity::Quantity;

/// Members of a set that are looked at.
const MOST_MEMBERS: u64 = 1000;

/// A claim, or a template for several.
#[derive(Debug)]
pub struct Wanted<'a> {
    pub document: &'a Document,
    /// Of the claim or template, as written.
    pub name: &'a str,
    /// The claim or template itself.
    pub at: &'a Placed,
    /// How many claims there will be.
    pub count: u64,
}

impl Wanted<'_> {
    /// A value below its `spec`.
    #[must_use]
    pub fn spec(&self, path: &str) -> Option<&Placed> {
        self.at.get("spec")?.at(path)
    }

    /// As written; `None`: the default class.
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        self.spec("storageClassName").and_then(Placed::text)
    }

    /// The size as written.
    #[must_use]
    pub fn size(&self) -> Option<&Placed> {
        self.spec("resources.requests.storage")
    }

    /// Each claim that there will be, and what it asks for.
    #[must_use]
    pub fn wishes(&self, all: &Manifests) -> Vec<Wish> {
        let spec = self.at.get("spec").map(Placed::to_value).unwrap_or_default();
        let namespace = all.resolved(self.document.namespace());
        self.names().iter().map(|name| Wish::read(&spec, namespace, name)).collect()
    }

    /// Claims that are not looked at one by one.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.count.saturating_sub(MOST_MEMBERS)
    }

    /// The names of the claims on the cluster.
    fn names(&self) -> Vec<String> {
        if self.document.kind != Kind::StatefulSet {
            return vec![self.name.to_owned()];
        }
        let start = self.document.at("spec.ordinals.start").and_then(Placed::number);
        let start = start.and_then(|start| u64::try_from(start).ok()).unwrap_or(0);
        let ordinals = start..start.saturating_add(self.count.min(MOST_MEMBERS));
        ordinals.map(|ordinal| claim_name(self.name, self.document.name(), Ordinal(ordinal))).collect()
    }

    /// `claim template `data`` or `claim `data``.
    #[must_use]
    pub fn words(&self) -> String {
        let what = if self.document.kind == Kind::StatefulSet { "claim template" } else { "claim" };
        format!("{what} `{}`", self.name)
    }
}

/// All of them, in the order of the input.
#[must_use]
pub fn wanted(all: &Manifests) -> Vec<Wanted<'_>> {
    let mut found = Vec::new();
    for document in &all.documents {
        if document.kind == Kind::Claim {
            found.push(Wanted { document, name: document.name(), at: &document.root, count: 1 });
        }
        if document.kind == Kind::StatefulSet {
            let count = u64::try_from(document.replicas()).unwrap_or(0);
            for at in document.items("spec.volumeClaimTemplates") {
                let name = at.at("metadata.name").and_then(Placed::text).unwrap_or_default();
                found.push(Wanted { document, name, at, count });
            }
        }
    }
    found
}

/// The size of a volume of the input.
#[must_use]
pub fn capacity(volume: &Document) -> Option<Quantity> {
    quantity(volume.at("spec.capacity.storage")?)
}

/// A quantity written as text or as a number.
#[must_use]
pub fn quantity(value: &Placed) -> Option<Quantity> {
    match (value.text(), value.number()) {
        (Some(text), _) => Quantity::parse(text).ok(),
        (None, Some(number)) => Some(Quantity::whole(number)),
        (None, None) => None,
    }
}

/// Whether the volume could be bound to the claim, as far as the manifests tell.
#[must_use]
pub fn fits(volume: &Volume, wish: &Wish) -> bool {
    let named = wish.volume.as_ref().is_none_or(|name| *name == volume.meta.name);
    let class = wish.class.as_deref().unwrap_or_default();
    match &volume.claim {
        // The namespace that nobody wrote may be the one that the volume is reserved in.
        Some(claim) if wish.namespace.is_empty() => {
            let wish = Wish { namespace: claim.namespace.clone(), ..wish.clone() };
            named && obstacle(&wish, class, volume).is_none()
        }
        Some(_) | None => named && obstacle(wish, class, volume).is_none(),
    }
}
