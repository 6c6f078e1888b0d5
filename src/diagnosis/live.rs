//! All rules about live sets, over what was read.

use jiff::Timestamp;

use super::finding::Finding;
use super::rule::Check;
use super::rules::ALL;
use super::sight::Sight;
use crate::facts::blocking::Blocking;
use crate::facts::inventory::{Inventory, Scene};
use crate::facts::overview::SetOverview;
use crate::facts::pod::Pod;
use crate::facts::surroundings::Surroundings;

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The first questions of the night.
    Status,
    /// Everything.
    Doctor,
}

/// What is wrong with one set, causes before what they bring about.
#[must_use]
pub fn findings(sight: &Sight<'_>, depth: Depth) -> Vec<Finding> {
    let mut found = Vec::new();
    for check in ALL.iter().flat_map(|rule| rule.checks) {
        match check {
            Check::Live(check) => found.extend(check(sight)),
            Check::Deep(check) if depth == Depth::Doctor => found.extend(check(sight)),
            Check::Deep(_) | Check::Text(_) | Check::Files(_) | Check::Namespace(_) | Check::LastResort(_) => {}
        }
    }
    for member in sight.members() {
        if found.iter().any(|finding| finding.member.as_ref() == Some(&member.row.name)) {
            continue;
        }
        for check in ALL.iter().flat_map(|rule| rule.checks) {
            match check {
                Check::LastResort(check) => found.extend(check(member, sight)),
                Check::Live(_) | Check::Deep(_) | Check::Text(_) | Check::Files(_) | Check::Namespace(_) => {}
            }
        }
    }
    found
}

/// How much of the namespaces was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Some sets alone.
    Sets,
    /// All sets, and what none of them has.
    Namespaces,
}

/// The findings of several sets, in their order, and then those of their namespaces.
#[must_use]
pub fn examine(
    overviews: &[SetOverview],
    inventory: &Inventory,
    around: &Surroundings,
    extent: Extent,
    now: Timestamp,
) -> Vec<Finding> {
    let mut found = Vec::new();
    // Sets of one namespace stand together, and share what was read of it.
    for together in overviews.chunk_by(|one, other| one.set.meta.namespace == other.set.meta.namespace) {
        let Some(first) = together.first() else { continue };
        let scene = Scene::of(inventory, &first.set.meta.namespace, now);
        let of = |overview| findings(&Sight::of(overview, &scene, around), Depth::Doctor);
        found.extend(together.iter().flat_map(of));
    }
    if extent == Extent::Namespaces {
        for namespace in inventory.namespaces() {
            let scene = Scene::of(inventory, namespace, now);
            for check in ALL.iter().flat_map(|rule| rule.checks) {
                match check {
                    Check::Namespace(check) => found.extend(check(&scene)),
                    Check::Live(_) | Check::Deep(_) | Check::Text(_) | Check::Files(_) | Check::LastResort(_) => {}
                }
            }
        }
    }
    found
}

/// The first finding about a member that is not ready, and what is known of the
/// member: what to look at first in a set.
#[must_use]
pub fn blocking(
    overview: &SetOverview,
    inventory: &Inventory,
    around: &Surroundings,
    now: Timestamp,
) -> Option<(Finding, Blocking)> {
    let scene = Scene::of(inventory, &overview.set.meta.namespace, now);
    let sight = Sight::of(overview, &scene, around);
    let found = findings(&sight, Depth::Status);
    found.into_iter().find_map(|finding| {
        let name = finding.member.as_deref()?;
        let member = sight.members().iter().find(|member| member.row.name == name)?;
        if member.pod.is_some_and(Pod::is_ready) {
            return None;
        }
        let blocking = Blocking::of(member.row, member.pod, finding.message.clone(), around);
        Some((finding, blocking))
    })
}

/// Writes what is wrong into the overviews, a sentence each, for `status`.
pub fn fill(overviews: &mut [SetOverview], inventory: &Inventory, around: &Surroundings, now: Timestamp) {
    for together in overviews.chunk_by_mut(|one, other| one.set.meta.namespace == other.set.meta.namespace) {
        let namespace = together.first().map(|first| first.set.meta.namespace.clone()).unwrap_or_default();
        let scene = Scene::of(inventory, &namespace, now);
        for overview in together {
            let found = findings(&Sight::of(overview, &scene, around), Depth::Status);
            for finding in found {
                write(overview, finding);
            }
        }
    }
}

fn write(overview: &mut SetOverview, finding: Finding) {
    let rows = overview.pods.iter_mut().flatten();
    match finding.member.and_then(|name| rows.into_iter().find(|row| row.name == name)) {
        Some(row) => row.problems.push(finding.message),
        None => overview.problems.push(finding.message),
    }
}
