//! The machine form of `status`: `kind: Status` of `kubectl-stateful/v1`. Times
//! instead of ages; what could not be read is `null`, and its path stands in
//! `unknown`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::blocking::{BlockedClaim, BlockedContainer, Blocking, Log};
use super::inventory::Unreadable;
use super::leftovers::EarlierClaim;
use super::lock::Held;
use super::overview::{ClaimOverview, NodeFacts, PodOverview, ServiceState, SetOverview, Statuses, VolumeState};
use super::set::Set;
use super::words::{ClaimPhase, ReclaimPolicy};

/// The version of all documents of this program.
pub const API_VERSION: &str = "kubectl-stateful/v1";

/// The whole document.
#[must_use]
pub fn document(statuses: &Statuses) -> Value {
    let mut unknown: Vec<&str> = statuses.unreadable.iter().flat_map(|what| paths(*what)).copied().collect();
    unknown.extend(statuses.blocking.iter().flat_map(unknown_of));
    let mut named = BTreeSet::new();
    unknown.retain(|path| named.insert(*path));
    json!({
        "apiVersion": API_VERSION,
        "kind": "Status",
        "sets": statuses.sets.iter().map(set).collect::<Vec<_>>(),
        "blocking": statuses.blocking.as_ref().map(blocking),
        "unknown": unknown,
    })
}

fn blocking(blocking: &Blocking) -> Value {
    let container = |one: &BlockedContainer| {
        let exit = one.last_exit.as_ref().map(
            |exit| json!({"code": exit.code, "reason": exit.reason, "message": exit.message, "at": time(exit.at)}),
        );
        let waiting = one.waiting.as_ref().map(|(reason, message)| json!({"reason": reason, "message": message}));
        json!({
            "name": one.name,
            "init": one.init,
            "waiting": waiting,
            "lastExit": exit,
            "restarts": one.restarts,
            "log": match &one.log {
                Log::Lines(lines) => json!(lines),
                Log::None => json!([]),
                Log::Wanted { .. } | Log::Unknown(_) => Value::Null,
            },
        })
    };
    let claim = |one: &BlockedClaim| {
        json!({
            "name": one.name,
            "phase": one.phase.as_ref().map(ClaimPhase::as_str),
            "volumeName": one.volume,
            "attachedTo": one.attached_to,
        })
    };
    json!({
        "pod": blocking.pod,
        "ready": blocking.ready,
        "why": blocking.why,
        "code": blocking.code,
        "remedy": blocking.remedy,
        "command": blocking.command,
        "containers": blocking.containers.iter().map(container).collect::<Vec<_>>(),
        "nodeName": blocking.node.as_ref().map(|node| &node.name),
        "node": blocking.node.as_ref().and_then(|node| node.facts.as_ref()).map(node),
        "claims": blocking.claims.as_ref().map(|claims| claims.iter().map(claim).collect::<Vec<_>>()),
    })
}

/// The fields about the member in the way that could not be read.
fn unknown_of(blocking: &Blocking) -> Vec<&'static str> {
    let logs = blocking.containers.iter().any(|one| matches!(one.log, Log::Unknown(_)));
    let attachments = blocking.claims.iter().flatten().any(|claim| claim.attached_to.is_none());
    let fields = [(logs, "blocking.containers[*].log"), (attachments, "blocking.claims[*].attachedTo")];
    fields.into_iter().filter_map(|(missing, path)| missing.then_some(path)).collect()
}

/// The fields of the document that are `null` for want of this list.
const fn paths(unreadable: Unreadable) -> &'static [&'static str] {
    match unreadable {
        Unreadable::Sets => &["sets[*].leftovers"],
        Unreadable::Pods => &["sets[*].pods", "sets[*].revision.updatedPods"],
        Unreadable::Claims => &["sets[*].pods[*].claims", "sets[*].leftovers"],
        Unreadable::Services => &["sets[*].service.state"],
        Unreadable::Volumes => &["sets[*].pods[*].claims[*].volume", "sets[*].leftovers[*].reclaimPolicy"],
        Unreadable::Nodes => &["sets[*].pods[*].node"],
        // No field is made of events alone; without them the reasons are missing here.
        Unreadable::Events => &["sets[*].problems", "sets[*].pods[*].problems"],
        Unreadable::Leases => &["sets[*].lock"],
    }
}

fn set(overview: &SetOverview) -> Value {
    let set = &overview.set;
    json!({
        "namespace": set.meta.namespace,
        "name": set.meta.name,
        "uid": set.meta.uid,
        "resourceVersion": set.meta.resource_version,
        "generation": set.meta.generation,
        "observedGeneration": set.status.observed_generation,
        "createdAt": time(set.meta.created),
        "deletedAt": time(set.meta.deleting),
        "start": set.range.start,
        "replicas": set.range.replicas,
        "readyReplicas": overview.ready,
        "podManagementPolicy": set.management.as_str(),
        "claimRetentionPolicy": {
            "whenScaled": set.when_scaled.as_str(),
            "whenDeleted": set.when_deleted.as_str(),
        },
        "revision": {
            "current": set.status.current_revision,
            "update": set.status.update_revision,
            "updatedPods": overview.updated.map(|(updated, _)| updated),
        },
        "service": service(&overview.service, set),
        "pods": overview.pods.as_ref().map(|pods| pods.iter().map(pod).collect::<Vec<_>>()),
        "morePodsMissing": overview.more_missing,
        "leftovers": overview.leftovers.as_ref().map(|claims| claims.iter().map(leftover).collect::<Vec<_>>()),
        "lock": overview.lock.as_ref().map(lock),
        "problems": overview.problems,
    })
}

fn lock(held: &Held) -> Value {
    json!({"run": held.run, "takenAt": time(held.taken), "renewedAt": time(held.renewed)})
}

fn service(state: &ServiceState, set: &Set) -> Value {
    let state = match state {
        ServiceState::Headless(_) => Some("headless"),
        ServiceState::NotHeadless(_) => Some("not-headless"),
        ServiceState::Missing(_) => Some("missing"),
        ServiceState::Unnamed => Some("unnamed"),
        ServiceState::Unknown(_) => None,
    };
    json!({"name": set.service_name, "state": state})
}

fn pod(member: &PodOverview) -> Value {
    let pod = member.pod.as_ref();
    json!({
        "name": member.name,
        "ordinal": member.ordinal.0,
        "inRange": member.in_range,
        "exists": pod.is_some(),
        "uid": pod.map(|pod| &pod.uid),
        "state": pod.map(|pod| pod.state.to_string()),
        "createdAt": time(pod.and_then(|pod| pod.created)),
        "restarts": pod.map(|pod| pod.restarts),
        "nodeName": pod.and_then(|pod| pod.node.as_ref()).map(|node| &node.name),
        "node": pod.and_then(|pod| pod.node.as_ref()).and_then(|node| node.facts.as_ref()).map(node),
        "claims": member.claims.as_ref().map(|claims| claims.iter().map(claim).collect::<Vec<_>>()),
        "problems": member.problems,
    })
}

fn node(facts: &NodeFacts) -> Value {
    json!({"exists": facts.exists, "ready": facts.ready, "zone": facts.zone, "address": facts.address})
}

fn claim(overview: &ClaimOverview) -> Value {
    let claim = overview.claim.as_ref();
    json!({
        "template": overview.template,
        "name": overview.name,
        "exists": claim.is_some(),
        "uid": claim.map(|claim| &claim.meta.uid),
        "phase": claim.map(|claim| claim.phase.as_str()),
        "requested": claim.map(|claim| &claim.requested),
        "capacity": claim.and_then(|claim| claim.capacity.as_ref()),
        "accessModes": claim.map(|claim| &claim.access_modes),
        "storageClass": claim.and_then(|claim| claim.class.as_ref()),
        "createdAt": time(claim.and_then(|claim| claim.meta.created)),
        "deletedAt": time(claim.and_then(|claim| claim.meta.deleting)),
        "predatesSet": overview.predates_set,
        "volumeName": claim.and_then(|claim| claim.volume_name.as_ref()),
        "volume": volume(&overview.volume),
    })
}

fn volume(state: &VolumeState) -> Value {
    match state {
        VolumeState::None | VolumeState::Unknown => Value::Null,
        VolumeState::Gone => json!({"exists": false}),
        VolumeState::There(volume) => json!({
            "exists": true,
            "uid": volume.meta.uid,
            "phase": volume.phase.as_str(),
            "reclaimPolicy": volume.reclaim_policy.as_str(),
            "capacity": volume.capacity,
            "storageClass": volume.class,
            "source": volume.source,
        }),
    }
}

fn leftover(claim: &EarlierClaim) -> Value {
    json!({
        "name": claim.name,
        "uid": claim.uid,
        "template": claim.template,
        "ordinal": claim.ordinal.0,
        "phase": claim.phase.as_str(),
        "deleting": claim.deleting,
        "size": claim.size,
        "storageClass": claim.class,
        "volumeName": claim.volume,
        "reclaimPolicy": claim.reclaim_policy.as_ref().map(ReclaimPolicy::as_str),
        "createdAt": time(claim.created),
        "unusedSince": time(claim.unused_since),
    })
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::inventory::Inventory;
    use super::super::overview::overviews;
    use super::super::samples::{inventory, now, world};
    use super::*;

    fn of(inventory: &Inventory) -> Value {
        let mut sets = overviews(inventory, now(), |_| true);
        for row in sets.iter_mut().flat_map(|set| set.pods.iter_mut().flatten().skip(2)) {
            row.problems.push("said".to_owned());
        }
        document(&Statuses {
            namespace: Some("default".to_owned()),
            sets,
            unreadable: inventory.unreadable(),
            now: now(),
            hints: Vec::new(),
            blocking: None,
        })
    }

    /// The values at a path such as `sets[*].pods[*].node`.
    fn at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
        path.split('.').fold(vec![value], |found, step| match step.strip_suffix("[*]") {
            Some(key) => found.into_iter().flat_map(|one| one[key].as_array().into_iter().flatten()).collect(),
            None => found.into_iter().map(|one| &one[step]).collect(),
        })
    }

    #[test]
    fn the_document_of_a_world_holds_what_the_tree_shows() {
        let document = of(&inventory(&world()));
        assert_eq!(document["unknown"], json!([]));
        let set = &document["sets"][0];
        assert_eq!((&set["replicas"], &set["readyReplicas"]), (&json!(3), &json!(2)));
        assert_eq!(set["service"], json!({"name": "web", "state": "headless"}));
        assert_eq!(at(&document, "sets[*].pods[*].name"), ["web-0", "web-1", "web-2"]);
        assert_eq!(at(&document, "sets[*].pods[*].state"), ["Ready", "Ready", "Pending"]);
        assert_eq!(set["pods"][0]["node"]["zone"], "eu-1a");
        assert_eq!(set["pods"][0]["claims"][0]["volume"]["reclaimPolicy"], "Delete");
        assert_eq!(set["pods"][2]["problems"], json!(["said"]));
        assert_eq!(at(&document, "sets[*].leftovers[*].name"), ["data-web-3", "data-web-4"]);
    }

    #[test]
    fn what_was_not_read_is_null_at_each_path_that_unknown_names() {
        let none: [fn(&mut Inventory); 5] = [
            |seen| seen.pods = None,
            |seen| seen.claims = None,
            |seen| seen.services = None,
            |seen| seen.volumes = None,
            |seen| seen.nodes = None,
        ];
        for forget in none {
            let mut seen = inventory(&world());
            forget(&mut seen);
            let document = of(&seen);
            let unknown = document["unknown"].as_array().unwrap();
            assert!(!unknown.is_empty());
            for path in unknown {
                let values = at(&document, path.as_str().unwrap());
                assert!(!values.is_empty() && values.iter().all(|value| value.is_null()), "{path}");
            }
        }
    }
}
