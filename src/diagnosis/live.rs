//! All rules about live sets, over what was read.

use jiff::Timestamp;

use super::finding::Finding;
use super::rule::Check;
use super::rules::ALL;
use super::sight::Sight;
use crate::facts::class::Class;
use crate::facts::inventory::{Inventory, Scene};
use crate::facts::overview::SetOverview;

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
            Check::Deep(_) | Check::Text(_) | Check::Files(_) | Check::LastResort(_) => {}
        }
    }
    for member in sight.members() {
        if found.iter().any(|finding| finding.member.as_ref() == Some(&member.row.name)) {
            continue;
        }
        for check in ALL.iter().flat_map(|rule| rule.checks) {
            match check {
                Check::LastResort(check) => found.extend(check(&member, sight)),
                Check::Live(_) | Check::Deep(_) | Check::Text(_) | Check::Files(_) => {}
            }
        }
    }
    found
}

/// The findings of several sets, in their order.
#[must_use]
pub fn examine(
    overviews: &[SetOverview],
    inventory: &Inventory,
    classes: Option<&[Class]>,
    now: Timestamp,
) -> Vec<Finding> {
    let of = |overview: &SetOverview| {
        let scene = Scene::of(inventory, &overview.set.meta.namespace, now);
        findings(&Sight { overview, scene: &scene, classes }, Depth::Doctor)
    };
    overviews.iter().flat_map(of).collect()
}

/// Writes what is wrong into the overviews, a sentence each, for `status`.
pub fn fill(overviews: &mut [SetOverview], inventory: &Inventory, now: Timestamp) {
    for overview in overviews {
        let scene = Scene::of(inventory, &overview.set.meta.namespace, now);
        let found = findings(&Sight { overview, scene: &scene, classes: None }, Depth::Status);
        for finding in found {
            let rows = overview.pods.iter_mut().flatten();
            match finding.member.and_then(|name| rows.into_iter().find(|row| row.name == name)) {
                Some(row) => row.problems.push(finding.message),
                None => overview.problems.push(finding.message),
            }
        }
    }
}
