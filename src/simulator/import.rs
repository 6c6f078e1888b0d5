//! A cluster that begins as a copy of a live namespace. UIDs and
//! resourceVersions stay what they are, as do fields that are newer than our
//! schema; the clock begins at the server's time and revisions go on above the
//! highest. Names made up later derive from a revision that the original had
//! not reached, so they are not those of the copied objects.

mod attached;
mod captured;
pub(super) mod newer;
mod references;
mod stand_ins;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::world::World;
use crate::objects::release::Release;
use crate::objects::stuck::Around;
use crate::objects::withheld::withhold_secret;

/// What was read of a live namespace.
#[derive(Clone, Debug)]
pub struct Original {
    pub origin: Origin,
    /// Each with `apiVersion` and `kind`; other kinds than ours are left out.
    pub objects: Vec<Value>,
    /// Kinds that were not read. What others need of them is stood in for.
    pub unread: Vec<String>,
}

/// Where a copy comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The cluster, in words for people.
    pub cluster: String,
    pub namespace: String,
    /// The server's time when it was read.
    pub at: Timestamp,
    /// The server's version, if it told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Origin {
    /// Whether `rollingUpdate.maxUnavailable` of a set counts there.
    #[must_use]
    pub fn counts_max_unavailable(&self) -> bool {
        self.version.as_deref().and_then(Release::parse).is_some_and(Release::counts_max_unavailable)
    }
}

/// Kinds that no runbook applies: nobody asks who wrote which of their fields, and
/// that is half of what such an object holds.
const WRITTEN_BY_CONTROLLERS: &[&str] =
    &["Pod", "PersistentVolumeClaim", "PersistentVolume", "Node", "VolumeAttachment", "EndpointSlice", "Endpoints"];

/// The world as it was read, with what it cannot do without.
#[must_use]
pub fn world_of(original: Original, seed: u64) -> World {
    read(original, seed, |_| {})
}

/// The same to plan on, without the managers of fields where nobody asks for them.
/// Whose managers were taken away stays without, as on a real server.
#[must_use]
pub fn world_to_plan_on(original: Original, seed: u64) -> World {
    read(original, seed, |object| {
        if object["kind"].as_str().is_some_and(|kind| WRITTEN_BY_CONTROLLERS.contains(&kind)) {
            let meta = object.get_mut("metadata").and_then(Value::as_object_mut);
            meta.and_then(|meta| meta.shift_remove("managedFields"));
        }
    })
}

fn read(original: Original, seed: u64, lighten: impl Fn(&mut Value)) -> World {
    let Original { origin, mut objects, unread } = original;
    attached::fit(&mut objects, &unread);
    let around = Around::of(&objects);
    let mut world = World::new(seed, origin.at, Vec::new());
    let mut newer = BTreeSet::new();
    let mut highest = 0;
    for mut object in objects {
        let text = |name: &str| object[name].as_str().unwrap_or_default();
        let Some(kind) = world.store.kind_of(text("apiVersion"), text("kind")) else { continue };
        let meta = &object["metadata"];
        if meta["name"].as_str().is_none_or(str::is_empty) {
            continue;
        }
        let revision = meta["resourceVersion"].as_str().and_then(|text| text.parse().ok());
        highest = highest.max(revision.unwrap_or(0));
        withhold_secret(&mut object);
        captured::mark(&mut object, origin.at, &around);
        lighten(&mut object);
        if newer::is_in(kind, &object) {
            newer.insert(kind.kind);
        }
        world.store.restore(kind, object);
    }
    world.store.begin_at(highest);
    stand_ins::fill(&mut world, &origin.namespace, &unread);
    world.newer = Some(newer);
    world.origin = Some(origin);
    world
}

/// Sets an annotation that is not there, where there can be one.
fn annotate(object: &mut Value, key: &str, value: &str) {
    let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    if let Some(annotations) = meta.entry("annotations").or_insert_with(|| json!({})).as_object_mut() {
        annotations.entry(key).or_insert_with(|| value.into());
    }
}
