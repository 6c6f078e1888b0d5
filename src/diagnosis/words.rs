//! Words that several rules about live sets use.

use super::sight::{Member, Sight};
use crate::facts::age::{age, age_of};
use crate::facts::claim::Claim;
use crate::facts::event::newest;
use crate::facts::inventory::Scene;
use crate::facts::meta::Meta;
use crate::facts::ordinals::{parse_pod_name, pod_name, sets_of_claim};
use crate::facts::pod::{Container, ContainerState, Exit, Pod};
use crate::facts::volume::Volume;

/// The finalizer that every claim has while pods may use it (PV-50).
const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";

/// Reasons of waiting that only say that work is under way.
const HARMLESS_WAITS: [&str; 3] = ["", "ContainerCreating", "PodInitializing"];

/// Names between backticks, with commas.
pub(super) fn quoted<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// `is being deleted since 4m, held by pod web-0`.
pub(super) fn leaving(claim: &Claim, scene: &Scene<'_>) -> String {
    let pods: Vec<String> = scene.holders(claim).iter().map(|pod| pod.meta.name.clone()).collect();
    let foreign: Vec<&String> =
        claim.meta.finalizers.iter().filter(|finalizer| *finalizer != CLAIM_PROTECTION).collect();
    let held = match (pods.as_slice(), foreign.as_slice()) {
        ([], []) => String::new(),
        ([], finalizers) => format!(", held by finalizer {}", quoted(finalizers)),
        (pods, []) => format!(", held by pod {}", quoted(pods)),
        (pods, finalizers) => format!(", held by pod {} and finalizer {}", quoted(pods), quoted(finalizers)),
    };
    going(&claim.meta, &held, scene)
}

/// A member of a set here has the claim: one that the set wants, or one that there is a pod of.
pub(super) fn has_member(claim: &str, scene: &Scene<'_>) -> bool {
    let has_pod = |name: &str| scene.pods.iter().flatten().any(|pod| pod.meta.name == name);
    let mut members = sets_of_claim(claim, scene.sets.iter().copied()).into_iter();
    members.any(|(set, ordinal)| set.range.contains(ordinal) || has_pod(&pod_name(&set.meta.name, ordinal)))
        || is_used_by_member(claim, scene)
}

/// A pod with the name of a member of a set here uses the claim.
pub(super) fn is_used_by_member(claim: &str, scene: &Scene<'_>) -> bool {
    let is_set = |name: &str| scene.sets.iter().any(|set| set.meta.name == name);
    let is_member = |pod: &Pod| parse_pod_name(&pod.meta.name).is_some_and(|(parent, _)| is_set(parent));
    scene.pods.iter().flatten().any(|pod| pod.uses(claim) && is_member(pod))
}

/// Why a claim on its way out takes data with it.
pub(super) fn goes_with_its_claim(volume: &Volume) -> String {
    let (name, policy) = (&volume.meta.name, volume.reclaim_policy.as_str());
    format!("volume `{name}` has the reclaim policy {policy}: its data goes with the claim")
}

/// `is being deleted since 4m, held by finalizer x`, of what nobody else holds.
pub(super) fn deleted(meta: &Meta, scene: &Scene<'_>) -> String {
    let held = match meta.finalizers.as_slice() {
        [] => String::new(),
        finalizers => format!(", held by finalizer {}", quoted(finalizers)),
    };
    going(meta, &held, scene)
}

fn going(meta: &Meta, held: &str, scene: &Scene<'_>) -> String {
    format!("is being deleted since {}{held}", age_of(meta.deleting, scene.now))
}

/// `ended with exit code 137 (OOMKilled) 4m ago`.
pub(super) fn ended(exit: &Exit, scene: &Scene<'_>) -> String {
    let reason = if exit.reason.is_empty() { String::new() } else { format!(" ({})", exit.reason) };
    let when = exit.at.map(|at| format!(" {} ago", age(at, scene.now))).unwrap_or_default();
    format!("ended with exit code {}{reason}{when}", exit.code)
}

/// Why a container waits, where that is more than work under way.
pub(super) fn waits_for(container: &Container) -> Option<&str> {
    match &container.state {
        ContainerState::Waiting { reason, .. } if !HARMLESS_WAITS.contains(&reason.as_str()) => Some(reason),
        ContainerState::Waiting { .. } | ContainerState::Running { .. } | ContainerState::Ended(_) => None,
    }
}

/// Why a container does not run, and how it ended the last time.
pub(super) fn of_container(container: &Container, scene: &Scene<'_>) -> Option<String> {
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
        ContainerState::Running { .. } if container.ready || container.init => None,
        ContainerState::Running { .. } => last.map(|last| format!("{kind} `{name}` is not ready{last}")),
    }
}

/// `is ready since 4m, and the set counts it only after 600s`, of a pod that would else be counted.
pub(super) fn settling(sight: &Sight<'_>, member: &Member<'_>) -> Option<String> {
    let pod = member.pod.filter(|pod| pod.is_ready() && sight.is_unavailable(member))?;
    let since = age_of(pod.ready_changed, sight.scene.now);
    Some(format!("is ready since {since}, and counts for the set after {}s (`minReadySeconds`)", sight.set().min_ready))
}

/// Which containers of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContainerKind {
    Init,
    Own,
}

/// The containers of this kind that do not run or end badly, with what is said
/// of each; those for which other rules have a better word are left out.
pub(super) fn failing<'a>(sight: &'a Sight<'_>, kind: ContainerKind) -> Vec<(&'a Member<'a>, &'a Container, String)> {
    let mut found = Vec::new();
    for member in sight.members() {
        let Some(pod) = member.pod.filter(|pod| pod.meta.deleting.is_none()) else { continue };
        let of_kind = |container: &&Container| container.init == (kind == ContainerKind::Init);
        for container in pod.containers.iter().filter(of_kind) {
            let told_elsewhere =
                is_image_failure(container) || waits_for(container) == Some("CreateContainerConfigError");
            let message = of_container(container, sight.scene).filter(|_| !told_elsewhere);
            found.extend(message.map(|message| (member, container, message)));
        }
    }
    found
}

/// The image cannot be fetched, or its name is none.
pub(super) fn is_image_failure(container: &Container) -> bool {
    let reasons = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"];
    waits_for(container).is_some_and(|reason| reasons.contains(&reason))
}

/// What mends a template does not reach a pod that a set of ordered pods waits for (SS-65).
pub(super) fn and_then_delete(sight: &Sight<'_>, mend: &str) -> String {
    if sight.in_order() {
        format!(
            "{mend}; if that changes the template, delete the pod after it: the set waits for it and does not replace it by itself"
        )
    } else {
        mend.to_owned()
    }
}

/// The volume is made or chosen when the pod has a node (PV-05).
pub(super) fn waits_for_pod(claim: &Claim, scene: &Scene<'_>) -> bool {
    let last = scene.events.and_then(|events| newest(events, &claim.meta.uid, |_| true));
    last.is_some_and(|event| ["WaitForFirstConsumer", "WaitForPodScheduled"].contains(&event.reason.as_str()))
}

/// What the last event about the claim says, behind a colon.
pub(super) fn why_pending(claim: &Claim, scene: &Scene<'_>) -> String {
    match scene.events {
        None => "; why could not be read".to_owned(),
        Some(events) => {
            newest(events, &claim.meta.uid, |_| true).map(|event| format!(": {}", event.said())).unwrap_or_default()
        }
    }
}
