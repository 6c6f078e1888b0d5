//! A volume of a member that is Released or Failed.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{BoundVolume, Sight};
use crate::facts::words::VolumePhase;

pub static RULE: Rule = Rule {
    code: "volume-failed",
    severity: Severity::Warning,
    sources: &["PV-33", "PV-40"],
    summary: "the volume of a claim is Released or Failed",
    page: include_str!("../../../docs/explain/volume-failed.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.volumes().filter_map(of_volume).collect()
}

fn of_volume(BoundVolume { member, claim, volume }: BoundVolume<'_>) -> Option<Finding> {
    let own = volume.belongs_to(claim);
    if !own || volume.meta.deleting.is_some() || !matches!(volume.phase, VolumePhase::Released | VolumePhase::Failed) {
        return None;
    }
    Some(
        RULE.of_member(member, format!("volume `{}` is {}", volume.meta.name, volume.phase.as_str()))
            .about(format!("PersistentVolume/{}", volume.meta.name))
            .because("it was given up by the binder, or could not be deleted")
            .remedy("look at its message and events")
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
    fn a_failed_volume_is_told() {
        let mut broken = Broken::new();
        broken.volume["status"]["phase"] = json!("Failed");
        assert_eq!(tells(&RULE, &broken), [format!("volume `{}` is Failed", volume_name(0))]);
    }

    #[test]
    fn a_bound_one_is_not() {
        calm(&RULE, &Broken::new());
    }
}
