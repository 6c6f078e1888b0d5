//! A volume that would fit, if only its reference to a deleted claim were removed.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::facts::overview::ClaimOverview;

pub static RULE: Rule = Rule {
    code: "released-volume",
    severity: Severity::Error,
    sources: &["S1-e3", "PV-34", "PV-35"],
    summary: "a released volume would fit a claim that waits",
    page: include_str!("../../../docs/explain/released-volume.md"),
    checks: &[Check::Live(check)],
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
