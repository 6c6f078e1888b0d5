//! A namespace as a whole, read in one go, for a copy that can be played on:
//! its sets with all that they stand on, and what the copy will not know.
//! Values of Secrets are dropped as soon as they are read; those of ConfigMaps
//! too, unless a plan needs them.

mod admission;
mod gaps;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;
use serde_json::Value;

use super::reader::{Reader, is_forbidden, is_missing};
use crate::objects::kinds::{ApiKind, KINDS, ObjectRef};
use crate::objects::withheld::withhold;
pub use gaps::Gap;

/// Kinds in the order in which they are read: what has an owner or needs
/// something else comes first, so that the other is in the later list if it
/// ever was there.
const FIRST: &[&str] = &["EndpointSlice", "Pod"];
const THEN: &[&str] = &["PersistentVolumeClaim", "ControllerRevision", "VolumeAttachment"];
const LAST: &[&str] = &[
    "StatefulSet",
    "Service",
    "ConfigMap",
    "Secret",
    "ResourceQuota",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "PersistentVolume",
    "StorageClass",
    "Node",
];

/// Read by name, or of no use without what they define.
const PARTLY: &[&str] = &["Namespace", "CustomResourceDefinition"];

/// Without these there is nothing to copy.
const NEEDED: &[&str] = &["StatefulSet", "Pod", "PersistentVolumeClaim", "ControllerRevision"];

/// What was read.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The server's time, if it told it.
    pub at: Option<Timestamp>,
    /// The server's version, if it told it: `v1.36.3`.
    pub version: Option<String>,
    /// Complete, with UIDs and resourceVersions; without values of Secrets.
    pub objects: Vec<Value>,
    /// Kinds that the rights do not allow to read.
    pub unread: Vec<&'static ApiKind>,
    /// Volumes of other namespaces, which were not taken.
    pub foreign_volumes: usize,
    /// What makes the copy partial.
    pub gaps: Vec<Gap>,
}

/// Whether the values of ConfigMaps are taken along. Those of Secrets never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Configuration {
    Withheld,
    Taken,
}

impl Configuration {
    /// Taken where somebody looks at it.
    #[must_use]
    pub const fn taken_if(is_needed: bool) -> Self {
        if is_needed { Self::Taken } else { Self::Withheld }
    }
}

/// Why there is no snapshot.
#[derive(Debug)]
pub enum Unreadable {
    NoNamespace,
    /// Reading this failed.
    Failed(&'static str, kube::Error),
}

/// Reads a namespace.
///
/// # Errors
/// See `Unreadable`. Missing rights are one only for kinds without which there
/// is nothing to copy.
pub async fn read(reader: &Reader, namespace: &str) -> Result<Snapshot, Unreadable> {
    read_with(reader, namespace, Configuration::Withheld).await
}

/// The same, as it is needed: what a runbook reads and changes in a ConfigMap
/// has to be in the copy that its plan is played on.
///
/// # Errors
/// As `read`.
pub async fn read_with(reader: &Reader, namespace: &str, configuration: Configuration) -> Result<Snapshot, Unreadable> {
    let (at, version) = reader.server().await;
    let mut snapshot =
        Snapshot { at, version, objects: Vec::new(), unread: Vec::new(), foreign_volumes: 0, gaps: Vec::new() };
    read_namespaces(reader, namespace, &mut snapshot).await?;
    for names in [FIRST, THEN, LAST] {
        let kinds = names.iter().filter_map(|name| ApiKind::named(name));
        let lists =
            join_all(kinds.map(|kind| async move { (kind, list(reader, kind, namespace, configuration).await) })).await;
        for (kind, found) in lists {
            match found {
                Ok(objects) => snapshot.objects.extend(objects),
                Err(error) if is_missing(&error) => {}
                Err(error) if is_forbidden(&error) && !NEEDED.contains(&kind.kind) => snapshot.unread.push(kind),
                Err(error) => return Err(Unreadable::Failed(kind.plural, error)),
            }
        }
    }
    let others =
        admission::read(reader, namespace).await.map_err(|error| Unreadable::Failed("admission rules", error))?;
    snapshot.leave_out_what_is_not_ours(namespace);
    snapshot.gaps = gaps::find(&snapshot, &others, namespace);
    Ok(snapshot)
}

async fn list(
    reader: &Reader,
    kind: &ApiKind,
    namespace: &str,
    configuration: Configuration,
) -> Result<Vec<Value>, kube::Error> {
    let mut found = reader.list(kind, if kind.namespaced { namespace } else { "" }, None).await?;
    if kind.kind != "ConfigMap" || configuration == Configuration::Withheld {
        found.iter_mut().for_each(withhold);
    }
    Ok(found)
}

/// The namespace itself, the one that tells clusters apart, and the one that
/// events about volumes go to; only the first must be there.
async fn read_namespaces(reader: &Reader, namespace: &str, snapshot: &mut Snapshot) -> Result<(), Unreadable> {
    let Some(kind) = ApiKind::named("Namespace") else { return Ok(()) };
    let names: BTreeSet<&str> = [namespace, "default", "kube-system"].into();
    for name in names {
        let object = ObjectRef { kind, namespace: String::new(), name: name.to_owned() };
        match reader.get(&object).await {
            Ok(Some(found)) => snapshot.objects.push(Arc::unwrap_or_clone(found)),
            Ok(None) if name == namespace => return Err(Unreadable::NoNamespace),
            Ok(None) => {}
            Err(error) if is_forbidden(&error) => {}
            Err(error) => return Err(Unreadable::Failed("namespaces", error)),
        }
    }
    Ok(())
}

impl Snapshot {
    /// Volumes that belong to claims of other namespaces, attachments of those,
    /// and slices whose Service could not be read.
    fn leave_out_what_is_not_ours(&mut self, namespace: &str) {
        let is_foreign = |object: &Value| {
            let of = object["spec"]["claimRef"]["namespace"].as_str();
            object["kind"] == "PersistentVolume" && of.is_some_and(|of| of != namespace)
        };
        let before = self.objects.len();
        self.objects.retain(|object| !is_foreign(object));
        self.foreign_volumes = before.saturating_sub(self.objects.len());
        let volumes: BTreeSet<String> = self.names("PersistentVolume").map(str::to_owned).collect();
        let has_services = !self.lacks("Service");
        self.objects.retain(|object| match object["kind"].as_str() {
            Some("VolumeAttachment") => {
                object["spec"]["source"]["persistentVolumeName"].as_str().is_some_and(|name| volumes.contains(name))
            }
            Some("EndpointSlice") => has_services,
            _ => true,
        });
    }

    /// The objects of a kind.
    pub fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    fn names<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        self.of(kind).filter_map(|object| object["metadata"]["name"].as_str())
    }

    /// Kinds that the rights do not allow to read, and those that are never
    /// copied. (What a definition defines is not copied either.)
    pub fn not_read(&self) -> impl Iterator<Item = &'static ApiKind> {
        let is_copied = |kind: &str| [FIRST, THEN, LAST].concat().contains(&kind);
        let is_other = move |kind: &&ApiKind| !is_copied(kind.kind) && !PARTLY.contains(&kind.kind);
        self.unread.iter().copied().chain(KINDS.iter().filter(is_other))
    }

    fn lacks(&self, kind: &str) -> bool {
        self.unread.iter().any(|unread| unread.kind == kind)
    }
}
