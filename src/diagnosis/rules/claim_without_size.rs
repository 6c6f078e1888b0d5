//! A claim or claim template that asks for no size or access mode: the server refuses it.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::manifests::Manifests;
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::wanted::{Wanted, wanted};

pub static RULE: Rule = Rule {
    code: "claim-without-size",
    severity: Severity::Error,
    sources: &["S3-e3"],
    summary: "a claim asks for no size or no access mode",
    page: include_str!("../../../docs/explain/claim-without-size.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let sizeless = |claim: &Wanted<'_>| {
        if claim.size().is_some_and(|size| !size.is_null()) {
            return None;
        }
        let elsewhere =
            [claim.at.entry("resources"), claim.at.at("spec.requests").and(claim.at.get("spec")?.entry("requests"))];
        let finding = match elsewhere.into_iter().flatten().next() {
            Some(entry) => {
                RULE.at_key(claim.document, entry, format!("the size of {} stands in the wrong place", claim.words()))
            }
            None => RULE.at(
                claim.document,
                claim.at.get("spec").unwrap_or(claim.at),
                format!("{} asks for no size", claim.words()),
            ),
        };
        Some(
            finding
                .because("the server refuses it: `spec.resources[storage]: Required value`")
                .remedy("write the size below `spec`: `resources: {requests: {storage: 1Gi}}`"),
        )
    };
    wanted(all).iter().flat_map(|claim| sizeless(claim).into_iter().chain(modeless(claim))).collect()
}

fn modeless(claim: &Wanted<'_>) -> Option<Finding> {
    if claim.spec("accessModes").is_some_and(|modes| !modes.items().is_empty()) {
        return None;
    }
    let place = claim.spec("accessModes").or(claim.at.get("spec"))?;
    Some(
        RULE.at(claim.document, place, format!("{} names no access mode", claim.words()))
            .because("the server refuses it: `at least 1 access mode is required`")
            .remedy("write how it is to be mounted, most often `accessModes: [ReadWriteOnce]`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn a_size_in_the_wrong_place_and_none_at_all_are_found() {
        let outside = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec:\n  accessModes: [ReadWriteOnce]\nresources:\n  requests: {storage: 1Gi}\n";
        assert_eq!(fires(&RULE, outside), ["6:1 the size of claim `a` stands in the wrong place"]);
        let text = SOUND.replace("      resources:\n        requests:\n          storage: 1Gi\n", "");
        assert_eq!(fires(&RULE, &text), ["35:7 claim template `data` asks for no size"]);
    }

    #[test]
    fn a_claim_without_an_access_mode_is_found() {
        let text = SOUND.replace("      accessModes: [ReadWriteOnce]\n", "");
        assert_eq!(fires(&RULE, &text), ["35:7 claim template `data` names no access mode"]);
        assert_eq!(fires(&RULE, &SOUND.replace("[ReadWriteOnce]", "[]")).len(), 1);
    }

    #[test]
    fn a_claim_with_a_size_is_fine() {
        silent(&RULE, SOUND);
    }
}
