//! Claims, volumes and attachments that wait for their driver for longer than
//! that takes, pods that do not get ready or do not stop, and nodes that are
//! down. Why is outside of Kubernetes: it fails, or is not there.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::quantity::Quantity;

/// What has been the same for this long is not on its way any more.
const SETTLED: SignedDuration = SignedDuration::from_secs(60);

const ASKED: &[&str] = &["volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner"];

/// What annotations begin with that the simulated kubelet obeys.
pub const KNOB: &str = "sandbox.kubectl-stateful/";

/// What is waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// A volume that was asked for.
    Unmade,
    /// The rest of the size that it asks for.
    Ungrown,
    /// That a volume is attached.
    Unattached,
    /// That it is detached.
    Undetached,
    /// That it is deleted.
    Undeleted,
    /// A volume has failed, and nobody does anything about it.
    Failed,
    /// That a pod becomes ready.
    Unwell,
    /// That a pod stops.
    Unstopped,
    /// That a node is ready.
    Down,
}

/// What the objects of a cluster say of one another.
#[derive(Debug, Default)]
pub struct Around {
    /// Volumes that are attached, or about to be: these wait for more than their driver.
    attached: BTreeSet<String>,
    /// Nodes that are down: their pods wait for them.
    down: BTreeSet<String>,
}

impl Around {
    /// Of all objects of a cluster, or of those that were read.
    #[must_use]
    pub fn of(objects: &[Value]) -> Self {
        let of_kind = |kind: &'static str| objects.iter().filter(move |object| object["kind"] == kind);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let attached = of_kind("VolumeAttachment");
        let down = of_kind("Node").filter(|node| !holds(node, "Ready"));
        Self {
            attached: attached.filter_map(|held| text(&held["spec"]["source"]["persistentVolumeName"])).collect(),
            down: down.filter_map(|node| text(&node["metadata"]["name"])).collect(),
        }
    }
}

/// Whether an object is stuck by itself, as it was found at this time among others.
#[must_use]
pub fn stuck(object: &Value, at: Timestamp, around: &Around) -> Option<Stuck> {
    let is_among = |names: &BTreeSet<String>, name: &Value| name.as_str().is_some_and(|name| names.contains(name));
    match object["kind"].as_str() {
        Some("PersistentVolumeClaim") => of_claim(object, at),
        Some("VolumeAttachment") => of_attachment(object, at),
        Some("PersistentVolume") if !is_among(&around.attached, &object["metadata"]["name"]) => of_volume(object, at),
        Some("Pod") => of_pod(object, at, is_among(&around.down, &object["spec"]["nodeName"])),
        Some("Node") => (!holds(object, "Ready")).then_some(Stuck::Down),
        _ => None,
    }
}

fn of_attachment(attachment: &Value, at: Timestamp) -> Option<Stuck> {
    let meta = &attachment["metadata"];
    if meta["deletionTimestamp"].is_string() {
        return is_old(time(&meta["deletionTimestamp"]), at).then_some(Stuck::Undetached);
    }
    let waits = attachment["status"]["attached"] != true && is_old(time(&meta["creationTimestamp"]), at);
    waits.then_some(Stuck::Unattached)
}

/// One that is told how it goes on is not stuck, nor one that its node does not stop.
fn of_pod(pod: &Value, at: Timestamp, is_on_lost_node: bool) -> Option<Stuck> {
    let (meta, status) = (&pod["metadata"], &pod["status"]);
    let is_over = matches!(status["phase"].as_str(), Some("Succeeded" | "Failed"));
    if is_over || pod["spec"]["nodeName"].as_str().is_none_or(str::is_empty) || goes_by_knobs(pod) {
        return None;
    }
    if meta["deletionTimestamp"].is_string() {
        return (is_old(time(&meta["deletionTimestamp"]), at) && !is_on_lost_node).then_some(Stuck::Unstopped);
    }
    if holds(pod, "Ready") {
        return None;
    }
    // One that has no times yet has only just come.
    let since = ready_since(pod).or_else(|| time(&status["startTime"]));
    let lists = ["initContainerStatuses", "containerStatuses"];
    let mut containers = lists.iter().filter_map(|list| status[*list].as_array()).flatten();
    let is_broken = containers.any(|held| is_trouble(&held["state"]["waiting"]["reason"]));
    (is_broken || since.is_some_and(|since| is_old(Some(since), at))).then_some(Stuck::Unwell)
}

/// Reasons of a waiting container that do not pass by themselves.
fn is_trouble(reason: &Value) -> bool {
    let reason = reason.as_str().unwrap_or_default();
    reason.ends_with("BackOff")
        || reason.ends_with("Error")
        || reason.starts_with("Err")
        || reason.starts_with("Invalid")
}

/// Whether the pod has annotations that the simulated kubelet obeys.
#[must_use]
pub fn goes_by_knobs(pod: &Value) -> bool {
    pod["metadata"]["annotations"].as_object().is_some_and(|told| told.keys().any(|key| key.starts_with(KNOB)))
}

/// Since when it is ready, or is not.
#[must_use]
pub fn ready_since(object: &Value) -> Option<Timestamp> {
    let mut conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    time(&conditions.find(|held| held["type"] == "Ready")?["lastTransitionTime"])
}

/// A volume on its way out stays while a claim has it.
fn of_volume(volume: &Value, at: Timestamp) -> Option<Stuck> {
    let (spec, status) = (&volume["spec"], &volume["status"]);
    let deleted = &volume["metadata"]["deletionTimestamp"];
    let since = time(&status["lastPhaseTransitionTime"]).or_else(|| touched(volume));
    match status["phase"].as_str() {
        Some("Failed") => is_old(since, at).then_some(Stuck::Failed),
        Some("Bound") => None,
        _ if deleted.is_string() => is_old(time(deleted), at).then_some(Stuck::Undeleted),
        Some("Released") if spec["persistentVolumeReclaimPolicy"] == "Delete" => {
            is_old(since, at).then_some(Stuck::Undeleted)
        }
        _ => None,
    }
}

/// What has no time is old.
fn is_old(since: Option<Timestamp>, at: Timestamp) -> bool {
    since.is_none_or(|since| at.duration_since(since) > SETTLED)
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn of_claim(claim: &Value, at: Timestamp) -> Option<Stuck> {
    let meta = &claim["metadata"];
    if meta["deletionTimestamp"].is_string() {
        return None;
    }
    let is_old = is_old(touched(claim), at);
    if claim["spec"]["volumeName"].as_str().is_none_or(str::is_empty) {
        let is_asked = ASKED.iter().any(|key| meta["annotations"][*key].is_string());
        return (is_asked && is_old).then_some(Stuck::Unmade);
    }
    let waits_for_pod = holds(claim, "FileSystemResizePending");
    let has_failed = ["ControllerResizeError", "NodeResizeError"].iter().any(|name| holds(claim, name));
    (wants_more(claim) && (has_failed || is_old && !waits_for_pod)).then_some(Stuck::Ungrown)
}

fn wants_more(claim: &Value) -> bool {
    let amount = |value: &Value| value.as_str().and_then(|text| Quantity::parse(text).ok()).map(|size| size.nanos());
    let wanted = amount(&claim["spec"]["resources"]["requests"]["storage"]);
    let held = amount(&claim["status"]["capacity"]["storage"]);
    claim["status"]["phase"] == "Bound" && held.is_some() && wanted > held
}

/// When something was last said of it: events of a driver that fails over and
/// over are not.
fn touched(object: &Value) -> Option<Timestamp> {
    let list = |value: &'static str| object.pointer(value).and_then(Value::as_array).into_iter().flatten();
    let written = list("/metadata/managedFields").map(|entry| &entry["time"]);
    let turned = list("/status/conditions").map(|condition| &condition["lastTransitionTime"]);
    let all = written.chain(turned).chain([&object["metadata"]["creationTimestamp"]]);
    all.filter_map(time).max()
}

fn holds(object: &Value, condition: &str) -> bool {
    let mut conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|held| held["type"] == condition && held["status"] == "True")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(object: &Value) -> Option<Stuck> {
        let around = Around { attached: ["held".to_owned()].into(), down: ["lost".to_owned()].into() };
        stuck(object, "2026-05-01T10:00:00Z".parse().unwrap(), &around)
    }

    #[test]
    fn an_attachment_is_stuck_that_is_not_done_or_undone_for_long() {
        let attachment = |attached: bool, created: &str, deleted: Option<&str>| {
            found(&json!({"kind": "VolumeAttachment", "status": {"attached": attached},
                "metadata": {"creationTimestamp": created, "deletionTimestamp": deleted}}))
        };
        let (long_ago, now) = ("2026-05-01T09:00:00Z", "2026-05-01T09:59:50Z");
        assert_eq!(attachment(true, long_ago, None), None);
        assert_eq!(attachment(false, long_ago, None), Some(Stuck::Unattached));
        assert_eq!(attachment(false, now, None), None);
        assert_eq!(attachment(true, long_ago, Some(now)), None);
        assert_eq!(attachment(true, long_ago, Some(long_ago)), Some(Stuck::Undetached));
    }

    #[test]
    fn a_pod_is_stuck_that_is_not_ready_or_does_not_stop_for_long() {
        let (long_ago, now) = ("2026-05-01T09:00:00Z", "2026-05-01T09:59:50Z");
        let pod = |ready: &str, since: &str, more: Value| {
            let mut pod = json!({"kind": "Pod", "metadata": {"name": "p"}, "spec": {"nodeName": "n"}, "status": {
                "phase": "Running", "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": since}]}});
            for (pointer, value) in more.as_object().unwrap() {
                let (field, key) = pointer.split_once('/').unwrap();
                pod[field][key] = value.clone();
            }
            found(&pod)
        };
        let waits = |reason: &str| json!({"status/containerStatuses": [{"state": {"waiting": {"reason": reason}}}]});
        assert_eq!(pod("True", long_ago, json!({})), None);
        assert_eq!(pod("False", long_ago, json!({})), Some(Stuck::Unwell));
        assert_eq!(pod("False", now, json!({})), None, "it may be on its way");
        assert_eq!(pod("False", now, waits("ContainerCreating")), None);
        assert_eq!(pod("False", now, waits("ImagePullBackOff")), Some(Stuck::Unwell));
        assert_eq!(pod("False", long_ago, json!({"status/phase": "Failed"})), None);
        assert_eq!(pod("False", long_ago, json!({"spec/nodeName": null})), None, "it waits for a node");
        assert_eq!(
            pod("False", long_ago, json!({"metadata/annotations": {format!("{KNOB}never-ready"): "true"}})),
            None
        );
        assert_eq!(pod("True", long_ago, json!({"metadata/deletionTimestamp": now})), None);
        assert_eq!(pod("True", long_ago, json!({"metadata/deletionTimestamp": long_ago})), Some(Stuck::Unstopped));
        let on_lost = json!({"metadata/deletionTimestamp": long_ago, "spec/nodeName": "lost"});
        assert_eq!(pod("True", long_ago, on_lost), None, "its node does not stop it");
    }

    #[test]
    fn a_node_that_is_not_ready_is_down() {
        let node = |ready: &str| {
            found(&json!({"kind": "Node", "status": {"conditions": [{"type": "Ready", "status": ready}]}}))
        };
        assert_eq!(["True", "False", "Unknown"].map(node), [None, Some(Stuck::Down), Some(Stuck::Down)]);
    }

    #[test]
    fn a_volume_is_stuck_that_has_failed_or_does_not_go() {
        let volume = |name: &str, phase: &str, policy: &str, deleted: bool| {
            let deleted = deleted.then_some("2026-05-01T09:00:00Z");
            found(&json!({"kind": "PersistentVolume", "spec": {"persistentVolumeReclaimPolicy": policy},
                "metadata": {"name": name, "deletionTimestamp": deleted},
                "status": {"phase": phase, "lastPhaseTransitionTime": "2026-05-01T09:00:00Z"}}))
        };
        assert_eq!(volume("v", "Failed", "Delete", false), Some(Stuck::Failed));
        assert_eq!(volume("v", "Released", "Delete", false), Some(Stuck::Undeleted));
        assert_eq!(volume("v", "Released", "Retain", false), None, "it is kept");
        assert_eq!(volume("v", "Released", "Retain", true), Some(Stuck::Undeleted));
        assert_eq!(volume("v", "Available", "Delete", false), None);
        assert_eq!(volume("v", "Bound", "Delete", true), None, "a claim has it");
        assert_eq!(volume("held", "Released", "Delete", false), None, "it waits to be detached");
    }

    #[test]
    fn a_claim_whose_provisioner_was_asked_long_ago_is_stuck() {
        let claim = |created: &str, extra: Value| {
            let mut claim = json!({"kind": "PersistentVolumeClaim", "spec": {}, "status": {"phase": "Pending"},
                "metadata": {"creationTimestamp": created, "annotations": {ASKED[0]: "example.com/broken"}}});
            for (key, value) in extra.as_object().unwrap() {
                claim["metadata"][key] = value.clone();
            }
            found(&claim)
        };
        assert_eq!(claim("2026-05-01T09:00:00Z", json!({})), Some(Stuck::Unmade));
        assert_eq!(claim("2026-05-01T09:59:30Z", json!({})), None, "it may be on its way");
        assert_eq!(claim("2026-05-01T09:00:00Z", json!({"annotations": {}})), None, "nobody was asked");
        assert_eq!(claim("2026-05-01T09:00:00Z", json!({"deletionTimestamp": "2026-05-01T09:59:00Z"})), None);
        let asked = json!({"managedFields": [{"time": "2026-05-01T09:59:50Z"}]});
        assert_eq!(claim("2026-05-01T09:00:00Z", asked), None, "asked when its pod came");
    }

    #[test]
    fn a_claim_that_does_not_grow_is_stuck_unless_it_waits_for_a_pod() {
        let claim = |wanted: &str, conditions: Value| {
            found(&json!({"kind": "PersistentVolumeClaim", "metadata": {"creationTimestamp": "2026-05-01T09:00:00Z"},
                "spec": {"volumeName": "v", "resources": {"requests": {"storage": wanted}}},
                "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}, "conditions": conditions}}))
        };
        let condition =
            |name: &str, since: &str| json!([{"type": name, "status": "True", "lastTransitionTime": since}]);
        assert_eq!(claim("1024Mi", json!([])), None);
        assert_eq!(claim("2Gi", json!([])), Some(Stuck::Ungrown));
        assert_eq!(claim("2Gi", condition("Resizing", "2026-05-01T09:59:50Z")), None);
        assert_eq!(claim("2Gi", condition("Resizing", "2026-05-01T09:50:00Z")), Some(Stuck::Ungrown));
        assert_eq!(claim("2Gi", condition("FileSystemResizePending", "2026-05-01T09:50:00Z")), None);
        assert_eq!(claim("2Gi", condition("ControllerResizeError", "2026-05-01T09:59:50Z")), Some(Stuck::Ungrown));
    }
}
