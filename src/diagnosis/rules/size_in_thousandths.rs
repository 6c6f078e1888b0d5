//! A size with the suffix `m`: thousandths of a byte.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::wanted::wanted;
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "size-in-thousandths",
    severity: Severity::Error,
    sources: &["S1-e6"],
    summary: "a size is written in thousandths of a byte",
    page: include_str!("../../../docs/explain/size-in-thousandths.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let sizes = wanted(all).into_iter().filter_map(|claim| Some((claim.document, claim.size()?.clone())));
    let volumes =
        all.of_kind(Kind::Volume).filter_map(|volume| Some((volume, volume.at("spec.capacity.storage")?.clone())));
    sizes.chain(volumes).filter_map(|(document, size)| tiny(document, &size)).collect()
}

fn tiny(document: &Document, size: &Placed) -> Option<Finding> {
    let text = size.text()?;
    let number = text.strip_suffix('m').filter(|number| number.parse::<f64>().is_ok())?;
    Some(
        RULE.at(document, size, format!("`{text}` are thousandths of a byte"))
            .because("the suffix `m` means thousandths, as for processors; megabytes have a capital letter")
            .remedy(format!("write `{number}M` or `{number}Mi`")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    #[test]
    fn a_size_in_thousandths_is_found() {
        assert_eq!(
            fires(&RULE, &SOUND.replace("storage: 1Gi", "storage: 100m")),
            ["38:20 `100m` are thousandths of a byte"]
        );
    }

    #[test]
    fn capital_letters_are_left_alone() {
        silent(&RULE, &SOUND.replace("storage: 1Gi", "storage: 100M"));
    }
}
