//! A volume that is reserved for a claim of the cluster which will not take it.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::facts::claim::Claim;
use crate::facts::obstacle::obstacle;
use crate::facts::volume::{ClaimRef, Volume};
use crate::facts::wish::Wish;
use crate::facts::words::ClaimPhase;

pub static RULE: Rule = Rule {
    code: "reserved-in-vain",
    severity: Severity::Warning,
    sources: &["PV-35", "PV-20"],
    summary: "a volume is reserved for a claim that will not take it",
    page: include_str!("../../../docs/explain/reserved-in-vain.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    all.of_kind(Kind::Volume).filter_map(|volume| in_vain(all, volume)).collect()
}

fn in_vain(all: &Manifests, document: &Document) -> Option<Finding> {
    let volume = Volume::read(&document.root.to_value())?;
    let reference = volume.claim.as_ref().filter(|claim| !claim.namespace.is_empty() && !claim.name.is_empty())?;
    let claim = all.beyond.as_ref()?.claim(&reference.namespace, &reference.name)?;
    // What is bound to it already is no matter of this manifest.
    if claim.volume_name.as_ref() == Some(&volume.meta.name) && claim.phase == ClaimPhase::Bound {
        return None;
    }
    let (why, remedy) = why(&volume, reference, claim)?;
    let title = format!("claim `{}` of namespace `{}`", claim.meta.name, claim.meta.namespace);
    Some(
        RULE.at(document, document.at("spec.claimRef")?, format!("{title} will not take it: {why}"))
            .because("a volume with a `claimRef` goes to that claim and to no other, and a claim has one volume")
            .remedy(remedy),
    )
}

fn why(volume: &Volume, reference: &ClaimRef, claim: &Claim) -> Option<(String, &'static str)> {
    if let Some(other) = claim.volume_name.as_ref().filter(|other| **other != volume.meta.name) {
        let has = if claim.phase == ClaimPhase::Bound { "has" } else { "waits for" };
        return Some((
            format!("it {has} volume `{other}`"),
            "reserve it for another claim, or leave `claimRef` out; a claim takes another volume only if it is made anew",
        ));
    }
    if !reference.uid.is_empty() && reference.uid != claim.meta.uid {
        return Some((
            format!("its UID is {}, and {} is written here", claim.meta.uid, reference.uid),
            "remove `uid` and `resourceVersion` from `claimRef`: a claim that was made anew is another one",
        ));
    }
    let wish = Wish::of(claim);
    let reserved = Volume { claim: Some(ClaimRef { uid: String::new(), ..reference.clone() }), ..volume.clone() };
    let obstacle = obstacle(&wish, claim.class.as_deref().unwrap_or_default(), &reserved)?;
    Some((
        format!("the volume {}", obstacle.in_words(&wish)),
        "give the volume what the claim asks for; what a claim asks for cannot be changed",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    use crate::diagnosis::samples::{beyond, fires_beyond, silent, silent_beyond};

    const VOLUME: &str = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: disk}\nspec:\n  capacity: {storage: 1Gi}\n  \
        accessModes: [ReadWriteOnce]\n  claimRef: {namespace: db, name: data}\n  hostPath: {path: /data}\n";

    fn claim(volume: Option<&str>, phase: &str) -> Value {
        json!({"kind": "PersistentVolumeClaim", "metadata": {"namespace": "db", "name": "data", "uid": "new"},
            "spec": {"storageClassName": "", "accessModes": ["ReadWriteOnce"], "volumeName": volume,
                "resources": {"requests": {"storage": "1Gi"}}},
            "status": {"phase": phase}})
    }

    fn told(text: &str, claim: Value) -> String {
        fires_beyond(&RULE, text, beyond(&[claim])).remove(0).message
    }

    #[test]
    fn a_claim_with_another_volume_another_uid_or_other_wishes_is_told() {
        let head = "claim `data` of namespace `db` will not take it: ";
        assert_eq!(told(VOLUME, claim(Some("old"), "Bound")), format!("{head}it has volume `old`"));
        assert_eq!(told(VOLUME, claim(Some("old"), "Pending")), format!("{head}it waits for volume `old`"));
        let of_old = VOLUME.replace("name: data}", "name: data, uid: old}");
        let uid = format!("{head}its UID is new, and old is written here");
        assert_eq!(told(&of_old, claim(None, "Pending")), uid);
        let small = VOLUME.replace("1Gi", "1Mi");
        let size = format!("{head}the volume holds 1Mi, and 1Gi are asked for");
        assert_eq!(told(&small, claim(None, "Pending")), size);
        assert_eq!(told(&small, claim(Some("disk"), "Pending")), size);
    }

    #[test]
    fn a_claim_that_waits_for_it_one_that_has_it_and_one_that_is_not_there_are_fine() {
        silent_beyond(&RULE, VOLUME, beyond(&[claim(None, "Pending")]));
        silent_beyond(&RULE, &VOLUME.replace("1Gi", "2Gi"), beyond(&[claim(Some("disk"), "Pending")]));
        silent_beyond(&RULE, &VOLUME.replace("1Gi", "1Mi"), beyond(&[claim(Some("disk"), "Bound")]));
        silent_beyond(&RULE, &VOLUME.replace("name: data}", "name: other}"), beyond(&[claim(Some("old"), "Bound")]));
        silent(&RULE, VOLUME);
    }
}
