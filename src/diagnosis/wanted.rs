//! The claims that an input asks for: those that it makes, and those that its
//! sets will make of their templates.

use super::kind::Kind;
use super::manifests::{Document, Manifests};
use crate::objects::placed::Placed;
use crate::objects::quantity::Quantity;

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

/// Whether the volume could be bound to the claim: class, size, modes.
#[must_use]
pub fn fits(volume: &Document, claim: &Wanted<'_>) -> bool {
    let modes = |at: Option<&Placed>| -> Vec<String> {
        at.map(Placed::items).unwrap_or_default().iter().filter_map(|mode| mode.text().map(str::to_owned)).collect()
    };
    let offered = modes(volume.at("spec.accessModes"));
    let large_enough = capacity(volume).zip(claim.size().and_then(quantity)).is_none_or(|(has, wants)| has >= wants);
    large_enough
        && volume.text("spec.storageClassName") == claim.class().unwrap_or_default()
        && modes(claim.spec("accessModes")).iter().all(|mode| offered.contains(mode))
}
