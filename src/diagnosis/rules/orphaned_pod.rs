//! A pod whose set is gone: nobody makes it anew.

use std::collections::BTreeSet;

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::words::{self, quoted};
use crate::facts::claim::Claim;
use crate::facts::inventory::Scene;
use crate::facts::ordinals::parse_pod_name;
use crate::facts::overview::VolumeState;
use crate::facts::pod::Pod;
use crate::facts::surroundings::Surroundings;
use crate::facts::words::ReclaimPolicy;

pub static RULE: Rule = Rule {
    code: "orphaned-pod",
    severity: Severity::Warning,
    sources: &["SS-04", "SS-09", "PV-52"],
    summary: "the set of a pod is gone",
    page: include_str!("../../../docs/explain/orphaned-pod.md"),
    checks: &[Check::Namespace(check)],
};

/// What the controller writes on each pod of a set (SS-05).
const NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";

const ALONE: &str =
    "when it ends nobody makes it anew; a set that was deleted with `--cascade=orphan` leaves its pods so";

fn check(scene: &Scene<'_>, _: &Surroundings) -> Vec<Finding> {
    // One on its way out is told only when it should be gone.
    let stays = orphans(scene).into_iter().filter(|(pod, _)| pod.meta.deleting.is_none());
    let mut found: Vec<Finding> = stays.map(|(pod, message)| told(pod, message, scene)).collect();
    // Those with whom data may go come first.
    found.sort_by_key(|finding| finding.severity);
    found
}

/// The pods whose set is gone, each with how that is known. With a set of that
/// name the pod is the business of that set.
pub(super) fn orphans<'a>(scene: &Scene<'a>) -> Vec<(&'a Pod, String)> {
    let sets: BTreeSet<&str> = scene.sets.iter().map(|set| set.meta.name.as_str()).collect();
    let lost = |pod: &'a Pod| {
        let name = &pod.meta.name;
        let (parent, _) = parse_pod_name(name).filter(|(parent, _)| !sets.contains(parent))?;
        let message = match pod.meta.controller() {
            Some(owner) if owner.kind == "StatefulSet" && owner.name == parent => {
                format!("belongs to StatefulSet `{parent}` (UID {}), which does not exist", owner.uid)
            }
            None if pod.meta.labels.get(NAME_LABEL) == Some(name) => {
                format!("was made by StatefulSet `{parent}`, which does not exist any more, and belongs to nobody")
            }
            Some(_) | None => return None,
        };
        Some((pod, message))
    };
    let pods = scene.pods.iter().flatten().copied();
    pods.filter_map(lost).collect()
}

fn told(pod: &Pod, message: String, scene: &Scene<'_>) -> Finding {
    let name = &pod.meta.name;
    let finding = RULE.finding(message).about(format!("Pod/{name}"));
    let used = pod.claims.iter().map(|used| format!("it uses claim `{}`", used.claim));
    let finding = used.fold(finding, Finding::evidence);
    let Some(claims) = &scene.claims else {
        return finding.evidence("claims could not be read").because(ALONE).remedy(
            "make the set again under its name and with its selector, and it takes the pod over; do not delete the pod \
             before somebody has seen that none of its claims is being deleted: such a claim goes with the pod",
        );
    };
    let used = pod.claims.iter().filter_map(|used| claims.get(used.claim.as_str()).copied());
    let going: Vec<&Claim> = used.filter(|claim| claim.meta.deleting.is_some()).collect();
    if !going.is_empty() {
        return last_holder(pod, finding, &going, scene);
    }
    finding
        .because(ALONE)
        .remedy("make the set again under its name and with its selector, and it takes the pod over; only if the application is to go, delete the pod: its claims stay")
        .command(Command::describe(Some(&pod.meta.namespace), "pod", name))
}

/// The pod is all that keeps claims from going, and the data with them (PV-52).
fn last_holder(pod: &Pod, finding: Finding, going: &[&Claim], scene: &Scene<'_>) -> Finding {
    let names = quoted(going.iter().map(|claim| &claim.meta.name));
    let message = format!("{}, and it alone still holds {names}, which is being deleted", finding.message);
    let finding = Finding { message, ..finding }.certain().because(
        "a deletion cannot be taken back: a claim on its way out goes with the pod, and its volume with it unless that \
         is kept; a set that is made again takes the pod over, and makes an empty claim when the pod is next replaced",
    );
    let mut unknown = false;
    for claim in going {
        match VolumeState::of(claim, scene) {
            VolumeState::There(volume) if volume.reclaim_policy != ReclaimPolicy::Retain => {
                return finding
                    .evidence(words::goes_with_its_claim(&volume))
                    .remedy("before anything else keep the volume; do not delete the pod until then")
                    .command(Command::keep_volume(&volume.meta.name));
            }
            VolumeState::Unknown => unknown = true,
            VolumeState::There(_) | VolumeState::None | VolumeState::Gone => {}
        }
    }
    if unknown {
        return finding.evidence("volumes could not be read").remedy(
            "do not delete the pod before somebody has set the volume's reclaim policy to Retain who may do that",
        );
    }
    finding
        .evidence("what volumes they have are kept (Retain)")
        .remedy(
            "when it suits, delete the pod: the claim goes, and its volume is Released; `doctor` says then how to reserve \
             it for the claim that the set makes when it is made again",
        )
        .command(Command::delete_pod(&pod.meta.namespace, &pod.meta.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::{claim, pod};

    #[test]
    fn a_pod_whose_owner_is_gone_and_one_that_was_let_go_are_told() {
        let mut broken = Broken::new();
        broken.more.push(pod("db", 0, "node-a"));
        assert_eq!(tells(&RULE, &broken), ["belongs to StatefulSet `db` (UID set-db), which does not exist"]);
        let orphan = &mut broken.more[0]["metadata"];
        orphan["ownerReferences"] = json!([]);
        orphan["labels"][NAME_LABEL] = json!("db-0");
        assert_eq!(
            tells(&RULE, &broken),
            ["was made by StatefulSet `db`, which does not exist any more, and belongs to nobody"]
        );
        assert_eq!(broken.findings(&RULE)[0].evidence, ["it uses claim `data-db-0`"]);
    }

    fn with_claim_going(policy: &str) -> Broken {
        let mut broken = Broken::new();
        broken.more.push(pod("db", 0, "node-a"));
        let [mut going, mut volume] = claim("data", "db", 0, "eu-1a");
        going["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        going["spec"]["volumeName"] = json!("disk");
        volume["metadata"]["name"] = json!("disk");
        volume["spec"]["persistentVolumeReclaimPolicy"] = json!(policy);
        broken.more.extend([going, volume]);
        broken
    }

    #[test]
    fn one_that_alone_keeps_its_claim_from_going_is_not_deleted_before_the_volume_is_kept() {
        let mut broken = with_claim_going("Delete");
        let found = broken.findings(&RULE);
        assert_eq!((found[0].severity, &found[0].command), (Severity::Error, &Some(Command::keep_volume("disk"))));
        assert!(found[0].message.ends_with("it alone still holds `data-db-0`, which is being deleted"), "{found:?}");
        broken.hidden = vec!["PersistentVolume"];
        assert_eq!(broken.findings(&RULE)[0].command, None);
        broken.hidden = vec!["PersistentVolumeClaim"];
        assert_eq!(broken.findings(&RULE)[0].command, None);
        let kept = with_claim_going("Retain").findings(&RULE);
        assert_eq!(kept[0].command, Some(Command::delete_pod("default", "db-0")));
        assert!(kept[0].remedy.contains("reserve it"), "{kept:?}");
    }

    #[test]
    fn a_pod_that_only_looks_like_one_and_one_of_a_set_that_is_there_are_not() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["ownerReferences"] = json!([]);
        broken.pod["metadata"]["labels"][NAME_LABEL] = json!("web-0");
        calm(&RULE, &broken);
        let mut plain = pod("db", 0, "node-a");
        plain["metadata"]["ownerReferences"] = json!([]);
        broken.more.push(plain);
        calm(&RULE, &broken);
    }
}
