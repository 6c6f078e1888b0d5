//! A volume that would fit, if only it did not still belong to a deleted claim.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{FormerVolume, Member, Sight};
use crate::facts::age::age_of;
use crate::facts::mark::Mark;
use crate::facts::overview::ClaimOverview;
use crate::facts::volume::Volume;
use crate::facts::words::{ReclaimPolicy, VolumePhase};

pub static RULE: Rule = Rule {
    code: "released-volume",
    severity: Severity::Error,
    sources: &["S1-e3", "PV-34", "PV-35"],
    summary: "a released volume would fit a claim that waits",
    page: include_str!("../../../docs/explain/released-volume.md"),
    checks: &[Check::Live(check), Check::Deep(former)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.claims().filter_map(|(member, claim)| of_claim(sight, member, claim)).collect()
}

fn of_claim(sight: &Sight<'_>, member: &Member<'_>, overview: &ClaimOverview) -> Option<Finding> {
    let volume = overview.released.as_deref()?;
    let name = &volume.meta.name;
    let of = volume.claim.as_ref().map_or_else(String::new, |claim| {
        format!(" to the deleted claim `{}` of namespace `{}`", claim.name, claim.namespace)
    });
    let message = format!("volume `{name}` would fit, but it is Released and still belongs{of}");
    let command = Command::give_volume(volume, sight.namespace(), &overview.name);
    let remedy = if volume.was_of(sight.namespace(), &overview.name) {
        "reserve it for the new claim of the name, if its data is what the member should have"
    } else {
        "reserve it for the claim that asks for it by name, if its data is what the member should have"
    };
    Some(
        RULE.of_member(member, message)
            .about(format!("PersistentVolumeClaim/{}", overview.name))
            .because(
                "a Released volume does not become free by itself, and a new claim of the same name is another claim",
            )
            .remedy(remedy)
            .command(command),
    )
}

/// Volumes whose claim was that of a member and does not exist any more: a new
/// one gets another volume, unless this one is reserved for it.
fn former(sight: &Sight<'_>) -> Vec<Finding> {
    let is_kept = |former: &FormerVolume<'_>| {
        let volume = former.volume;
        volume.phase == VolumePhase::Released
            && volume.reclaim_policy == ReclaimPolicy::Retain
            && volume.meta.deleting.is_none()
    };
    let told = |FormerVolume { volume, claim, member, now_on, rivals }| {
        let name = &volume.meta.name;
        if let Some(other) = now_on {
            return replaced(sight, volume, &member, other);
        }
        if let Some(mark) = volume.retired() {
            return retired(sight, name, mark, &member);
        }
        if !rivals.is_empty() {
            return one_of_several(sight, volume, claim, &member, &rivals);
        }
        let message =
            format!("volume `{name}` is Released: it has the data of `{member}`, and the claim `{claim}` is gone");
        Finding { severity: Severity::Warning, ..RULE.of_set(sight, message) }
            .about(format!("PersistentVolume/{name}"))
            .because("the claim that the set makes next is another one, and gets another, empty volume")
            .remedy("if the member should have this data, reserve the volume for its next claim, before the member comes back")
            .command(Command::reserve_volume(name))
    };
    sight.former_volumes().into_iter().filter(is_kept).map(told).collect()
}

/// Nobody can tell by the objects whose data is the one that is wanted.
fn one_of_several(sight: &Sight<'_>, volume: &Volume, claim: &str, member: &str, rivals: &[&Volume]) -> Finding {
    let name = &volume.meta.name;
    let message = format!("volume `{name}` is Released: it was one of {} of the claim `{claim}`", rivals.len() + 1);
    let finding = Finding { severity: Severity::Warning, ..RULE.of_set(sight, message) }
        .about(format!("PersistentVolume/{name}"))
        .evidence(format!("it was made {} ago", age_of(volume.meta.created, sight.scene.now)));
    let line = |other: &&Volume| {
        let reserved = other.claim.as_ref().is_some_and(|claim| claim.uid.is_empty());
        let state = if reserved { "reserved for the claim already" } else { other.phase.as_str() };
        format!("volume `{}` was made {} ago, {state}", other.meta.name, age_of(other.meta.created, sight.scene.now))
    };
    rivals
        .iter()
        .map(line)
        .fold(finding, Finding::evidence)
        .because(format!(
            "`{member}` has had several volumes, one after the other; which of them has the data that is wanted does not stand in them"
        ))
        .remedy(
            "find out which it is, by when they were made and by what lies behind them; reserve that one alone, as \
             `explain released-volume` says, before the member comes back",
        )
        .command(Command::describe(None, "persistentvolume", name))
}

/// The member has come back, without what it had.
fn replaced(sight: &Sight<'_>, volume: &Volume, member: &str, now_on: &str) -> Finding {
    let name = &volume.meta.name;
    let message = format!(
        "`{member}` runs on volume `{now_on}`; another one that it had, `{name}`, is Released with what is in it"
    );
    let finding = Finding { severity: Severity::Warning, ..RULE.of_set(sight, message) };
    let made = |volume: &Volume| {
        format!("volume `{}` was made {} ago", volume.meta.name, age_of(volume.meta.created, sight.scene.now))
    };
    let present = sight.scene.volumes.as_ref().and_then(|volumes| volumes.get(now_on));
    let finding = [Some(volume), present.copied()].into_iter().flatten().map(made).fold(finding, Finding::evidence);
    let mark = volume.retired().map(|mark| format!("run `{}` has kept it at {}", mark.run, mark.at));
    mark.into_iter()
        .fold(finding, Finding::evidence)
        .about(format!("PersistentVolume/{name}"))
        .because("a claim that is made anew gets another volume, mostly an empty one; which of them has the data that is wanted does not stand in them")
        .remedy(
            "look which one the member should have: if it is the present one, all is well, and this one costs what it costs until somebody \
             deletes it; if it should have this one again, keep its present volume (Retain), scale the set down below the member, \
             delete its claim, reserve this volume for the next one as `explain released-volume` says, and scale up; if nobody \
             needs the data, delete the volume and what lies behind it",
        )
        .command(Command::describe(None, "persistentvolume", name))
}

/// One that a run of ours has kept knows by itself where it belongs.
fn retired(sight: &Sight<'_>, name: &str, mark: &Mark, member: &str) -> Finding {
    let message =
        format!("volume `{name}` is retired: run `{}` has kept the data of `{member}` at {}", mark.run, mark.at);
    Finding { severity: Severity::Warning, ..RULE.of_set(sight, message) }
        .about(format!("PersistentVolume/{name}"))
        .because("it costs what it costs until somebody purges it; a member that comes back gets an empty volume")
        .remedy("if the member should have this data, restore it before the member comes back")
        .command(Command::restore_volumes(sight.namespace(), &sight.set().meta.name, mark.ordinal))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use serde_json::{Value, json};

    use crate::diagnosis::command::Command;
    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::{claim, volume_name};

    fn broken(change: impl FnOnce(&mut Value)) -> Broken {
        let mut broken = Broken::new();
        broken.claim["spec"]["volumeName"] = json!(null);
        broken.claim["status"] = json!({"phase": "Pending"});
        broken.volume["metadata"]["name"] = json!("disk");
        broken.volume["status"]["phase"] = json!("Released");
        broken.volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain");
        broken.volume["spec"]["accessModes"] = json!(["ReadWriteOnce"]);
        broken.volume["spec"]["claimRef"] = json!({"namespace": "default", "name": "data-web-0", "uid": "1"});
        change(&mut broken.volume);
        broken
    }

    #[test]
    fn a_released_volume_that_would_fit_is_named_first_with_what_gives_it_to_this_claim_alone() {
        let found = broken(|_| ()).all();
        let codes: Vec<_> = found.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["released-volume", "claim-pending"]);
        assert!(found[0].message.contains("the deleted claim `data-web-0` of namespace `default`"), "{found:?}");
        assert_eq!(found[0].command, Some(Command::reserve_volume("disk")));
    }

    #[test]
    fn one_of_another_name_that_the_claim_asks_for_is_reserved_for_it() {
        let mut asks = broken(|volume| volume["spec"]["claimRef"]["name"] = json!("old-web-0"));
        calm(&RULE, &asks);
        asks.claim["spec"]["volumeName"] = json!("disk");
        assert_eq!(asks.findings(&RULE)[0].command, Some(Command::reserve_for("disk", "default", "data-web-0")));
    }

    #[test]
    fn a_volume_whose_claim_is_gone_is_told_before_the_member_comes_back() {
        let mut gone = broken(|_| ());
        gone.set["spec"]["replicas"] = json!(0);
        (gone.pod, gone.claim) = (json!({}), json!({}));
        let found = gone.findings(&RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].command, Some(Command::reserve_volume("disk")));
        assert!(found[0].message.contains("it has the data of `web-0`"), "{}", found[0].message);
        gone.volume["spec"]["claimRef"] = json!({"namespace": "default", "name": "data-web-0"});
        gone.volume["status"]["phase"] = json!("Available");
        calm(&RULE, &gone);
    }

    #[test]
    fn of_several_volumes_of_a_claim_none_is_offered_for_it() {
        let mut gone = broken(|_| ());
        gone.set["spec"]["replicas"] = json!(0);
        (gone.pod, gone.claim) = (json!({}), json!({}));
        let mut other = gone.volume.clone();
        other["metadata"]["name"] = json!("disk-2");
        other["metadata"]["uid"] = json!("disk-2");
        other["spec"]["claimRef"]["uid"] = json!("2");
        gone.more.push(other.clone());
        let found = gone.findings(&RULE);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].message, "volume `disk` is Released: it was one of 2 of the claim `data-web-0`");
        assert_eq!(found[0].command, Some(Command::describe(None, "persistentvolume", "disk")));
        assert!(found[0].evidence[1].contains("`disk-2`") && found[0].evidence[1].ends_with(", Released"), "{found:?}");
        // Also where one is reserved for it already.
        other["spec"]["claimRef"] = json!({"namespace": "default", "name": "data-web-0"});
        other["status"]["phase"] = json!("Available");
        *gone.more.last_mut().unwrap() = other;
        let found = gone.findings(&RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].evidence[1].ends_with("reserved for the claim already"), "{found:?}");
    }

    #[test]
    fn a_volume_whose_member_came_back_on_another_one_is_not_forgotten() {
        let mut back = broken(|volume| volume["spec"]["claimRef"]["uid"] = json!("an earlier one"));
        let [claim, other] = claim("data", "web", 0, "eu-1a");
        back.claim = claim;
        back.more.push(other);
        let told = tells(&RULE, &back);
        let name = volume_name(0);
        assert_eq!(
            told,
            [format!(
                "`web-0` runs on volume `{name}`; another one that it had, `disk`, is Released with what is in it"
            )]
        );
        assert_eq!(back.findings(&RULE)[0].severity, Severity::Warning);
        back.volume["spec"]["claimRef"]["uid"] = json!("claim-data-web-0");
        calm(&RULE, &back);
    }

    #[test]
    fn one_that_a_run_has_retired_is_told_with_what_restores_it() {
        let mut gone = broken(|_| ());
        gone.set["spec"]["replicas"] = json!(0);
        (gone.pod, gone.claim) = (json!({}), json!({}));
        let mark = Mark {
            set: "web".to_owned(),
            template: "data".to_owned(),
            ordinal: 0,
            claim_uid: "1".to_owned(),
            claim_labels: BTreeMap::new(),
            former_policy: "Delete".to_owned(),
            run: "0mfc2k5qabcd".to_owned(),
            at: "2026-03-13T11:50:00Z".to_owned(),
        };
        json_patch::merge(&mut gone.volume, &json!({ "metadata": mark.metadata() }));
        let told = "volume `disk` is retired: run `0mfc2k5qabcd` has kept the data of `web-0` at 2026-03-13T11:50:00Z";
        assert_eq!(tells(&RULE, &gone), [told]);
        assert_eq!(gone.findings(&RULE)[0].command, Some(Command::restore_volumes("default", "web", 0)));
    }

    #[test]
    fn volumes_that_do_not_fit_or_hold_the_data_of_another_claim_are_not() {
        for (field, value) in [
            ("storageClassName", json!("other")),
            ("capacity", json!({"storage": "9Gi"})),
            ("accessModes", json!(["ReadOnlyMany"])),
            ("persistentVolumeReclaimPolicy", json!("Delete")),
            ("claimRef", json!({"namespace": "default", "name": "data-db-0", "uid": "1"})),
            ("claimRef", json!({"namespace": "other", "name": "data-web-0", "uid": "1"})),
        ] {
            calm(&RULE, &broken(|volume| volume["spec"][field] = value));
        }
        calm(&RULE, &broken(|volume| volume["status"]["phase"] = json!("Available")));
    }
}
