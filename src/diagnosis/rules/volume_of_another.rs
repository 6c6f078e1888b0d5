//! A claim names a volume that belongs to another claim.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{BoundVolume, Sight};

pub static RULE: Rule = Rule {
    code: "volume-of-another",
    severity: Severity::Error,
    sources: &["PV-20", "PV-32"],
    summary: "the volume of a claim belongs to another one",
    page: include_str!("../../../docs/explain/volume-of-another.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.volumes().filter_map(of_volume).collect()
}

fn of_volume(BoundVolume { member, claim, volume }: BoundVolume<'_>) -> Option<Finding> {
    let owner = volume.claim.as_ref()?;
    if volume.belongs_to(claim) {
        return None;
    }
    Some(
        RULE.of_member(member, format!("volume `{}` belongs to another claim", volume.meta.name))
            .about(format!("PersistentVolumeClaim/{}", claim.meta.name))
            .evidence(format!("it belongs to claim `{}` of namespace `{}`", owner.name, owner.namespace))
            .because("a volume is bound to one claim at a time, told by name and UID")
            .remedy("see whose data it holds; a claim that was deleted and made anew is another one: if the data is to be its, write its name and UID into `claimRef`, and remove nothing else of it")
            .command(Command::describe(None, "persistentvolume", &volume.meta.name)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::volume_name;

    #[test]
    fn a_volume_with_another_uid_in_its_reference_is_told() {
        let mut broken = Broken::new();
        broken.volume["spec"]["claimRef"]["uid"] = json!("other");
        assert_eq!(tells(&RULE, &broken), [format!("volume `{}` belongs to another claim", volume_name(0))]);
    }

    #[test]
    fn its_own_volume_is_not() {
        calm(&RULE, &Broken::new());
    }
}
