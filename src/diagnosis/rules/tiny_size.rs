//! A size in bytes, or with the suffix `m` in thousandths of a byte, that comes to next to nothing.
//! Programs write large amounts so, and these are left alone.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::wanted::{quantity, wanted};
use crate::objects::placed::Placed;

pub static RULE: Rule = Rule {
    code: "tiny-size",
    severity: Severity::Error,
    sources: &["S1-e6"],
    summary: "a size is written in bytes, or in thousandths of a byte",
    page: include_str!("../../../docs/explain/tiny-size.md"),
    checks: &[Check::Files(check)],
};

fn check(all: &Manifests) -> Vec<Finding> {
    let sizes = wanted(all).into_iter().filter_map(|claim| Some((claim.document, claim.size()?.clone())));
    let volumes =
        all.of_kind(Kind::Volume).filter_map(|volume| Some((volume, volume.at("spec.capacity.storage")?.clone())));
    let disks = sizes.chain(volumes).filter(|(_, size)| is_small(size));
    let disks = disks.filter_map(|(document, size)| told(document, &size));
    disks.chain(all.workloads().flat_map(in_containers)).collect()
}

/// A mebibyte, in billionths of a byte. Less is a slip, and the server takes it.
const LEAST: i128 = 1024 * 1024 * 1_000_000_000;

/// With such a limit of memory no container starts; all else only reserves or allows next to nothing.
fn in_containers(document: &Document) -> Vec<Finding> {
    let mut found = Vec::new();
    for container in document.containers() {
        for (path, severity) in AMOUNTS {
            let amount = container.at(path).filter(|amount| is_small(amount));
            found.extend(amount.and_then(|amount| Some(Finding { severity, ..told(document, amount)? })));
        }
    }
    found
}

const AMOUNTS: [(&str, Severity); 4] = [
    ("resources.limits.memory", Severity::Error),
    ("resources.requests.memory", Severity::Warning),
    ("resources.limits.ephemeral-storage", Severity::Warning),
    ("resources.requests.ephemeral-storage", Severity::Warning),
];

/// Nothing at all is no limit.
fn is_small(amount: &Placed) -> bool {
    quantity(amount).is_some_and(|amount| (1..LEAST).contains(&amount.nanos()))
}

/// What has another unit is small on purpose.
fn told(document: &Document, size: &Placed) -> Option<Finding> {
    let text = size.number().map_or_else(|| size.text().map(str::to_owned), |number| Some(number.to_string()))?;
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    if let Some(number) = text.strip_suffix('m').filter(|number| is_number(number)) {
        return Some(
            RULE.at(document, size, format!("`{text}` are thousandths of a byte"))
                .because("the suffix `m` means thousandths, as for processors; megabytes have a capital letter")
                .remedy(format!("write `{number}M` or `{number}Mi`")),
        );
    }
    is_number(&text).then(|| {
        RULE.at(document, size, format!("`{text}` are bytes"))
            .because("a number without a unit counts bytes")
            .remedy("write the unit, as in `512Mi` or `10Gi`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    #[test]
    fn a_size_in_thousandths_is_found() {
        assert_eq!(
            fires(&RULE, &SOUND.replace("storage: 1Gi", "storage: 100m")),
            ["38:20 `100m` are thousandths of a byte"]
        );
    }

    #[test]
    fn memory_in_thousandths_is_told_unless_a_program_wrote_it() {
        let with = |memory: &str| {
            let resources = format!("resources: {{limits: {{cpu: 500m, memory: {memory}}}}}\n        readinessProbe:");
            SOUND.replace("readinessProbe:", &resources)
        };
        let limited = found(&RULE, &with("512m"));
        assert_eq!((limited.len(), limited[0].severity), (1, Severity::Error));
        assert_eq!(limited[0].remedy, "write `512M` or `512Mi`");
        assert_eq!(found(&RULE, &with("512m").replace("limits", "requests"))[0].severity, Severity::Warning);
        let disk = with("512m").replace("memory", "ephemeral-storage");
        assert_eq!(found(&RULE, &disk)[0].severity, Severity::Warning);
        silent(&RULE, &with("0m"));
        silent(&RULE, &with("536870912000m"));
        silent(&RULE, &with("512M"));
    }

    #[test]
    fn a_number_without_a_unit_is_found_where_it_is_small() {
        let size = |size: &str| SOUND.replace("storage: 1Gi", &format!("storage: {size}"));
        assert_eq!(fires(&RULE, &size("10")), ["38:20 `10` are bytes"]);
        assert_eq!(found(&RULE, &size("'10'"))[0].remedy, "write the unit, as in `512Mi` or `10Gi`");
        silent(&RULE, &size("1073741824"));
        silent(&RULE, &size("12884901888000m"));
        silent(&RULE, &size("1Ki"));
        let limit = "resources: {limits: {memory: 512}}\n        readinessProbe:";
        assert_eq!(found(&RULE, &SOUND.replace("readinessProbe:", limit))[0].message, "`512` are bytes");
    }

    #[test]
    fn capital_letters_are_left_alone() {
        silent(&RULE, &SOUND.replace("storage: 1Gi", "storage: 100M"));
    }
}
