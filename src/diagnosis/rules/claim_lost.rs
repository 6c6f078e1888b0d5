//! A claim whose volume is gone for it.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::facts::words::ClaimPhase;

pub static RULE: Rule = Rule {
    code: "claim-lost",
    severity: Severity::Error,
    sources: &["PV-32"],
    summary: "a claim has lost its volume",
    page: include_str!("../../../docs/explain/claim-lost.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for member in sight.members() {
        for overview in member.row.claims.iter().flatten() {
            let Some(claim) = &overview.claim else { continue };
            let message = match &claim.phase {
                ClaimPhase::Lost => format!("claim `{}` has lost its volume", overview.name),
                ClaimPhase::Other(phase) => format!("claim `{}` is in phase {phase}", overview.name),
                ClaimPhase::Bound | ClaimPhase::Pending => continue,
            };
            let volume = claim.volume_name.as_deref().unwrap_or("NAME");
            found.push(
                RULE.of_member(member, message)
                    .about(format!("PersistentVolumeClaim/{}", overview.name))
                    .evidence(format!("it was bound to `{volume}`"))
                    .because("a claim never takes another volume than the one that it was bound to")
                    .remedy("if the data still lies behind it, make the volume anew under the same name, with the claim and its UID in `claimRef`; else delete the claim and the pod, and the member starts empty")
                    .command(Command::describe(Some(sight.namespace()), "persistentvolumeclaim", &overview.name)),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

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
    fn a_bound_claim_is_not() {
        calm(&RULE, &Broken::new());
    }
}
