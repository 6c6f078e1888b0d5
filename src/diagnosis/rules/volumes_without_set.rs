//! Volumes that are left of claims of this namespace, and that no set here had.
//! The claims are gone by UID; one of the same name is another one (PV-34).

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::words;
use crate::facts::inventory::Scene;
use crate::facts::ordinals::sets_of_claim;
use crate::facts::surroundings::Surroundings;
use crate::facts::volume::{ClaimRef, Volume};
use crate::facts::words::{ReclaimPolicy, VolumePhase};

pub static RULE: Rule = Rule {
    code: "volumes-without-set",
    severity: Severity::Warning,
    sources: &["PV-33", "PV-34", "PV-40", "H-45"],
    summary: "volumes are left of claims that no set and nobody else has",
    page: include_str!("../../../docs/explain/volumes-without-set.md"),
    checks: &[Check::Namespace(check)],
};

/// Volumes that are named one by one.
const MOST_NAMED: usize = 10;

fn check(scene: &Scene<'_>, _: &Surroundings) -> Vec<Finding> {
    let left = left(scene);
    let message = match left.as_slice() {
        [] => return Vec::new(),
        [(volume, of)] => {
            format!("volume `{}` is left of the deleted claim `{}`, which no set here makes", volume.meta.name, of.name)
        }
        several => format!("{} volumes are left of deleted claims that no set here makes", several.len()),
    };
    let line = |(volume, of): &(&Volume, &ClaimRef)| format!("{} of claim `{}`", in_words(volume, scene), of.name);
    let finding = left.iter().take(MOST_NAMED).map(line).fold(RULE.finding(message), Finding::evidence);
    let finding = match left.len().saturating_sub(MOST_NAMED) {
        0 => finding,
        more => finding.evidence(format!("and {more} more")),
    };
    let finding = finding.because("they cost what they cost, and no claim gets one as it is, with the data in it").remedy(
        "keep one whose data is wanted: set it to Retain, and reserve it for a claim of the old name; delete the others, and \
         what lies behind them; of one that does not go see to whoever holds it",
    );
    vec![match left.as_slice() {
        // Reserved for its old name it goes to nobody else, and with the claim it is that member's again.
        [(volume, _)] if volume.retired().is_some() => finding
            .remedy("if its data is wanted, `volumes restore` gives it back under its claim; otherwise `volumes purge` destroys it")
            .about(format!("PersistentVolume/{}", volume.meta.name))
            .command(Command::describe(None, "persistentvolume", &volume.meta.name)),
        [(volume, of)] if is_kept(volume) && is_taken(of, scene) => finding
            .evidence(format!("there is a new claim `{}`: who waits for it would write over the data", of.name))
            .remedy("if its data is wanted, reserve it for a claim of another name and copy it; otherwise delete it, and what lies behind it")
            .about(format!("PersistentVolume/{}", volume.meta.name))
            .command(Command::describe(None, "persistentvolume", &volume.meta.name)),
        [(volume, of)] if is_kept(volume) => finding
            .remedy(format!(
                "if its data is wanted, reserve it for a claim of the old name (`{}`); otherwise delete it, and what lies behind it",
                of.name
            ))
            .about(format!("PersistentVolume/{}", volume.meta.name))
            .command(Command::reserve_volume(&volume.meta.name)),
        [(volume, _)] => finding.about(format!("PersistentVolume/{}", volume.meta.name)).command(Command::describe(
            None,
            "persistentvolume",
            &volume.meta.name,
        )),
        _ => finding.command(Command::get(None, "persistentvolume")),
    }]
}

fn left<'a>(scene: &Scene<'a>) -> Vec<(&'a Volume, &'a ClaimRef)> {
    let (Some(volumes), Some(claims)) = (&scene.volumes, &scene.claims) else { return Vec::new() };
    let of_nobody = |volume: &'a Volume| {
        let of = volume.claim.as_ref().filter(|of| of.namespace == scene.namespace && !of.uid.is_empty())?;
        let exists = claims.get(of.name.as_str()).is_some_and(|claim| claim.meta.uid == of.uid);
        // Whatever is still Bound waits for the binder to see that its claim is gone.
        let given_up = matches!(volume.phase, VolumePhase::Released | VolumePhase::Failed);
        let is_left = !exists && (given_up || volume.meta.deleting.is_some());
        (is_left && sets_of_claim(&of.name, scene.sets.iter().copied()).is_empty()).then_some((volume, of))
    };
    volumes.values().copied().filter_map(of_nobody).collect()
}

/// The name of its claim is another claim's by now: that has a volume, or would get this one at once.
fn is_taken(of: &ClaimRef, scene: &Scene<'_>) -> bool {
    scene.claims.as_ref().is_some_and(|claims| claims.contains_key(of.name.as_str()))
}

/// Nothing deletes it or waits to do so.
fn is_kept(volume: &Volume) -> bool {
    volume.phase == VolumePhase::Released
        && volume.reclaim_policy == ReclaimPolicy::Retain
        && volume.meta.deleting.is_none()
}

/// `disk`, 10Gi, Released, Retain, with what else is known of it.
fn in_words(volume: &Volume, scene: &Scene<'_>) -> String {
    let (name, policy) = (&volume.meta.name, volume.reclaim_policy.as_str());
    let mut words = format!("volume `{name}`, {}, {}, {policy},", volume.capacity, volume.phase.as_str());
    if volume.meta.deleting.is_some() {
        words = format!("{words} {},", words::deleted(&volume.meta, scene));
    }
    if let Some(mark) = volume.retired() {
        words = format!("{words} kept by run `{}` at {},", mark.run, mark.at);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::claim;

    fn left_over(name: &str, ordinal: u64, change: impl FnOnce(&mut Value)) -> Value {
        let [_, mut volume] = claim("data", "db", ordinal, "eu-1a");
        volume["metadata"]["name"] = json!(name);
        volume["status"]["phase"] = json!("Released");
        volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain");
        change(&mut volume);
        volume
    }

    #[test]
    fn what_is_left_of_a_set_that_is_gone_is_told_with_how_it_is() {
        let mut broken = Broken::new();
        broken.more.push(left_over("disk", 0, |_| ()));
        let words = "volume `disk` is left of the deleted claim `data-db-0`, which no set here makes";
        assert_eq!(tells(&RULE, &broken), [words]);
        assert_eq!(broken.findings(&RULE)[0].command, Some(Command::reserve_volume("disk")));
        let [mut anew, _] = claim("data", "db", 0, "eu-1a");
        anew["metadata"]["uid"] = json!("another");
        anew["spec"]["volumeName"] = json!("new-disk");
        broken.more.push(anew);
        let taken = broken.findings(&RULE).remove(0);
        assert_eq!(taken.command, Some(Command::describe(None, "persistentvolume", "disk")));
        assert_eq!(taken.evidence[1], "there is a new claim `data-db-0`: who waits for it would write over the data");
        broken.more.pop();
        broken.more[0]["spec"]["persistentVolumeReclaimPolicy"] = json!("Delete");
        assert_eq!(broken.findings(&RULE)[0].command, Some(Command::describe(None, "persistentvolume", "disk")));
        broken.more[0]["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain");
        broken.more.push(left_over("other", 1, |volume| {
            volume["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
            volume["metadata"]["finalizers"] = json!(["example.org/backup"]);
            volume["status"]["phase"] = json!("Failed");
        }));
        assert_eq!(tells(&RULE, &broken), ["2 volumes are left of deleted claims that no set here makes"]);
        let evidence = [
            "volume `disk`, 10Gi, Released, Retain, of claim `data-db-0`",
            "volume `other`, 10Gi, Failed, Retain, is being deleted since 5m, held by finalizer `example.org/backup`, of claim `data-db-1`",
        ];
        assert_eq!(broken.findings(&RULE)[0].evidence, evidence);
    }

    #[test]
    fn volumes_of_sets_of_claims_that_exist_of_other_namespaces_and_reserved_ones_are_not() {
        let mut broken = Broken::new();
        broken.more = vec![
            left_over("a", 0, |volume| volume["spec"]["claimRef"]["name"] = json!("data-web-7")),
            left_over("b", 0, |volume| volume["spec"]["claimRef"]["namespace"] = json!("other")),
            left_over("c", 0, |volume| volume["spec"]["claimRef"]["uid"] = json!(null)),
            left_over("d", 0, |volume| volume["status"]["phase"] = json!("Bound")),
        ];
        let [exists, volume] = claim("data", "job", 0, "eu-1a");
        broken.more.extend([exists, volume]);
        calm(&RULE, &broken);
        broken.more = vec![left_over("disk", 0, |_| ())];
        broken.hidden = vec!["PersistentVolumeClaim"];
        calm(&RULE, &broken);
    }
}
