//! How a pod goes: its containers are told, have their grace period, and then
//! the object is removed.

use jiff::Timestamp;
use serde_json::Value;

use super::container::Container;
use super::knobs::STOP_SECONDS;
use crate::simulator::controllers::fields::{Fields, later};
use crate::simulator::controllers::{EventType, Step, View};

/// How long containers and the commands of hooks take to stop unless told
/// otherwise, in seconds.
const STOP: i64 = 1;

/// Stops a pod that is being deleted: the containers need a moment, at most
/// the grace period; then the object goes, by UID and with grace 0.
pub(super) fn stop(view: &dyn View, pod: &Value, now: Timestamp, step: &mut Step) {
    let grace = pod.number("/metadata/deletionGracePeriodSeconds").unwrap_or(0).max(0);
    // With grace 0 the object is only held by finalizers of others.
    let Some(end) = pod.instant("/metadata/deletionTimestamp").filter(|_| grace > 0) else { return };
    // Where a namespace goes, nothing new is told.
    if !view.get("Namespace", "", pod.namespace()).is_some_and(|home| home.terminating()) {
        for container in Container::all(pod).iter().filter(|container| container.is_running()) {
            let message = format!("Stopping container {}", container.name());
            step.event_once(view, pod, EventType::Normal, "Killing", message);
        }
    }
    let told = match pod.annotation(STOP_SECONDS) {
        Some("never") => return,
        told => told.and_then(|text| text.parse::<i64>().ok()).map(|seconds| seconds.max(0)),
    };
    let needed = pod.items("/spec/containers").iter().map(|container| time_to_stop(container, told)).max();
    let due = later(end, -grace.saturating_sub(grace.min(needed.unwrap_or(STOP))));
    if now < due {
        step.wake_at(due);
    } else {
        step.delete(pod, Some(0));
    }
}

/// The seconds that a container needs: its `preStop` hook comes first. A hook
/// that runs a command or asks for a page takes what was told.
fn time_to_stop(container: &Value, told: Option<i64>) -> i64 {
    let hook = &container["lifecycle"]["preStop"];
    let told = told.unwrap_or(STOP);
    match hook["sleep"]["seconds"].as_i64() {
        Some(sleep) => sleep.max(0).saturating_add(told),
        None if hook["exec"].is_object() || hook["httpGet"].is_object() => told.saturating_add(STOP),
        None => told,
    }
}
