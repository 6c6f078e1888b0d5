//! A pod's way on a node: waiting for its volumes and its configuration,
//! starting, running, stopping.

use jiff::Timestamp;
use serde_json::Value;

use super::address::Addresses;
use super::status::{Phase, Picture};
use super::{
    AS_CAPTURED, COMPLETES, CRASH_LOOP, IMAGE_ERROR, Kubelet, NEVER_READY, START_SECONDS, STOP_SECONDS, goes_by_knobs,
};
use crate::simulator::controllers::binder::is_bound;
use crate::simulator::controllers::fields::{Fields, claim_names, later};
use crate::simulator::controllers::{EventType, Step, View};

/// How long containers take to stop unless told otherwise, in seconds.
const STOP: i64 = 1;

impl Kubelet {
    pub(super) fn sync(&self, view: &dyn View, pod: &Value, node: &Value, now: Timestamp) -> Step {
        let mut step = Step::default();
        if pod.terminating() {
            stop(pod, now, &mut step);
            return step;
        }
        let is_left = pod.annotation(AS_CAPTURED).is_some() || matches!(pod.phase(), "Succeeded" | "Failed");
        if is_left || is_settled(pod) {
            return step;
        }
        if let Some(reason) = unmounted(view, pod).filter(|_| pod.phase() != "Running") {
            step.event_once(view, pod, EventType::Warning, "FailedMount", reason);
            return step;
        }
        let picture = self.picture(view, pod, now, &mut step);
        let address = match pod.text("/status/podIP") {
            "" => Addresses::in_use(&view.list("Pod")).give(pod),
            held => held.to_owned(),
        };
        if let Some(status) = picture.status(pod, &address, &host_address(node), now) {
            step.patch_status(pod, &status);
        }
        step
    }

    /// What the pod should look like now, and when it will look otherwise.
    fn picture(&self, view: &dyn View, pod: &Value, now: Timestamp, step: &mut Step) -> Picture {
        let start = pod.instant("/status/startTime").unwrap_or(now);
        let has_init = !pod.items("/spec/initContainers").is_empty();
        let asked = pod.annotation(START_SECONDS).and_then(|text| text.parse().ok());
        let delay = asked.unwrap_or(self.start_delay).max(0);
        let init_done = if has_init { later(start, delay) } else { start };
        let up = later(init_done, delay);
        let phase = if pod.annotation(IMAGE_ERROR).is_some() {
            tell_image_error(view, pod, step);
            Phase::ImageError
        } else if let Some(message) = missing_reference(view, pod).filter(|_| pod.phase() != "Running") {
            step.event_once(view, pod, EventType::Warning, "Failed", format!("Error: {message}"));
            Phase::ConfigError(message)
        } else if now < init_done && pod.phase() != "Running" {
            step.wake_at(init_done);
            Phase::Initializing
        } else if now < up && pod.phase() != "Running" {
            step.wake_at(up);
            Phase::Creating
        } else if pod.annotation(CRASH_LOOP).is_some() {
            let message = "Back-off restarting failed container";
            step.event_once(view, pod, EventType::Warning, "BackOff", message);
            Phase::CrashLoop
        } else if pod.annotation(COMPLETES).is_some() && pod["spec"]["restartPolicy"] != "Always" {
            Phase::Succeeded
        } else {
            let ready = pod.annotation(NEVER_READY).is_none();
            if !ready {
                step.event_once(view, pod, EventType::Warning, "Unhealthy", "Readiness probe failed: ");
            }
            Phase::Running { ready }
        };
        Picture { phase, start, started: up.min(now) }
    }
}

/// Up and ready, as its spec says, and nobody wants otherwise. (Containers
/// that run do not notice what becomes of their volumes' sources.)
pub fn is_settled(pod: &Value) -> bool {
    let statuses = pod.items("/status/containerStatuses");
    let containers = pod.items("/spec/containers");
    pod.phase() == "Running"
        && pod.holds("Ready")
        && !pod.text("/status/podIP").is_empty()
        && !goes_by_knobs(pod)
        && containers.len() == statuses.len()
        && containers.iter().zip(statuses).all(|(wanted, held)| wanted["image"] == held["image"])
}

/// Stops a pod that is being deleted: the containers need a moment, at most
/// the grace period; then the object goes, by UID and with grace 0.
fn stop(pod: &Value, now: Timestamp, step: &mut Step) {
    let grace = pod.number("/metadata/deletionGracePeriodSeconds").unwrap_or(0).max(0);
    // With grace 0 the object is only held by finalizers of others.
    let Some(end) = pod.instant("/metadata/deletionTimestamp").filter(|_| grace > 0) else { return };
    let wanted = match pod.annotation(STOP_SECONDS) {
        Some("never") => return,
        Some(text) => text.parse().unwrap_or(STOP),
        None => STOP,
    };
    let wanted = wanted.max(0).saturating_add(sleep_before_stop(pod));
    let due = later(end, -grace.saturating_sub(grace.min(wanted)));
    if now < due {
        step.wake_at(due);
    } else {
        step.delete(pod, Some(0));
    }
}

/// The longest sleep that a container's `preStop` puts before its end.
fn sleep_before_stop(pod: &Value) -> i64 {
    let containers = pod.items("/spec/containers").iter();
    containers.filter_map(|container| container.number("/lifecycle/preStop/sleep/seconds")).max().unwrap_or(0).max(0)
}

/// Why the pod's volumes cannot be mounted yet: claims that are not bound,
/// ConfigMaps and Secrets that do not exist.
fn unmounted(view: &dyn View, pod: &Value) -> Option<String> {
    for name in claim_names(pod) {
        let claim = view.get("PersistentVolumeClaim", pod.namespace(), &name);
        if !claim.is_some_and(|claim| is_bound(&claim) && claim.phase() == "Bound") {
            return Some(format!(
                "Unable to attach or mount volumes: error processing PVC {}/{name}: PVC is not bound",
                pod.namespace()
            ));
        }
    }
    pod.items("/spec/volumes").iter().find_map(|volume| {
        let secret = (&volume["secret"], "Secret", "secretName", "secret");
        let map = (&volume["configMap"], "ConfigMap", "name", "configmap");
        [secret, map].into_iter().find_map(|(source, kind, field, word)| {
            let name = source[field].as_str().filter(|_| source["optional"] != true)?;
            let missing = view.get(kind, pod.namespace(), name).is_none();
            missing.then(|| {
                format!("MountVolume.SetUp failed for volume {:?} : {word} {name:?} not found", volume.text("/name"))
            })
        })
    })
}

/// A Secret or ConfigMap, or a key in it, that a container's environment names
/// and that is not there.
fn missing_reference(view: &dyn View, pod: &Value) -> Option<String> {
    let containers = pod.items("/spec/initContainers").iter().chain(pod.items("/spec/containers"));
    containers.into_iter().find_map(|container| {
        let single = container.items("/env").iter().flat_map(|variable| {
            let from = &variable["valueFrom"];
            [("Secret", &from["secretKeyRef"]), ("ConfigMap", &from["configMapKeyRef"])]
        });
        let whole = container
            .items("/envFrom")
            .iter()
            .flat_map(|from| [("Secret", &from["secretRef"]), ("ConfigMap", &from["configMapRef"])]);
        single.chain(whole).find_map(|(kind, reference)| missing(view, pod.namespace(), kind, reference))
    })
}

fn missing(view: &dyn View, namespace: &str, kind: &str, reference: &Value) -> Option<String> {
    let name = reference["name"].as_str().filter(|_| reference["optional"] != true)?;
    let Some(object) = view.get(kind, namespace, name) else {
        return Some(format!("{} {name:?} not found", kind.to_lowercase()));
    };
    let key = reference["key"].as_str()?;
    let held = ["data", "binaryData"].iter().any(|map| object[map].get(key).is_some());
    (!held).then(|| format!("couldn't find key {key} in {kind} {namespace}/{name}"))
}

fn tell_image_error(view: &dyn View, pod: &Value, step: &mut Step) {
    let image = pod.text("/spec/containers/0/image");
    let message = format!("Failed to pull image {image:?}: not found");
    step.event_once(view, pod, EventType::Warning, "Failed", message);
    step.event_once(view, pod, EventType::Normal, "BackOff", format!("Back-off pulling image {image:?}"));
}

fn host_address(node: &Value) -> String {
    let addresses = node.items("/status/addresses");
    let internal = addresses.iter().find(|address| address["type"] == "InternalIP");
    internal.map_or("192.0.2.1", |address| address.text("/address")).to_owned()
}
