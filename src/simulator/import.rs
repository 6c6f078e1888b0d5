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

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::world::World;
use crate::objects::withheld::withhold;

/// What was read of a live namespace.
#[derive(Clone, Debug)]
pub struct Original {
    pub origin: Origin,
    /// Each with `apiVersion` and `kind`; other kinds than ours are left out.
    pub objects: Vec<Value>,
    /// Kinds that could not be read. What others need of them is stood in for.
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
}

/// The world as it was read, with what it cannot do without.
#[must_use]
pub fn world_of(original: Original, seed: u64) -> World {
    let Original { origin, mut objects, unread } = original;
    attached::fit(&mut objects, &unread);
    let mut world = World::new(seed, origin.at, Vec::new());
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
        withhold(&mut object);
        captured::mark(&mut object, origin.at);
        world.store.restore(kind, object);
    }
    world.store.begin_at(highest);
    stand_ins::fill(&mut world, &origin.namespace, &unread);
    world.origin = Some(origin);
    world
}
