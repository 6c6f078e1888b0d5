//! The Secrets, ConfigMaps, claims, accounts and priorities that the pods of a workload refer to.

use super::beyond::{Seen, keys_in, keys_of};
use super::kind::Kind;
use super::manifests::{Document, Manifests};
use super::wanted::wanted;
use crate::facts::wish::Wish;
use crate::objects::placed::Placed;

/// One reference, by name and perhaps by key.
#[derive(Debug)]
pub struct Reference<'a> {
    /// One of those that have a `kind_name`.
    pub kind: Kind,
    pub name: &'a Placed,
    pub key: Option<&'a Placed>,
}

/// What a reference lacks.
#[derive(Debug)]
pub enum Lack<'a> {
    /// None of those that are `here` has the name, but perhaps one of another
    /// namespace; `looked`: nor one of the cluster.
    Object { here: Vec<&'a str>, elsewhere: Option<&'a str>, looked: bool },
    /// `title` is there and has these keys.
    Key { title: String, keys: Vec<&'a str> },
}

/// The references of all workloads that nothing answers, as far as is known.
#[must_use]
pub fn unmet(all: &Manifests) -> Vec<(&Document, Reference<'_>, Lack<'_>)> {
    let mut found = Vec::new();
    for document in all.workloads() {
        for reference in references(document) {
            if let Some(lack) = lack(all, document, &reference) {
                found.push((document, reference, lack));
            }
        }
    }
    found
}

fn lack<'a>(all: &'a Manifests, document: &Document, reference: &Reference<'_>) -> Option<Lack<'a>> {
    let (kind, namespace, name) = (reference.kind, reference.namespace(document), reference.name.text()?);
    let (title, keys) = match all.find(kind, namespace, name) {
        Some(source) => (source.title(), keys_in(source)),
        None => match all.seen(reference.kind_name(), namespace, name) {
            Seen::There(object) => (format!("{}/{name} of the cluster", reference.kind_name()), keys_of(object)),
            seen @ (Seen::Absent | Seen::Unknown) => {
                let of_kind = all.of_kind(kind).filter(|other| other.namespace() == namespace);
                let here: Vec<&str> = of_kind.map(Document::name).collect();
                let looked = seen == Seen::Absent;
                // A set of these may make it, and one that nobody has seen may make it elsewhere.
                let by_a_set =
                    || !looked || is_made(all, namespace, name) || all.may_hide("StatefulSet", "volumeClaimTemplates");
                if all.may_hide(reference.kind_name(), name) || kind == Kind::Claim && by_a_set() {
                    return None;
                }
                let mut namesakes = all.of_kind(kind).filter(|other| other.name() == name).map(Document::namespace);
                let own = all.resolved(namespace);
                let elsewhere = namesakes.find(|other| all.resolved(other) != own);
                // Without any of the kind here they may well be on the cluster.
                let told = looked || !here.is_empty() || elsewhere.is_some();
                return told.then_some(Lack::Object { here, elsewhere, looked });
            }
        },
    };
    let asked = reference.key?.text()?;
    (!keys.contains(&asked)).then_some(Lack::Key { title, keys })
}

/// Whether a set of the input makes the claim.
fn is_made(all: &Manifests, namespace: &str, name: &str) -> bool {
    let is_it = |wish: &Wish| wish.namespace == all.resolved(namespace) && wish.name == name;
    wanted(all).iter().any(|claim| claim.wishes(all).iter().any(is_it))
}

impl Reference<'_> {
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Secret => "Secret",
            Kind::Claim => "PersistentVolumeClaim",
            Kind::Account => "ServiceAccount",
            Kind::Priority => "PriorityClass",
            _ => "ConfigMap",
        }
    }

    /// Where it is looked for; priorities live in no namespace.
    #[must_use]
    pub fn namespace<'a>(&self, document: &'a Document) -> &'a str {
        if self.kind.namespaced() { document.namespace() } else { "" }
    }
}

/// All that must be there; optional ones are left out.
#[must_use]
pub fn references(document: &Document) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    for container in document.containers() {
        for variable in container.get("env").map(Placed::items).unwrap_or_default() {
            for (path, kind) in
                [("valueFrom.secretKeyRef", Kind::Secret), ("valueFrom.configMapKeyRef", Kind::ConfigMap)]
            {
                if let Some(from) = variable.at(path) {
                    add(&mut found, kind, from, "name", from.get("key"));
                }
            }
        }
        for source in container.get("envFrom").map(Placed::items).unwrap_or_default() {
            for (key, kind) in [("secretRef", Kind::Secret), ("configMapRef", Kind::ConfigMap)] {
                if let Some(from) = source.get(key) {
                    add(&mut found, kind, from, "name", None);
                }
            }
        }
    }
    of_pod(&mut found, document);
    let volumes = document.pod_spec().and_then(|spec| spec.get("volumes")).map(Placed::items).unwrap_or_default();
    for volume in volumes {
        if let Some(claim) = volume.get("persistentVolumeClaim") {
            add(&mut found, Kind::Claim, claim, "claimName", None);
        }
        of_volume(&mut found, volume, "secretName");
        for source in volume.at("projected.sources").map(Placed::items).unwrap_or_default() {
            of_volume(&mut found, source, "name");
        }
    }
    found
}

/// The account of each namespace, and the classes of each cluster.
const EVERYWHERE: [&str; 3] = ["default", "system-node-critical", "system-cluster-critical"];

/// What the server or its admission refuses pods without.
fn of_pod<'a>(found: &mut Vec<Reference<'a>>, document: &'a Document) {
    let Some(spec) = document.pod_spec() else { return };
    let is_written = |name: &&Placed| name.text().is_some_and(|name| !name.is_empty() && !EVERYWHERE.contains(&name));
    for (field, kind) in [("serviceAccountName", Kind::Account), ("priorityClassName", Kind::Priority)] {
        let name = spec.get(field).filter(is_written);
        found.extend(name.map(|name| Reference { kind, name, key: None }));
    }
}

fn of_volume<'a>(found: &mut Vec<Reference<'a>>, volume: &'a Placed, name_of_secret: &str) {
    for (key, kind, name) in [("secret", Kind::Secret, name_of_secret), ("configMap", Kind::ConfigMap, "name")] {
        let Some(from) = volume.get(key) else { continue };
        let items = from.get("items").map(Placed::items).unwrap_or_default();
        if items.is_empty() {
            add(found, kind, from, name, None);
        }
        for item in items {
            add(found, kind, from, name, item.get("key"));
        }
    }
}

fn add<'a>(found: &mut Vec<Reference<'a>>, kind: Kind, from: &'a Placed, name: &str, key: Option<&'a Placed>) {
    let optional = from.get("optional").is_some_and(|value| value.shape == crate::objects::placed::Shape::Bool(true));
    if let Some(name) = from.get(name).filter(|_| !optional) {
        found.push(Reference { kind, name, key });
    }
}
