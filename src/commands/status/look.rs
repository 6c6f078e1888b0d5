//! What is read for `status` and `doctor`: the sets that were asked for and all
//! that is around them, the events only where something is not settled.

use jiff::Timestamp;

use super::sets::{Sets, failure, find_sets, no_namespace};
use crate::cluster::Connection;
use crate::commands::context::Way;
use crate::error::Failure;
use crate::facts::focus::Reach;
use crate::facts::inventory::{Inventory, Unreadable};
use crate::facts::overview::{SetOverview, overviews};
use crate::facts::reader::Reader;
use crate::facts::set::Set;

/// Which sets.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands) struct Wanted<'a> {
    pub set: Option<&'a str>,
    pub all_namespaces: bool,
    pub selector: Option<&'a str>,
    /// How much matters around a set that is asked for alone; `None`: all that
    /// there is in the namespace.
    pub alone: Option<Reach>,
    /// Pods and claims matter even where there is no set.
    pub without_sets: bool,
}

/// The sets that were asked for, and what was read around them.
pub(in crate::commands) struct Seen {
    pub inventory: Inventory,
    pub found: Vec<SetOverview>,
    pub unreadable: Vec<Unreadable>,
    pub now: Timestamp,
    /// About a namespace without any sets.
    pub hint: Option<String>,
}

/// Reads all of it; the events only where something is not settled.
pub(in crate::commands) async fn look(
    wanted: &Wanted<'_>,
    connection: &Connection,
    way: Way<'_>,
) -> Result<Seen, Failure> {
    let reader = Reader::new(connection.client.clone());
    let namespace = if wanted.all_namespaces { "" } else { connection.namespace.as_str() };
    let Sets { all: sets, hidden, chosen } = find_sets(wanted, &reader, namespace, connection, way).await?;
    let asked_for = |set: &Set| chosen.contains(&set.meta.uid);
    let now = connection.clock.now();
    let hint = if sets.is_empty() { no_namespace(&reader, namespace, way).await } else { None };
    if chosen.is_empty() && !wanted.without_sets {
        let inventory = Inventory { sets, ..Inventory::default() };
        return Ok(Seen { inventory, found: Vec::new(), unreadable: Vec::new(), now, hint });
    }
    let failed = |error: kube::Error| failure(&error, connection);
    let one = wanted.alone.and_then(|reach| Some((reach, sets.iter().find(|set| asked_for(set)).cloned()?)));
    let inventory = match one {
        Some((reach, set)) => Inventory::around_one(&set, sets, &reader, reach).await,
        None => Inventory::around(sets, &reader, namespace).await,
    };
    let mut inventory = Inventory { sets_hidden: hidden, ..inventory.map_err(failed)? };
    let mut found = overviews(&inventory, now, asked_for);
    if found.iter().any(SetOverview::needs_events) {
        inventory = inventory.with_events(&reader, namespace).await.map_err(failed)?;
        found = overviews(&inventory, now, asked_for);
    }
    let unreadable = inventory.unreadable();
    Ok(Seen { inventory, found, unreadable, now, hint })
}
