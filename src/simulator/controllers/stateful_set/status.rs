//! The counters of a set (SS-100 to SS-103) and the promotion of its update
//! revision (SS-54).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::members::Members;
use super::revisions::Revisions;
use super::set::{Set, Strategy};
use super::standing::Phase;
use crate::simulator::controllers::Step;
use crate::simulator::controllers::fields::Fields;

#[derive(Default)]
struct Counters {
    replicas: i64,
    ready: i64,
    available: i64,
    current: i64,
    updated: i64,
}

/// Writes the status as the pods stood at the start of the pass, if it
/// changed, and asks for a look when a pod will become available.
pub(super) fn pass(set: &Set, revisions: &Revisions, members: &Members, now: Timestamp) -> Step {
    let mut step = Step::default();
    let mut counters = count(revisions, members, now);
    let mut current = &revisions.current.name;
    let rolling = matches!(set.strategy, Strategy::RollingUpdate { .. });
    let all = set.replicas;
    if rolling && counters.updated == all && counters.ready == all && counters.replicas == all {
        counters.current = counters.updated;
        current = &revisions.update.name;
    }
    if stale(set.object, &counters, current, &revisions.update.name) {
        // The API leaves these three out when they are zero.
        let unless_zero = |count: i64| if count == 0 { Value::Null } else { json!(count) };
        step.patch_status(
            set.object,
            json!({
                "observedGeneration": set.object.number("/metadata/generation").unwrap_or(0),
                "replicas": counters.replicas,
                "readyReplicas": unless_zero(counters.ready),
                "currentReplicas": unless_zero(counters.current),
                "updatedReplicas": unless_zero(counters.updated),
                "currentRevision": current,
                "updateRevision": revisions.update.name,
                "collisionCount": revisions.collisions,
                "availableReplicas": counters.available,
                // It writes the whole status and has none of its own.
                "conditions": null,
            }),
        );
    }
    for time in members.all().filter_map(|pod| pod.available_from).filter(|time| *time > now) {
        step.wake_at(time);
    }
    step
}

fn count(revisions: &Revisions, members: &Members, now: Timestamp) -> Counters {
    let mut counters = Counters::default();
    for pod in members.all().filter(|pod| pod.phase != Phase::Unset) {
        counters.replicas += 1;
        if pod.is_ready {
            counters.ready += 1;
            counters.available += i64::from(pod.is_available(now));
        }
        if !pod.is_terminating {
            counters.current += i64::from(pod.revision == revisions.current.name);
            counters.updated += i64::from(pod.revision == revisions.update.name);
        }
    }
    counters
}

fn stale(object: &Value, counters: &Counters, current: &str, update: &str) -> bool {
    let stored = |pointer: &str| object.number(pointer).unwrap_or(0);
    object.number("/metadata/generation").unwrap_or(0) > stored("/status/observedGeneration")
        || counters.replicas != stored("/status/replicas")
        || counters.ready != stored("/status/readyReplicas")
        || counters.available != stored("/status/availableReplicas")
        || counters.current != stored("/status/currentReplicas")
        || counters.updated != stored("/status/updatedReplicas")
        || current != object.text("/status/currentRevision")
        || update != object.text("/status/updateRevision")
}
