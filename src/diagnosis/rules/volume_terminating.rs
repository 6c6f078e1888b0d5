//! A volume that goes as soon as its claim does.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{BoundVolume, FormerVolume, Sight};
use crate::diagnosis::words;

pub static RULE: Rule = Rule {
    code: "volume-terminating",
    severity: Severity::Warning,
    sources: &["PV-55"],
    summary: "a volume is being deleted",
    page: include_str!("../../../docs/explain/volume-terminating.md"),
    checks: &[Check::Live(check), Check::Deep(former)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.volumes().filter_map(|bound| of_volume(sight, bound)).collect()
}

fn of_volume(sight: &Sight<'_>, BoundVolume { member, claim, volume }: BoundVolume<'_>) -> Option<Finding> {
    if volume.meta.deleting.is_none() || !volume.belongs_to(claim) {
        return None;
    }
    Some(
        RULE.of_member(member, format!("volume `{}` is being deleted as soon as its claim goes", volume.meta.name))
            .about(format!("PersistentVolume/{}", volume.meta.name))
            .evidence(format!("it {}", words::deleted(&volume.meta, sight.scene)))
            .because("a deletion cannot be taken back; the volume stays while its claim is there, and the data with it")
            .remedy("copy the data to another volume before the claim goes; set the volume to Retain, so that at least the disk stays")
            .command(Command::keep_volume(&volume.meta.name)),
    )
}

/// The claim is gone, and its volume does not go.
fn former(sight: &Sight<'_>) -> Vec<Finding> {
    let going = sight.former_volumes().into_iter().filter(|former| former.volume.meta.deleting.is_some());
    let told = |FormerVolume { volume, claim, member, .. }| {
        let name = &volume.meta.name;
        let deleted = words::deleted(&volume.meta, sight.scene);
        let finding = RULE.of_set(sight, format!("volume `{name}` of the deleted claim `{claim}` {deleted}"));
        let message = Some(volume.message.as_str()).filter(|message| !message.is_empty());
        message
            .into_iter()
            .fold(finding, Finding::evidence)
            .about(format!("PersistentVolume/{name}"))
            .because(format!(
                "a deletion cannot be taken back: it goes, and the data of `{member}` with it, as soon as nobody holds it"
            ))
            .remedy("see to whoever holds it, mostly the driver that deletes the disk behind it; if the data is wanted, save it first")
            .command(Command::describe(None, "persistentvolume", name))
    };
    going.map(told).collect()
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
    fn one_whose_claim_is_gone_is_told_with_what_holds_it() {
        let mut broken = Broken::new();
        broken.set["spec"]["replicas"] = json!(0);
        (broken.pod, broken.claim) = (json!({}), json!({}));
        calm(&RULE, &broken);
        broken.volume["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        broken.volume["metadata"]["finalizers"] = json!(["external-provisioner.volume.kubernetes.io/finalizer"]);
        let name = volume_name(0);
        let words = format!(
            "volume `{name}` of the deleted claim `data-web-0` is being deleted since 5m, held by finalizer \
             `external-provisioner.volume.kubernetes.io/finalizer`"
        );
        assert_eq!(tells(&RULE, &broken), [words]);
    }

    #[test]
    fn one_that_stays_is_not() {
        calm(&RULE, &Broken::new());
    }
}
