//! A claim of a living member that goes with the next restart, and its data with it.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words;
use crate::facts::overview::{ClaimOverview, VolumeState};
use crate::facts::words::ReclaimPolicy;

pub static RULE: Rule = Rule {
    code: "claim-terminating",
    severity: Severity::Error,
    sources: &["PV-52", "PV-53", "SS-72", "H-44"],
    summary: "the claim of a member is being deleted",
    page: include_str!("../../../docs/explain/claim-terminating.md"),
    checks: &[Check::Live(check)],
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
            .evidence(format!(
                "volume `{}` has the reclaim policy {}: its data goes with the claim",
                volume.meta.name,
                volume.reclaim_policy.as_str()
            ))
            .remedy("before anything else keep the volume; do not restart the pod until then")
            .command(Command::keep_volume(&volume.meta.name)),
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
    fn a_claim_that_stays_is_not() {
        calm(&RULE, &Broken::new());
    }
}
