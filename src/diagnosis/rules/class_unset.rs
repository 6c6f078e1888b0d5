//! A claim that names no class beside a volume without one: the default class of
//! the cluster, if there is one, comes between them.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::wanted::{Wanted, fits, wanted};
use crate::facts::volume::Volume;

pub static RULE: Rule = Rule {
    code: "class-unset",
    severity: Severity::Warning,
    sources: &["S1-e5"],
    summary: "a claim gets the default class instead of the volume beside it",
    page: include_str!("../../../docs/explain/class-unset.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let documents = all.of_kind(Kind::Volume);
    let volumes: Vec<(&Document, Volume)> =
        documents.filter_map(|document| Some((document, Volume::read(&document.root.to_value())?))).collect();
    let meant = |claim: &Wanted<'_>| {
        if claim.spec("storageClassName").is_some()
            || claim.spec("volumeName").is_some()
            || claim.at.get("spec").is_none()
        {
            return None;
        }
        let wishes = claim.wishes(all);
        let (volume, _) = volumes.iter().find(|(_, volume)| wishes.iter().any(|wish| fits(volume, wish)))?;
        Some(
            RULE.at(
                claim.document,
                claim.at.get("spec")?,
                format!("{} names no class, and may not get `{}`", claim.words(), volume.title()),
            )
            .because(
                "a claim without `storageClassName` gets the default class of the cluster when it is made; \
                     then it no longer fits a volume that has no class",
            )
            .remedy("write `storageClassName: \"\"`, which means: a volume without a class"),
        )
    };
    wanted(all).iter().filter_map(meant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    const PAIR: &str = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: disk}\nspec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}}\n---\n\
        apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}\n";

    #[test]
    fn a_claim_without_a_class_beside_a_volume_without_one_is_found() {
        assert_eq!(fires(&RULE, PAIR), ["10:3 claim `data` names no class, and may not get `PersistentVolume/disk`"]);
    }

    #[test]
    fn an_empty_class_is_one_and_volumes_that_do_not_fit_are_not_meant() {
        silent(&RULE, &format!("{PAIR}  storageClassName: \"\"\n"));
        silent(&RULE, &PAIR.replace("capacity: {storage: 1Gi}", "capacity: {storage: 1Mi}"));
        silent(&RULE, SOUND);
    }
}
