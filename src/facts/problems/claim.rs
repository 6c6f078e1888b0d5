//! What is wrong with a claim and the volume behind it.

use super::quoted;
use crate::facts::age::age_of;
use crate::facts::claim::Claim;
use crate::facts::event::newest;
use crate::facts::inventory::Scene;
use crate::facts::leftovers::EarlierClaim;
use crate::facts::overview::{ClaimOverview, VolumeState};
use crate::facts::pod::Pod;
use crate::facts::released;
use crate::facts::words::{ClaimPhase, VolumePhase};

/// The finalizer that every claim has while pods may use it (PV-50).
const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";

/// A claim of a member, and its volume. `pod` is the member's pod, if any.
pub(in crate::facts) fn of_claim(overview: &ClaimOverview, pod: Option<&Pod>, scene: &Scene<'_>) -> Vec<String> {
    let name = &overview.name;
    let Some(claim) = &overview.claim else {
        // Without a pod the controller has simply not made the claim yet.
        return pod.map(|_| format!("claim `{name}` does not exist")).into_iter().collect();
    };
    let mut found = Vec::new();
    if claim.meta.deleting.is_some() {
        let warning = if pod.is_some_and(|pod| pod.node.is_some()) {
            "; it vanishes as soon as no pod uses it" // The time bomb of PV-52.
        } else {
            ""
        };
        found.push(format!("claim `{name}` {}{warning}", leaving(claim, scene)));
    }
    match &claim.phase {
        ClaimPhase::Bound => {}
        ClaimPhase::Pending => {
            let why = match scene.events {
                None => "; why could not be read".to_owned(),
                Some(events) => newest(events, &claim.meta.uid, |_| true)
                    .map(|event| format!(": {}", event.said()))
                    .unwrap_or_default(),
            };
            found.push(format!("claim `{name}` has no volume yet{why}"));
        }
        ClaimPhase::Lost => found.push(format!("claim `{name}` has lost its volume")),
        ClaimPhase::Other(phase) => found.push(format!("claim `{name}` is in phase {phase}")),
    }
    match &overview.released {
        Some(volume) => found.push(released::in_words(volume)),
        None => found.extend(of_volume(overview)),
    }
    found
}

fn of_volume(overview: &ClaimOverview) -> Option<String> {
    let claim = overview.claim.as_ref()?;
    match &overview.volume {
        VolumeState::None | VolumeState::Unknown => None,
        VolumeState::Gone => {
            Some(format!("volume `{}` does not exist", claim.volume_name.as_deref().unwrap_or_default()))
        }
        VolumeState::There(volume) => {
            let name = &volume.meta.name;
            if volume.claim.is_some() && !volume.is_of(&claim.meta.namespace, &claim.meta.name, &claim.meta.uid) {
                return Some(format!("volume `{name}` belongs to another claim"));
            }
            if volume.meta.deleting.is_some() {
                return Some(format!("volume `{name}` is being deleted as soon as its claim goes"));
            }
            match volume.phase {
                VolumePhase::Released | VolumePhase::Failed => {
                    Some(format!("volume `{name}` is {}", volume.phase.as_str()))
                }
                VolumePhase::Pending | VolumePhase::Available | VolumePhase::Bound | VolumePhase::Other(_) => None,
            }
        }
    }
}

/// `is being deleted since 4m, held by pod web-0`.
fn leaving(claim: &Claim, scene: &Scene<'_>) -> String {
    let since = age_of(claim.meta.deleting, scene.now);
    let pods: Vec<String> = scene.holders(claim).iter().map(|pod| pod.meta.name.clone()).collect();
    let foreign: Vec<String> =
        claim.meta.finalizers.iter().filter(|finalizer| *finalizer != CLAIM_PROTECTION).cloned().collect();
    let held = match (pods.as_slice(), foreign.as_slice()) {
        ([], []) => String::new(),
        ([], finalizers) => format!(", held by finalizer {}", quoted(finalizers)),
        (pods, []) => format!(", held by pod {}", quoted(pods)),
        (pods, finalizers) => format!(", held by pod {} and finalizer {}", quoted(pods), quoted(finalizers)),
    };
    format!("is being deleted since {since}{held}")
}

/// Leftover claims that are on their way out.
pub(in crate::facts) fn of_leftovers(leftovers: &[EarlierClaim], scene: &Scene<'_>) -> Vec<String> {
    let Some(claims) = &scene.claims else { return Vec::new() };
    let leaving_ones = leftovers.iter().filter(|leftover| leftover.deleting);
    leaving_ones
        .filter_map(|leftover| claims.get(leftover.name.as_str()))
        .map(|claim| format!("leftover claim `{}` {}", claim.meta.name, leaving(claim, scene)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::facts::overview::overviews;
    use crate::facts::samples::{Broken, event, inventory, now, volume_name, world};

    #[test]
    fn a_claim_that_vanishes_under_a_living_pod_is_told_with_who_holds_it() {
        let mut broken = Broken::new();
        broken.claim["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        assert_eq!(
            broken.problems(),
            [
                "claim `data-web-0` is being deleted since 5m, held by pod `web-0`; it vanishes as soon as no pod uses it"
            ]
        );
        let mut broken = Broken::new();
        broken.set["spec"]["replicas"] = json!(0);
        broken.pod = json!({});
        broken.claim["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        broken.claim["metadata"]["finalizers"] = json!(["kubernetes.io/pvc-protection", "snapshot/x"]);
        assert_eq!(
            broken.problems(),
            ["leftover claim `data-web-0` is being deleted since 5m, held by finalizer `snapshot/x`"]
        );
    }

    #[test]
    fn a_claim_without_a_volume_says_why_and_a_lost_one_that_it_is_lost() {
        let mut broken = Broken::new();
        broken.claim["status"] = json!({"phase": "Pending"});
        broken.claim["spec"]["volumeName"] = json!(null);
        let class = "storageclass.storage.k8s.io \"x\" not found";
        broken.more.push(event("claim-data-web-0", "Warning", "ProvisioningFailed", class));
        assert_eq!(broken.problems(), [format!("claim `data-web-0` has no volume yet: ProvisioningFailed: {class}")]);
        let mut broken = Broken::new();
        broken.claim["status"]["phase"] = json!("Lost");
        broken.volume = json!({});
        assert_eq!(
            broken.problems(),
            [
                "claim `data-web-0` has lost its volume".to_owned(),
                format!("volume `{}` does not exist", volume_name(0))
            ]
        );
    }

    #[test]
    fn without_the_right_to_read_events_a_pending_claim_says_that_its_reason_is_unknown() {
        let mut objects = world();
        objects[8]["status"] = json!({"phase": "Pending"});
        let mut seen = inventory(&objects);
        seen.events = None;
        let found = overviews(&seen, now(), |_| true).remove(0);
        let problems = &found.pods.unwrap_or_default()[0].problems;
        assert_eq!(*problems, ["claim `data-web-0` has no volume yet; why could not be read"]);
    }
}
