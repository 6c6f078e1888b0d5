//! A pod whose claim does not exist.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::facts::overview::ClaimOverview;

pub static RULE: Rule = Rule {
    code: "claim-missing",
    severity: Severity::Error,
    sources: &["SS-75", "PV-52"],
    summary: "the claim of a pod does not exist",
    page: include_str!("../../../docs/explain/claim-missing.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.claims().filter_map(|(member, claim)| of_claim(sight, member, claim)).collect()
}

fn of_claim(sight: &Sight<'_>, member: &Member<'_>, overview: &ClaimOverview) -> Option<Finding> {
    // Without a pod the controller has simply not made the claim yet.
    (member.pod.is_some() && overview.claim.is_none()).then(|| {
        RULE.of_member(member, format!("claim `{}` does not exist", overview.name))
            .because("the pod cannot start without it; claims of templates are made by the set, others by you")
            .remedy(
                "make the claim; if it is one of a template, delete the pod, and the set makes both, the claim empty",
            )
            .command(Command::describe(Some(sight.namespace()), "pod", &member.row.name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

    #[test]
    fn a_claim_that_a_pod_lacks_is_told() {
        let mut broken = Broken::new();
        broken.claim = json!({});
        assert_eq!(tells(&RULE, &broken), ["claim `data-web-0` does not exist"]);
    }

    #[test]
    fn without_a_pod_and_without_rights_it_is_not() {
        let mut broken = Broken::new();
        broken.claim = json!({});
        broken.pod = json!({});
        calm(&RULE, &broken);
        let mut broken = Broken::new();
        broken.claim = json!({});
        broken.hidden.push("PersistentVolumeClaim");
        calm(&RULE, &broken);
    }
}
