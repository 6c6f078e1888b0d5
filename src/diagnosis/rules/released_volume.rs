//! A volume that would fit, if only its reference to a deleted claim were removed.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{FormerVolume, Member, Sight};
use crate::facts::overview::ClaimOverview;
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
    sight.claims().filter_map(|(member, claim)| of_claim(member, claim)).collect()
}

fn of_claim(member: &Member<'_>, overview: &ClaimOverview) -> Option<Finding> {
    let volume = overview.released.as_deref()?;
    let name = &volume.meta.name;
    let of = volume.claim.as_ref().map_or_else(String::new, |claim| {
        format!(" to the deleted claim `{}` of namespace `{}`", claim.name, claim.namespace)
    });
    let message = format!(
        "volume `{name}` would fit, but it is Released and still belongs{of}; without its `spec.claimRef` it can be \
         bound again, with the data in it"
    );
    Some(
        RULE.of_member(member, message)
            .about(format!("PersistentVolumeClaim/{}", overview.name))
            .because(
                "a Released volume does not become free by itself, and a new claim of the same name is another claim",
            )
            .remedy("free it, if its data is what the member should have")
            .command(Command::free_volume(name)),
    )
}

/// Volumes whose claim was that of a member and does not exist any more: a new
/// one gets another volume, unless this one is reserved for it.
fn former(sight: &Sight<'_>) -> Vec<Finding> {
    let is_kept = |former: &FormerVolume<'_>| {
        former.volume.phase == VolumePhase::Released && former.volume.reclaim_policy == ReclaimPolicy::Retain
    };
    let told = |FormerVolume { volume, claim, member }| {
        let name = &volume.meta.name;
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    use crate::diagnosis::command::Command;
    use crate::diagnosis::samples::{Broken, calm};

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
    fn a_released_volume_that_would_fit_is_named_first_with_what_frees_it() {
        let found = broken(|_| ()).all();
        let codes: Vec<_> = found.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["released-volume", "claim-pending"]);
        assert!(found[0].message.contains("the deleted claim `data-web-0` of namespace `default`"), "{found:?}");
        assert_eq!(found[0].command, Some(Command::free_volume("disk")));
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
