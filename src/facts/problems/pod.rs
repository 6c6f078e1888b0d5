//! What is wrong with one pod: where it runs, or why it does not.

use super::quoted;
use crate::facts::age::age;
use crate::facts::event::{Event, newest};
use crate::facts::inventory::Scene;
use crate::facts::node::Node;
use crate::facts::pod::{Container, ContainerState, Exit, Pod};
use crate::facts::set::Set;
use crate::facts::volume::Volume;
use crate::facts::words::PodPhase;

/// Reasons of waiting that only say that work is under way.
const HARMLESS_WAITS: [&str; 3] = ["", "ContainerCreating", "PodInitializing"];

/// An existing pod.
pub(in crate::facts) fn of_pod(pod: &Pod, set: &Set, scene: &Scene<'_>) -> Vec<String> {
    let mut found: Vec<String> = stranger(pod, set).into_iter().collect();
    found.extend(overdue(pod, scene));
    found.extend(pod.node.as_deref().and_then(|name| lost_node(name, scene)));
    if pod.node.is_none()
        && let Some(message) = &pod.unschedulable
    {
        found.extend(pinned_volumes(pod, scene));
        found.push(format!("no node for it: {message}"));
    }
    if pod.meta.deleting.is_none() {
        found.extend(pod.containers.iter().filter_map(|container| of_container(container, scene)));
        // A container that does not run explains by itself why the pod is not ready.
        if pod.containers.iter().all(|container| container.init || container.state == ContainerState::Running) {
            found.extend(not_ready(pod, scene));
        }
    }
    if pod.phase == PodPhase::Failed {
        found.push(format!("failed: {}", pod.reason.as_deref().unwrap_or("no reason given")));
    }
    found
}

/// The last warning about an object whose trouble has no other name.
pub(in crate::facts) fn last_warning(uid: &str, scene: &Scene<'_>) -> Option<String> {
    newest(scene.events?, uid, |event| event.warning).map(Event::said)
}

/// A pod that occupies the name of a member without being one (SS-04, H-54).
fn stranger(pod: &Pod, set: &Set) -> Option<String> {
    match pod.meta.controller() {
        Some(owner) if owner.uid == set.meta.uid => None,
        Some(owner) => {
            Some(format!("belongs to {} `{}` and occupies the name of a member of this set", owner.kind, owner.name))
        }
        None => Some("belongs to no set and occupies the name of a member of this one".to_owned()),
    }
}

/// A pod whose grace period is over and that is still there (H-06).
fn overdue(pod: &Pod, scene: &Scene<'_>) -> Option<String> {
    let end = pod.meta.deleting.filter(|end| *end < scene.now)?;
    let held = match pod.meta.finalizers.as_slice() {
        [] => String::new(),
        finalizers => format!(", held by finalizer {}", quoted(finalizers)),
    };
    Some(format!("should have ended {} ago{held}", age(end, scene.now)))
}

fn lost_node(name: &str, scene: &Scene<'_>) -> Option<String> {
    scene.nodes?;
    match scene.node(name) {
        None => Some(format!("node `{name}` does not exist any more")),
        Some(node) if !node.ready => Some(format!("node `{name}` is not ready")),
        Some(_) => None,
    }
}

/// Volumes of the pod that only closed or lost nodes could reach (H-43).
fn pinned_volumes(pod: &Pod, scene: &Scene<'_>) -> Vec<String> {
    let Some((nodes, claims)) = scene.nodes.zip(scene.claims.as_ref()) else { return Vec::new() };
    let volumes = pod.claims.iter().filter_map(|used| scene.volume_of(claims.get(used.claim.as_str())?));
    volumes.filter_map(|volume| pinned(volume, nodes)).collect()
}

/// Where a volume is pinned to, if no node there can take a pod.
fn pinned(volume: &Volume, nodes: &[Node]) -> Option<String> {
    let selector = volume.nodes.as_ref()?;
    let open = |node: &Node| node.is_schedulable() && selector.admits(node) != Some(false);
    if nodes.iter().any(open) {
        return None;
    }
    let name = &volume.meta.name;
    // CSI drivers have zone labels of their own, such as `topology.ebs.csi.aws.com/zone`.
    if let Some(zones) = selector.demanded(|key| key.ends_with("/zone")) {
        return Some(format!(
            "volume `{name}` is pinned to zone {}, which has no schedulable node",
            zones.join(" or ")
        ));
    }
    if let Some(hosts) = selector.demanded(|key| key == "kubernetes.io/hostname") {
        return Some(format!("volume `{name}` is pinned to node {}, which takes no pods", hosts.join(" or ")));
    }
    Some(format!("volume `{name}` is pinned to nodes of which none takes pods"))
}

/// Why a container does not run, and how it ended the last time.
fn of_container(container: &Container, scene: &Scene<'_>) -> Option<String> {
    let kind = if container.init { "init container" } else { "container" };
    let name = &container.name;
    let last = container.last_exit.as_ref().map(|exit| format!("; last {}", ended(exit, scene)));
    match &container.state {
        ContainerState::Waiting { reason, .. } if HARMLESS_WAITS.contains(&reason.as_str()) => None,
        ContainerState::Waiting { reason, message } => {
            let message = if message.is_empty() { String::new() } else { format!(": {message}") };
            Some(format!("{kind} `{name}` waits: {reason}{message}{}", last.unwrap_or_default()))
        }
        ContainerState::Ended(exit) if exit.code != 0 || !container.init => {
            Some(format!("{kind} `{name}` {}", ended(exit, scene)))
        }
        ContainerState::Ended(_) => None,
        ContainerState::Running if container.ready || container.init => None,
        ContainerState::Running => last.map(|last| format!("{kind} `{name}` is not ready{last}")),
    }
}

/// `ended with exit code 137 (OOMKilled) 4m ago`.
fn ended(exit: &Exit, scene: &Scene<'_>) -> String {
    let reason = if exit.reason.is_empty() { String::new() } else { format!(" ({})", exit.reason) };
    let when = exit.at.map(|at| format!(" {} ago", age(at, scene.now))).unwrap_or_default();
    format!("ended with exit code {}{reason}{when}", exit.code)
}

/// A pod that runs, but whose probes say no.
fn not_ready(pod: &Pod, scene: &Scene<'_>) -> Option<String> {
    if pod.phase != PodPhase::Running || pod.ready_condition {
        return None;
    }
    let probe = scene.events.and_then(|events| newest(events, &pod.meta.uid, |event| event.reason == "Unhealthy"));
    let why = probe.map(|event| event.message.trim().to_owned()).or_else(|| pod.ready_message.clone());
    let since = pod.ready_changed.map(|since| format!(" for {}", age(since, scene.now))).unwrap_or_default();
    Some(format!("not ready{since}{}", why.map(|why| format!(": {why}")).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::facts::samples::{Broken, event, node, pending_pod, volume_name};

    #[test]
    fn a_crashing_container_says_why_it_waits_and_how_it_ended() {
        let mut broken = Broken::new();
        broken.pod["status"] = json!({"phase": "Running",
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-03-13T11:59:00Z"}],
            "containerStatuses": [{"name": "app", "restartCount": 4,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-03-13T11:56:00Z"}}}]});
        assert_eq!(
            broken.problems(),
            ["container `app` waits: CrashLoopBackOff: back-off 40s; \
                 last ended with exit code 137 (OOMKilled) 4m ago",]
        );
    }

    #[test]
    fn an_image_that_cannot_be_pulled_is_told_with_the_kubelets_message() {
        let mut broken = Broken::new();
        broken.pod["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "app",
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"x:9\""}}}]});
        assert_eq!(broken.problems(), ["container `app` waits: ImagePullBackOff: Back-off pulling image \"x:9\""]);
    }

    #[test]
    fn a_failing_probe_is_quoted_from_its_event() {
        let mut broken = Broken::new();
        broken.pod["status"]["conditions"][0]["status"] = json!("False");
        broken.pod["status"]["conditions"][0]["lastTransitionTime"] = json!("2026-03-13T11:59:00Z");
        broken.more.push(event("pod-web-0", "Warning", "Unhealthy", "Readiness probe failed: refused"));
        assert_eq!(broken.problems(), ["not ready for 60s: Readiness probe failed: refused"]);
    }

    #[test]
    fn a_pod_that_starts_without_a_named_trouble_shows_its_last_warning() {
        let mut broken = Broken::new();
        broken.pod["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "app",
            "state": {"waiting": {"reason": "ContainerCreating"}}}]});
        broken.more.push(event("pod-web-0", "Normal", "Pulling", "pulling"));
        broken.more.push(event("pod-web-0", "Warning", "FailedMount", "MountVolume.SetUp failed"));
        assert_eq!(broken.problems(), ["FailedMount: MountVolume.SetUp failed"]);
    }

    #[test]
    fn a_volume_that_only_closed_nodes_reach_is_told_before_the_schedulers_words() {
        let pinned = format!("volume `{}` is pinned to ", volume_name(0));
        let pending = || Broken { pod: pending_pod("web", 0, "no fit"), ..Broken::new() };

        let mut broken = pending();
        broken.node["spec"] = json!({"unschedulable": true});
        let zone = format!("{pinned}zone eu-1a, which has no schedulable node");
        assert_eq!(broken.problems(), [zone, "no node for it: no fit".to_owned()]);

        let mut broken = pending();
        broken.volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0] =
            json!({"key": "kubernetes.io/hostname", "operator": "In", "values": ["gone"]});
        let host = format!("{pinned}node gone, which takes no pods");
        assert_eq!(broken.problems(), [host, "no node for it: no fit".to_owned()]);

        assert_eq!(pending().problems(), ["no node for it: no fit"]);
    }

    #[test]
    fn a_lost_node_and_a_pod_that_should_be_gone_are_told() {
        let mut broken = Broken::new();
        broken.node = node("node-a", "eu-1a", false);
        broken.pod["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:50:00Z");
        broken.pod["metadata"]["finalizers"] = json!(["example.com/hold"]);
        assert_eq!(
            broken.problems(),
            ["should have ended 10m ago, held by finalizer `example.com/hold`", "node `node-a` is not ready"]
        );
        let mut broken = Broken::new();
        broken.node = node("node-b", "eu-1a", true);
        assert_eq!(broken.problems(), ["node `node-a` does not exist any more"]);
    }

    #[test]
    fn a_pod_within_its_grace_period_is_no_problem() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["deletionTimestamp"] = json!("2026-03-13T12:00:20Z");
        assert_eq!(broken.problems(), Vec::<String>::new());
    }

    #[test]
    fn a_pod_that_only_has_the_name_of_a_member_is_told() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["ownerReferences"] = json!([]);
        assert_eq!(broken.problems(), ["belongs to no set and occupies the name of a member of this one"]);
        let mut broken = Broken::new();
        broken.pod["metadata"]["ownerReferences"][0]["uid"] = json!("of an earlier set");
        assert_eq!(broken.problems(), ["belongs to StatefulSet `web` and occupies the name of a member of this set"]);
    }
}
