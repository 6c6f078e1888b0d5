//! What a kubelet has to do with attached volumes: it tells in its node's status
//! which ones it uses, and starts nothing before they are attached.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::knobs::{HANGING, STOP_SECONDS};
use super::news::News;
use crate::simulator::controllers::attachments::{
    Had, attachment_to, has_claims, holds, unique_name, volumes_of, volumes_of_any_kind,
};
use crate::simulator::controllers::fields::{Fields, claim_of, later};
use crate::simulator::controllers::{Change, Step, View};

/// How long a kubelet waits for volumes before it says so, in seconds.
const PATIENCE: i64 = 123;

/// Whether a change lets the volumes of a pod go that was on a node.
pub(super) fn lets_go(change: &Change<'_>) -> bool {
    change.kind == "Pod"
        && change.before.is_some_and(|pod| uses_volumes(pod) && has_claims(pod))
        && !change.after.is_some_and(uses_volumes)
}

fn uses_volumes(pod: &Value) -> bool {
    !pod.text("/spec/nodeName").is_empty() && !pod.has_ended()
}

/// Whether the containers of a pod begin or cease to hang.
pub(super) fn turns(change: &Change<'_>) -> bool {
    change.kind == "Pod" && change.after.is_some_and(|after| change.before.is_some_and(hangs) != hangs(after))
}

/// A container runs that will not stop, whatever becomes of the pod.
fn hangs(pod: &Value) -> bool {
    let runs = |status: &Value| status["state"]["running"].is_object();
    let lists = ["/status/initContainerStatuses", "/status/containerStatuses"];
    uses_volumes(pod)
        && pod.annotation(STOP_SECONDS) == Some("never")
        && lists.iter().any(|list| pod.items(list).iter().any(runs))
}

/// Volumes by the UID of the pod whose containers hold them.
type Held = BTreeMap<String, BTreeSet<String>>;

/// What containers hold that never stop. It is kept on the node, since they run
/// on when their pods are deleted by force; of a pod that is there it is as its
/// containers are now.
fn held(view: &dyn View, pods: &[&Value], node: &Value, step: &mut Step) -> Held {
    let noted: Held = node.annotation(HANGING).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let mut held = noted.clone();
    for pod in pods {
        held.remove(pod.uid());
        let volumes = if hangs(pod) { volumes_of(view, pod) } else { Vec::new() };
        if !volumes.is_empty() {
            held.insert(pod.uid().to_owned(), volumes.iter().map(|(_, volume)| unique_name(volume)).collect());
        }
    }
    if held != noted {
        let told = if held.is_empty() { Value::Null } else { json!(json!(held).to_string()) };
        step.patch_unchanged(node, json!({ "metadata": { "annotations": { HANGING: told } } }));
    }
    held
}

/// Adds the volumes of a pod to those that its node uses.
pub(super) fn take(view: &dyn View, pod: &Value, node: &Value, step: &mut Step) {
    held(view, &[pod], node, step);
    if !uses_volumes(pod) {
        return;
    }
    let listed = node.items("/status/volumesInUse");
    let names = volumes_of(view, pod).into_iter().map(|(_, volume)| unique_name(&volume));
    let new: Vec<String> = names.filter(|name| !listed.iter().any(|held| held == name)).collect();
    if !new.is_empty() {
        let all: Vec<Value> = listed.iter().cloned().chain(new.into_iter().map(Value::from)).collect();
        step.patch_status_field(node, "volumesInUse", all.into());
    }
}

/// Brings the list of a node in line with its pods. What hangs is not given up;
/// and nothing is while there is a pod whose claims are gone: nobody knows what
/// it holds.
pub(super) fn count(view: &dyn View, node: &Value, step: &mut Step) {
    let mut pods = view.pods_on(node.name());
    let all: Vec<&Value> = pods.iter().map(|pod| &**pod).collect();
    let hanging: BTreeSet<String> = held(view, &all, node, step).into_values().flatten().collect();
    pods.retain(|pod| uses_volumes(pod));
    let mut knows_all = true;
    let mut used: HashSet<Cow<'_, str>> = HashSet::new();
    for pod in &pods {
        let claims = pod.items("/spec/volumes").iter().filter_map(|volume| claim_of(pod, volume));
        for claim in claims {
            match view.disk_of(pod.namespace(), &claim) {
                Had::NoClaim => knows_all = false,
                Had::NoDisk => {}
                Had::Disk(name) => drop(used.insert(name)),
            }
        }
    }
    let listed: Vec<&str> = node.items("/status/volumesInUse").iter().filter_map(Value::as_str).collect();
    let mut told: Vec<&str> =
        listed.iter().copied().filter(|name| !knows_all || used.contains(*name) || hanging.contains(*name)).collect();
    let known: HashSet<&str> = listed.iter().copied().collect();
    let mut new: Vec<&str> = used.iter().map(|name| &**name).filter(|name| !known.contains(name)).collect();
    new.sort_unstable();
    told.extend(new);
    if told != listed {
        let told = if told.is_empty() { Value::Null } else { told.into() };
        step.patch_status_field(node, "volumesInUse", told);
    }
}

/// What a kubelet says of a volume that a container takes as files and that has
/// none, or the reverse.
pub(super) fn in_another_mode(view: &dyn View, pod: &Value) -> Option<String> {
    let named = |list: &'static str, name: &str| {
        let lists = ["/spec/initContainers", "/spec/containers"];
        let mut taken = lists.iter().flat_map(|lists| pod.items(lists)).flat_map(move |one| one.items(list));
        taken.any(|taken| taken["name"] == name)
    };
    volumes_of_any_kind(view, pod).into_iter().find_map(|(name, volume)| {
        let is_block = volume["spec"]["volumeMode"] == "Block";
        let (mode, list) = if is_block { ("Block", "volumeMounts") } else { ("Filesystem", "volumeDevices") };
        named(if is_block { "/volumeMounts" } else { "/volumeDevices" }, &name).then(|| {
            format!(
                "Unable to attach or mount volumes: unmounted volumes=[{name}], unattached volumes=[], failed to process \
                 volumes=[{name}]: volume {name} has volumeMode {mode}, but is specified in {list}"
            )
        })
    })
}

/// Whether volumes of the pod are not attached yet, which is told when it has
/// lasted.
pub(super) fn awaits(view: &dyn View, pod: &Value, start: Timestamp, now: Timestamp, news: &mut News) -> bool {
    let node = pod.text("/spec/nodeName");
    let is_attached = |volume: &Value| attachment_to(view, volume, node).is_some_and(|one| holds(&one));
    let mut missing: Vec<String> =
        volumes_of(view, pod).into_iter().filter(|(_, volume)| !is_attached(volume)).map(|(name, _)| name).collect();
    if missing.is_empty() {
        return false;
    }
    missing.sort();
    let names = missing.join(" ");
    let due = later(start, PATIENCE);
    if now < due {
        news.wake_at(due);
    } else {
        news.lasts(
            "FailedMount",
            format!(
                "Unable to attach or mount volumes: unmounted volumes=[{names}], unattached volumes=[{names}], failed to \
                 process volumes=[]: context deadline exceeded"
            ),
        );
    }
    true
}
