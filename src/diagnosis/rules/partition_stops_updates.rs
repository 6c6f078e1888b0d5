//! A partition above all members: template changes reach no pod.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};

pub static RULE: Rule = Rule {
    code: "partition-stops-updates",
    severity: Severity::Warning,
    sources: &["SS-61", "SS-62"],
    summary: "the partition keeps updates from all pods",
    page: include_str!("../../../docs/explain/partition-stops-updates.md"),
    check: Check::Files(check),
};

fn check(all: &Manifests) -> Vec<Finding> {
    let held = |set: &Document| {
        let partition = set.at("spec.updateStrategy.rollingUpdate.partition")?;
        let (from, replicas) = (partition.number()?, set.replicas());
        (from >= replicas && replicas > 0).then(|| {
            RULE.at(
                set,
                partition,
                format!("the partition {from} keeps changes of the template from all {replicas} members"),
            )
            .because("only members counted from the partition on are updated, and there are none")
            .remedy("lower the partition to update members from the highest down, or to 0 for all")
        })
    };
    all.of_kind(Kind::StatefulSet).filter_map(held).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, silent};

    fn with(partition: u64) -> String {
        SOUND.replace(
            "  replicas: 3",
            &format!("  replicas: 3\n  updateStrategy: {{rollingUpdate: {{partition: {partition}}}}}"),
        )
    }

    #[test]
    fn a_partition_above_all_members_is_found() {
        assert_eq!(fires(&RULE, &with(3)), ["18:47 the partition 3 keeps changes of the template from all 3 members"]);
    }

    #[test]
    fn a_partition_that_lets_one_through_is_fine() {
        silent(&RULE, &with(2));
        silent(&RULE, &with(0));
    }
}
