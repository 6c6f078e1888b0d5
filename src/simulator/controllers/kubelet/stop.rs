//! How a pod goes: its containers are told, have their grace period, and end;
//! the pod says how, and then the object is removed.

use jiff::Timestamp;
use serde_json::Value;

use super::container::{Container, Ending, Role, State};
use super::course::killed;
use super::knobs::STOP_SECONDS;
use super::status::Picture;
use crate::simulator::controllers::fields::{Fields, later};
use crate::simulator::controllers::{EventType, Step, View};

/// How long containers and the commands of hooks take to stop unless told
/// otherwise, in seconds.
const STOP: i64 = 1;

/// The least time that a kubelet gives containers, in seconds.
const LEAST_GRACE: i64 = 1;

/// Stops a pod that is being deleted: the containers need a moment, at most
/// the grace period; then the pod reads `Succeeded` or `Failed`, and the object
/// goes, by UID and with grace 0. Where a finalizer of others holds it, that
/// phase stays to be seen (H-06).
pub(super) fn stop(view: &dyn View, pod: &Value, host: &str, now: Timestamp, step: &mut Step) {
    let grace = pod.number("/metadata/deletionGracePeriodSeconds").unwrap_or(0).max(0);
    let is_over = pod.has_ended();
    let Some(end) = pod.instant("/metadata/deletionTimestamp").filter(|_| grace > 0 || !is_over) else { return };
    let mut containers = Container::all(pod);
    // Where a namespace goes, nothing new is told.
    if !view.get("Namespace", "", pod.namespace()).is_some_and(|home| home.terminating()) {
        for container in containers.iter().filter(|container| container.is_running()) {
            let message = format!("Stopping container {}", container.name());
            step.event_once(view, pod, EventType::Normal, "Killing", message);
        }
    }
    let told = match pod.annotation(STOP_SECONDS) {
        Some("never") => return,
        told => told.and_then(|text| text.parse::<i64>().ok()).map(|seconds| seconds.max(0)),
    };
    let needed = pod.items("/spec/containers").iter().map(|container| time_to_stop(container, told)).max();
    let needed = needed.unwrap_or(STOP);
    let given = grace.max(LEAST_GRACE);
    let due = later(end, needed.min(given).saturating_sub(grace));
    if now < due {
        step.wake_at(due);
        return;
    }
    if !is_over {
        end_all(pod, &mut containers, needed > given, now);
        let has_succeeded = containers.iter().all(|container| container.role == Role::Sidecar || container.is_done());
        let phase = if has_succeeded { "Succeeded" } else { "Failed" };
        let start = pod.instant("/status/startTime").unwrap_or(now);
        let picture = Picture { containers, phase, start, why: None };
        if let Some(status) = picture.status(pod, pod.text("/status/podIP"), host, now) {
            step.patch_status(pod, status);
        }
    }
    step.delete(pod, Some(0));
}

/// Containers that run end as they were asked to, or by force. What prepares
/// the pod has not done its work, and what never ran of a pod that was prepared
/// is not found.
fn end_all(pod: &Value, containers: &mut [Container<'_>], by_force: bool, now: Timestamp) {
    let was_prepared = was_prepared(pod, containers);
    for container in containers {
        match container.state {
            State::Running { since } if by_force || container.role == Role::Init => container.end(killed(since, now)),
            State::Running { since } => {
                container.end(Ending { code: 0, reason: "Completed".to_owned(), ..killed(since, now) });
            }
            State::Waiting { .. } if container.role == Role::Main && was_prepared => container.lose(now),
            State::Waiting { .. } | State::Ended(_) => {}
        }
    }
}

/// All that prepares the pod has done its work, or never was.
fn was_prepared(pod: &Value, containers: &[Container<'_>]) -> bool {
    let has_begun = containers.iter().any(|container| container.role == Role::Main && container.has_begun());
    let last = containers.iter().rfind(|container| container.role != Role::Main);
    has_begun
        || pod.items("/spec/initContainers").is_empty()
        || last.is_some_and(|last| last.is_done() || last.role == Role::Sidecar && last.started)
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
