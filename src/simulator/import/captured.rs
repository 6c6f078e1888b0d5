//! What keeps a copied pod, node or claim as it was found. Why a pod is not
//! ready, or does not stop, is outside of what is copied: its containers; why a
//! claim gets no volume is inside of its driver. It would get well in the copy by
//! itself, so it is marked to stay as it is.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::objects::stuck::{SETTLED, stuck};
use crate::simulator::clock::clock_text;
use crate::simulator::controllers::kubelet::{
    AS_CAPTURED, DOWN_SINCE, NODE_DOWN, STOP_SECONDS, goes_by_knobs, is_settled,
};

/// Marks a pod or claim that is stuck and a node that is down.
pub(super) fn mark(object: &mut Value, at: Timestamp) {
    let knob = match object["kind"].as_str() {
        Some("Pod") => of_pod(object, at),
        Some("PersistentVolumeClaim") => stuck(object, at).map(|_| (AS_CAPTURED, "true")),
        Some("Node") if !is_ready(object) => {
            let since = condition(object, "Ready").and_then(|ready| time(&ready["lastTransitionTime"])).unwrap_or(at);
            set(object, DOWN_SINCE, &clock_text(since));
            Some((NODE_DOWN, "true"))
        }
        _ => None,
    };
    if let Some((key, value)) = knob {
        set(object, key, value);
    }
}

/// Sets an annotation that is not there.
fn set(object: &mut Value, key: &str, value: &str) {
    let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    if let Some(annotations) = meta.entry("annotations").or_insert_with(|| json!({})).as_object_mut() {
        annotations.entry(key).or_insert_with(|| value.into());
    }
}

fn of_pod(pod: &Value, at: Timestamp) -> Option<(&'static str, &'static str)> {
    let is_over = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    if is_over || pod["spec"]["nodeName"].is_null() || goes_by_knobs(pod) {
        return None;
    }
    if let Some(due) = time(&pod["metadata"]["deletionTimestamp"]) {
        let is_late = at.duration_since(due) > SETTLED;
        return is_late.then_some((STOP_SECONDS, "never"));
    }
    let since = condition(pod, "Ready").and_then(|ready| time(&ready["lastTransitionTime"]));
    let since = since.or_else(|| time(&pod["status"]["startTime"]));
    let is_young = since.is_none_or(|since| at.duration_since(since) <= SETTLED);
    let is_broken = containers(pod).any(|status| is_trouble(&status["state"]["waiting"]["reason"]));
    (!is_settled(pod) && (is_ready(pod) || is_broken || !is_young)).then_some((AS_CAPTURED, "true"))
}

/// Reasons of a waiting container that do not pass by themselves.
fn is_trouble(reason: &Value) -> bool {
    let reason = reason.as_str().unwrap_or_default();
    reason.ends_with("BackOff")
        || reason.ends_with("Error")
        || reason.starts_with("Err")
        || reason.starts_with("Invalid")
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .flat_map(|name| pod["status"][name].as_array().map_or(&[][..], Vec::as_slice))
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

fn is_ready(object: &Value) -> bool {
    condition(object, "Ready").is_some_and(|ready| ready["status"] == "True")
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}
