//! A claim whose volume is gone for it.

use std::collections::BTreeMap;

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words;
use crate::facts::claim::Claim;
use crate::facts::inventory::Scene;
use crate::facts::overview::ClaimOverview;
use crate::facts::surroundings::Surroundings;
use crate::facts::words::ClaimPhase;

pub static RULE: Rule = Rule {
    code: "claim-lost",
    severity: Severity::Error,
    sources: &["PV-32"],
    summary: "a claim has lost its volume",
    page: include_str!("../../../docs/explain/claim-lost.md"),
    checks: &[Check::Live(check), Check::Namespace(of_no_member)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let lost = |(member, overview): (&Member<'_>, &ClaimOverview)| {
        let claim = overview.claim.as_ref()?;
        let finding = RULE.of_member(member, lost(claim)?);
        let and_then = "else delete the claim and the pod, and the member starts empty";
        Some(mended(finding, claim, and_then))
    };
    sight.claims().filter_map(lost).collect()
}

/// Claims that no member of a set here has.
fn of_no_member(scene: &Scene<'_>, _: &Surroundings) -> Vec<Finding> {
    let told = |claim: &Claim| {
        let finding = RULE.finding(lost(claim).filter(|_| !words::has_member(&claim.meta.name, scene))?);
        let held = claim.meta.deleting.map(|_| words::leaving(claim, scene));
        let finding = held.into_iter().map(|held| format!("it {held}")).fold(finding, Finding::evidence);
        Some(mended(finding, claim, "else delete the claim"))
    };
    scene.claims.iter().flat_map(BTreeMap::values).filter_map(|claim| told(claim)).collect()
}

fn lost(claim: &Claim) -> Option<String> {
    let name = &claim.meta.name;
    match &claim.phase {
        ClaimPhase::Lost => Some(format!("claim `{name}` has lost its volume")),
        ClaimPhase::Other(phase) => Some(format!("claim `{name}` is in phase {phase}")),
        ClaimPhase::Bound | ClaimPhase::Pending => None,
    }
}

fn mended(finding: Finding, claim: &Claim, and_then: &str) -> Finding {
    let name = &claim.meta.name;
    let volume = claim.volume_name.as_deref().unwrap_or("NAME");
    finding
        .about(format!("PersistentVolumeClaim/{name}"))
        .evidence(format!("it was bound to `{volume}`"))
        .because("a claim never takes another volume than the one that it was bound to")
        .remedy(format!(
            "if the data still lies behind it, make the volume anew under the same name, with the claim and its UID in \
             `claimRef`; {and_then}"
        ))
        .command(Command::describe(Some(&claim.meta.namespace), "persistentvolumeclaim", name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::claim;

    #[test]
    fn a_lost_claim_is_told_before_its_volume() {
        let mut broken = Broken::new();
        broken.claim["status"]["phase"] = json!("Lost");
        broken.volume = json!({});
        let codes: Vec<_> = broken.all().iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["claim-lost", "volume-missing"]);
        assert_eq!(tells(&RULE, &broken), ["claim `data-web-0` has lost its volume"]);
    }

    #[test]
    fn one_that_no_member_has_is_told_once_too() {
        let mut broken = Broken::new();
        for (set, ordinal) in [("web", 3), ("db", 0)] {
            let [mut lost, _] = claim("data", set, ordinal, "eu-1a");
            lost["status"]["phase"] = json!("Lost");
            broken.more.push(lost);
        }
        broken.more[1]["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        broken.more[1]["metadata"]["finalizers"] = json!(["example.org/backup"]);
        let told = ["claim `data-db-0` has lost its volume", "claim `data-web-3` has lost its volume"];
        assert_eq!(tells(&RULE, &broken), told);
        let held = "it is being deleted since 5m, held by finalizer `example.org/backup`";
        assert_eq!(broken.findings(&RULE)[0].evidence[0], held);
    }

    #[test]
    fn a_bound_claim_is_not() {
        calm(&RULE, &Broken::new());
    }
}
