//! A volume that goes as soon as its claim does.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{BoundVolume, Sight};

pub static RULE: Rule = Rule {
    code: "volume-terminating",
    severity: Severity::Warning,
    sources: &["PV-55"],
    summary: "a volume is being deleted",
    page: include_str!("../../../docs/explain/volume-terminating.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.volumes().filter_map(of_volume).collect()
}

fn of_volume(BoundVolume { member, claim, volume }: BoundVolume<'_>) -> Option<Finding> {
    if volume.meta.deleting.is_none() || !volume.belongs_to(claim) {
        return None;
    }
    Some(
        RULE.of_member(member, format!("volume `{}` is being deleted as soon as its claim goes", volume.meta.name))
            .about(format!("PersistentVolume/{}", volume.meta.name))
            .because("a deletion cannot be taken back; the volume stays while its claim is there, and the data with it")
            .remedy("copy the data to another volume before the claim goes; set the volume to Retain, so that at least the disk stays")
            .command(Command::keep_volume(&volume.meta.name)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::volume_name;

    #[test]
    fn a_volume_on_its_way_out_is_told() {
        let mut broken = Broken::new();
        broken.volume["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        assert_eq!(
            tells(&RULE, &broken),
            [format!("volume `{}` is being deleted as soon as its claim goes", volume_name(0))]
        );
    }

    #[test]
    fn one_that_stays_is_not() {
        calm(&RULE, &Broken::new());
    }
}
