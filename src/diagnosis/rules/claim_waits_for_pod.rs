//! A claim that gets its volume when its pod gets a node: never the cause itself.

use super::claim_pending::gets_nothing;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words;
use crate::facts::overview::ClaimOverview;
use crate::facts::words::ClaimPhase;

pub static RULE: Rule = Rule {
    code: "claim-waits-for-pod",
    severity: Severity::Warning,
    sources: &["PV-05", "PV-14"],
    summary: "a claim waits for its pod to get a node",
    page: include_str!("../../../docs/explain/claim-waits-for-pod.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.claims().filter_map(|(member, claim)| of_claim(sight, member, claim)).collect()
}

fn of_claim(sight: &Sight<'_>, member: &Member<'_>, overview: &ClaimOverview) -> Option<Finding> {
    let claim = overview.claim.as_ref().filter(|claim| claim.phase == ClaimPhase::Pending)?;
    if !words::waits_for_pod(claim, sight.scene) || gets_nothing(claim, sight.scene, sight.around) {
        return None;
    }
    Some(
        RULE.of_member(
            member,
            format!("claim `{}` has no volume yet{}", overview.name, words::why_pending(claim, sight.scene)),
        )
        .about(format!("PersistentVolumeClaim/{}", overview.name))
        .because("its class makes volumes where the pod is, so the pod gets a node first")
        .remedy("see why the pod has no node"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm};
    use crate::facts::samples::{class, event, pending_pod};

    #[test]
    fn a_claim_that_waits_is_told_after_the_reason_of_the_pod() {
        let mut broken = Broken::new();
        broken.pod = pending_pod("web", 0, "0/1 nodes are available: 1 Insufficient cpu.");
        broken.claim["status"] = json!({"phase": "Pending"});
        broken.claim["spec"]["volumeName"] = json!(null);
        broken.more.push(event("claim-data-web-0", "Normal", "WaitForFirstConsumer", "waiting"));
        broken.more.push(class("standard", "csi.example.org"));
        let codes: Vec<_> = broken.all().iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["no-node", "claim-waits-for-pod"]);
    }

    #[test]
    fn a_bound_claim_is_not() {
        calm(&RULE, &Broken::new());
    }
}
