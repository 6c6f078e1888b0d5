//! A claim names a volume that does not exist.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::facts::overview::{ClaimOverview, VolumeState};

pub static RULE: Rule = Rule {
    code: "volume-missing",
    severity: Severity::Error,
    sources: &["PV-32"],
    summary: "the volume of a claim does not exist",
    page: include_str!("../../../docs/explain/volume-missing.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.claims().filter_map(|(member, claim)| of_claim(sight, member, claim)).collect()
}

fn of_claim(sight: &Sight<'_>, member: &Member<'_>, overview: &ClaimOverview) -> Option<Finding> {
    let name = overview.claim.as_ref()?.volume_name.as_deref()?;
    (overview.volume == VolumeState::Gone).then(|| {
        RULE.of_member(member, format!("volume `{name}` does not exist"))
            .about(format!("PersistentVolumeClaim/{}", overview.name))
            .because("the claim waits for this very volume, and for no other")
            .remedy("make the volume anew under this name if its data still exists; else delete the claim and the pod")
            .command(Command::describe(Some(sight.namespace()), "persistentvolumeclaim", &overview.name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::volume_name;

    #[test]
    fn a_volume_that_is_gone_is_told() {
        let mut broken = Broken::new();
        broken.volume = json!({});
        assert_eq!(tells(&RULE, &broken), [format!("volume `{}` does not exist", volume_name(0))]);
    }

    #[test]
    fn volumes_that_nobody_may_see_are_not_missing() {
        let mut broken = Broken::new();
        broken.volume = json!({});
        broken.hidden.push("PersistentVolume");
        calm(&RULE, &broken);
    }
}
