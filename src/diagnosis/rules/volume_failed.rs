//! A volume of a member that is Released or Failed.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{BoundVolume, FormerVolume, Sight};
use crate::facts::words::{ReclaimPolicy, VolumePhase};

pub static RULE: Rule = Rule {
    code: "volume-failed",
    severity: Severity::Warning,
    sources: &["PV-33", "PV-40"],
    summary: "the volume of a claim is Released or Failed",
    page: include_str!("../../../docs/explain/volume-failed.md"),
    checks: &[Check::Live(check), Check::Deep(former)],
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

/// The claim is gone, and what should have become of its volume did not, or not yet.
fn former(sight: &Sight<'_>) -> Vec<Finding> {
    let left = sight.former_volumes().into_iter().filter(|former| former.volume.meta.deleting.is_none());
    left.filter_map(|former| of_former(sight, &former)).collect()
}

fn of_former(sight: &Sight<'_>, FormerVolume { volume, claim, member, .. }: &FormerVolume<'_>) -> Option<Finding> {
    let name = &volume.meta.name;
    let told = |message: String| {
        let finding = RULE.of_set(sight, message).about(format!("PersistentVolume/{name}"));
        let said = Some(volume.message.as_str()).filter(|message| !message.is_empty());
        said.into_iter().fold(finding, Finding::evidence)
    };
    match (&volume.phase, &volume.reclaim_policy) {
        (VolumePhase::Failed, _) => Some(
            told(format!("volume `{name}` of the deleted claim `{claim}` is Failed"))
                .because(format!(
                    "it should have gone with the claim of `{member}`, and could not be deleted; the data may well be there"
                ))
                .remedy("save or delete what lies behind it, and then delete the volume; no claim gets it as it is")
                .command(Command::describe(None, "persistentvolume", name)),
        ),
        // What is kept is told of as released.
        (VolumePhase::Released, ReclaimPolicy::Delete | ReclaimPolicy::Recycle | ReclaimPolicy::Other(_)) => {
            let policy = volume.reclaim_policy.as_str();
            let finding =
                told(format!("volume `{name}` of the deleted claim `{claim}` is Released, and goes by its policy {policy}"));
            // Mostly these are the seconds that its driver takes.
            Some(
                Finding { severity: Severity::Warning, ..finding }
                    .because(format!(
                        "whoever provides it is to do away with the data of `{member}`, and has not come to that"
                    ))
                    .remedy("if the data is wanted, keep the volume at once; else look whether its driver works")
                    .command(Command::keep_volume(name)),
            )
        }
        (VolumePhase::Released, ReclaimPolicy::Retain)
        | (VolumePhase::Pending | VolumePhase::Available | VolumePhase::Bound | VolumePhase::Other(_), _) => None,
    }
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
    fn one_that_could_not_be_deleted_with_its_claim_is_told() {
        let mut broken = Broken::new();
        broken.set["spec"]["replicas"] = json!(0);
        (broken.pod, broken.claim) = (json!({}), json!({}));
        broken.volume["status"] = json!({"phase": "Failed", "message": "no deleter"});
        let words = format!("volume `{}` of the deleted claim `data-web-0` is Failed", volume_name(0));
        assert_eq!(tells(&RULE, &broken), [words]);
        assert_eq!(broken.findings(&RULE)[0].evidence, ["no deleter"]);
        broken.volume["status"]["phase"] = json!("Released");
        let words = format!(
            "volume `{}` of the deleted claim `data-web-0` is Released, and goes by its policy Delete",
            volume_name(0)
        );
        assert_eq!(tells(&RULE, &broken), [words]);
        assert_eq!(broken.findings(&RULE)[0].command, Some(Command::keep_volume(&volume_name(0))));
        broken.volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain");
        calm(&RULE, &broken);
    }

    #[test]
    fn a_bound_one_is_not() {
        calm(&RULE, &Broken::new());
    }
}
