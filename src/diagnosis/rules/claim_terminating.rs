//! A claim of a living member that goes with the next restart, and its data with it.

use std::collections::BTreeMap;

use super::orphaned_pod::orphans;
use super::scale_down_frozen::is_frozen;
use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words;
use crate::facts::claim::Claim;
use crate::facts::inventory::Scene;
use crate::facts::ordinals::sets_of_claim;
use crate::facts::overview::{ClaimOverview, VolumeState};
use crate::facts::surroundings::Surroundings;
use crate::facts::words::ReclaimPolicy;

pub static RULE: Rule = Rule {
    code: "claim-terminating",
    severity: Severity::Error,
    sources: &["PV-52", "PV-53", "SS-72", "H-44"],
    summary: "the claim of a member, or of no set, is being deleted",
    page: include_str!("../../../docs/explain/claim-terminating.md"),
    checks: &[Check::Live(check), Check::Namespace(of_no_member)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.claims().filter_map(|(member, claim)| going(sight, member, claim)).collect()
}

fn going(sight: &Sight<'_>, member: &Member<'_>, overview: &ClaimOverview) -> Option<Finding> {
    let claim = overview.claim.as_ref().filter(|claim| claim.meta.deleting.is_some())?;
    let used = member.pod.is_some_and(|pod| pod.node.is_some());
    // The time bomb of PV-52.
    let warning = if used { "; it vanishes as soon as no pod uses it" } else { "" };
    let finding =
        RULE.of_member(member, format!("claim `{}` {}{warning}", overview.name, words::leaving(claim, sight.scene)));
    let finding = finding.about(format!("PersistentVolumeClaim/{}", overview.name)).because(
        "a deletion cannot be taken back: when the pod is next replaced the claim goes, and the set makes an empty one",
    );
    Some(match &overview.volume {
        VolumeState::There(volume) if volume.reclaim_policy != ReclaimPolicy::Retain => finding
            .evidence(words::goes_with_its_claim(volume))
            .remedy("before anything else keep the volume; do not restart the pod until then")
            .command(Command::keep_volume(&volume.meta.name)),
        // Nothing is lost, and what keeps the pod is told with that.
        VolumeState::There(_) if !member.row.in_range && is_frozen(sight) => return None,
        VolumeState::There(volume) => {
            let_go(sight, member, finding.evidence(format!("volume `{}` is kept (Retain)", volume.meta.name)))
        }
        VolumeState::Unknown => finding
            .evidence("volumes could not be read")
            .remedy("have somebody who may set the volume's reclaim policy to Retain before the pod is replaced"),
        VolumeState::None | VolumeState::Gone => {
            finding.remedy("it holds no volume, so nothing is lost; it goes when nothing holds it any more")
        }
    })
}

/// Claims of which no set here knows, other than those that a pod without a set
/// holds and that is not on its way out itself: these are told with it.
fn of_no_member(scene: &Scene<'_>, _: &Surroundings) -> Vec<Finding> {
    let orphans = orphans(scene);
    let held_by_orphan = |name: &str| orphans.iter().any(|(pod, _)| pod.meta.deleting.is_none() && pod.uses(name));
    let told = |claim: &&Claim| {
        let name = &claim.meta.name;
        claim.meta.deleting.is_some()
            && sets_of_claim(name, scene.sets.iter().copied()).is_empty()
            && !words::is_used_by_member(name, scene)
            && !held_by_orphan(name)
    };
    let claims = scene.claims.iter().flat_map(BTreeMap::values).copied();
    claims.filter(told).map(|claim| of_nobody(claim, scene)).collect()
}

/// Who deletes a claim mostly wants it gone; with a pod at work on it that may be an error.
fn of_nobody(claim: &Claim, scene: &Scene<'_>) -> Finding {
    let name = &claim.meta.name;
    let finding = RULE
        .finding(format!("claim `{name}`, which no set has, {}", words::leaving(claim, scene)))
        .about(format!("PersistentVolumeClaim/{name}"))
        .because("a deletion cannot be taken back: the claim goes as soon as nobody holds it any more")
        .command(Command::describe(Some(&claim.meta.namespace), "persistentvolumeclaim", name));
    let is_held = !scene.holders(claim).is_empty();
    let finding = if is_held { finding } else { Finding { severity: Severity::Warning, ..finding } };
    match VolumeState::of(claim, scene) {
        VolumeState::There(volume) if volume.reclaim_policy != ReclaimPolicy::Retain => finding
            .evidence(words::goes_with_its_claim(&volume))
            .remedy("if the data is wanted, before anything else keep the volume; then see to whoever holds the claim")
            .command(Command::keep_volume(&volume.meta.name)),
        VolumeState::There(volume) => Finding { severity: Severity::Warning, ..finding }
            .evidence(format!("volume `{}` is kept (Retain)", volume.meta.name))
            .remedy("see to whoever holds it; when it is gone, its volume is Released and can be reserved for a new claim"),
        VolumeState::Unknown => finding
            .evidence("volumes could not be read")
            .remedy("if the data is wanted, have somebody who may set the volume's reclaim policy to Retain before the claim goes"),
        VolumeState::None | VolumeState::Gone => Finding { severity: Severity::Warning, ..finding }
            .remedy("it holds no volume, so nothing is lost; see to whoever holds it"),
    }
}

/// The set makes a new claim as soon as the old one is gone and the member is
/// wanted: until its volume is reserved for it, it must not be.
fn let_go(sight: &Sight<'_>, member: &Member<'_>, finding: Finding) -> Finding {
    let (set, ordinal) = (sight.set(), member.row.ordinal.0);
    let (namespace, name) = (sight.namespace(), &set.meta.name);
    let and_then = "when the claim is gone, the volume is Released: `doctor` says how to reserve it for the new claim, \
                    which then has the data; only after that let the member come back";
    if ordinal + 1 == set.range.end() {
        finding
            .remedy(format!(
                "when it suits, scale the set down by this member, so that it makes no empty claim; {and_then}"
            ))
            .command(Command::scale(namespace, name, ordinal - set.range.start))
    } else if member.row.in_range {
        finding
            .remedy(format!(
                "when it suits, delete the set without its pods, and then the pod: so no empty claim is made; {and_then}, by making \
                 the set again"
            ))
            .command(Command::leave_pods_alone(namespace, name))
    } else {
        finding.remedy(format!("let the pod go; {and_then}")).command(Command::status(namespace, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::{claim, pod, volume_name};

    #[test]
    fn a_claim_that_vanishes_under_a_living_pod_is_told_with_who_holds_it_and_what_saves_it() {
        let mut broken = Broken::new();
        broken.claim["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        let words =
            "claim `data-web-0` is being deleted since 5m, held by pod `web-0`; it vanishes as soon as no pod uses it";
        assert_eq!(tells(&RULE, &broken), [words]);
        let finding = broken.findings(&RULE).remove(0);
        assert!(finding.command.is_some_and(|command| command.words.join(" ").contains("Retain")));
    }

    #[test]
    fn with_a_volume_that_stays_the_member_goes_first_so_that_no_empty_claim_is_made() {
        let mut broken = Broken::new();
        broken.claim["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        broken.volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain");
        let finding = broken.findings(&RULE).remove(0);
        assert_eq!(finding.command, Some(Command::scale("default", "web", 0)));
        assert!(finding.remedy.contains("reserve it for the new claim"), "{}", finding.remedy);
        broken.set["spec"]["replicas"] = json!(2);
        assert_eq!(broken.findings(&RULE)[0].command, Some(Command::leave_pods_alone("default", "web")));
    }

    #[test]
    fn a_claim_of_no_set_is_told_with_who_holds_it() {
        let mut broken = Broken::new();
        let [mut scratch, mut volume] = claim("scratch", "job", 7, "eu-1a");
        scratch["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        scratch["metadata"]["finalizers"] = json!(["example.org/backup"]);
        volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain");
        broken.more.extend([scratch.clone(), volume.clone()]);
        let words = "claim `scratch-job-7`, which no set has, is being deleted since 5m, held by finalizer `example.org/backup`";
        assert_eq!(tells(&RULE, &broken), [words]);
        assert_eq!(broken.findings(&RULE)[0].severity, Severity::Warning);

        let mut job = pod("job", 7, "node-a");
        job["metadata"]["ownerReferences"] = json!([{"kind": "Job", "name": "job", "uid": "1", "controller": true}]);
        job["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] = json!("scratch-job-7");
        volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Delete");
        broken.more = vec![scratch, volume, job];
        let found = broken.findings(&RULE);
        assert_eq!(found[0].severity, Severity::Error);
        assert_eq!(found[0].command, Some(Command::keep_volume(&volume_name(7))));
    }

    #[test]
    fn claims_that_are_told_elsewhere_are_not_told_here() {
        let mut broken = Broken::new();
        let [mut outside, volume] = claim("data", "web", 3, "eu-1a");
        outside["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        broken.more.extend([outside, volume]);
        calm(&RULE, &broken);
        let [mut orphans, volume] = claim("data", "db", 0, "eu-1a");
        orphans["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        broken.more = vec![pod("db", 0, "node-a"), orphans, volume];
        calm(&RULE, &broken);
    }

    #[test]
    fn a_claim_that_stays_is_not() {
        let mut broken = Broken::new();
        broken.more.extend(claim("scratch", "job", 7, "eu-1a"));
        calm(&RULE, &broken);
    }
}
