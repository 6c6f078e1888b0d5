//! `100M` and `100Mi` side by side: the volume is a little too small.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::wanted::{Wanted, quantity, wanted};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "sizes-mixed",
    severity: Severity::Warning,
    sources: &["S1-e6"],
    summary: "a volume is a little smaller than the claim, by its unit",
    page: include_str!("../../../docs/explain/sizes-mixed.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let mut found = Vec::new();
    for claim in wanted(all) {
        for volume in all.of_kind(Kind::Volume) {
            found.extend(mixed(&claim, volume));
        }
    }
    found
}

fn mixed(claim: &Wanted<'_>, volume: &Document) -> Option<Finding> {
    let (asked, offered) = (claim.size()?, volume.at("spec.capacity.storage")?);
    let (asked_text, offered_text) = (asked.text()?, offered.text()?);
    let number = |text: &str| text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).to_owned();
    let same_class = claim.class().unwrap_or_default() == volume.text("spec.storageClassName");
    if !same_class || number(asked_text) != number(offered_text) || quantity(offered)? >= quantity(asked)? {
        return None;
    }
    let bytes = |value: &Placed| {
        quantity(value).and_then(|size| size.units()).map_or_else(String::new, |units| format!("{units} bytes"))
    };
    Some(
        RULE.at(
            claim.document,
            asked,
            format!("{} asks for {asked_text}, and {} has only {offered_text}", claim.words(), volume.title()),
        )
        .evidence(format!("{asked_text} are {}", bytes(asked)))
        .evidence(format!("{offered_text} are {}", bytes(offered)))
        .because("M, G and T count in thousands, Mi, Gi and Ti in 1024s; a volume that is a little smaller never binds")
        .remedy(format!("write both in one unit, such as `storage: {offered_text}` in the claim")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{fires, found, silent};

    const PAIR: &str = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: disk}\nspec: {capacity: {storage: 100M}}\n---\n\
        apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n  resources: {requests: {storage: 100Mi}}\n";

    #[test]
    fn a_volume_that_is_smaller_by_its_unit_is_found() {
        assert_eq!(fires(&RULE, PAIR), ["10:35 claim `data` asks for 100Mi, and PersistentVolume/disk has only 100M"]);
        assert_eq!(found(&RULE, PAIR)[0].evidence, ["100Mi are 104857600 bytes", "100M are 100000000 bytes"]);
    }

    #[test]
    fn the_other_way_round_it_fits_and_other_numbers_are_meant() {
        silent(&RULE, &PAIR.replace("storage: 100M}", "storage: 100Gi}"));
        silent(&RULE, &PAIR.replace("storage: 100M}", "storage: 10M}"));
    }
}
