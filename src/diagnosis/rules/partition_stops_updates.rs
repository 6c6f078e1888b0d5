//! A partition above all members: template changes reach no pod.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::kind::Kind;
use crate::diagnosis::manifests::{Document, Manifests};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::facts::words::Strategy;

pub static RULE: Rule = Rule {
    code: "partition-stops-updates",
    severity: Severity::Warning,
    sources: &["SS-61", "SS-62"],
    summary: "the partition keeps updates from all pods",
    page: include_str!("../../../docs/explain/partition-stops-updates.md"),
    checks: &[Check::Files(check), Check::Live(live)],
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

fn live(sight: &Sight<'_>) -> Vec<Finding> {
    let set = sight.set();
    let pending = set.is_observed() && set.status.current_revision != set.status.update_revision;
    if !pending || set.strategy == Strategy::OnDelete || set.range.replicas == 0 || set.partition < set.range.replicas {
        return Vec::new();
    }
    vec![
        RULE.of_set(
            sight,
            format!("the partition {} keeps a changed template from all {} members", set.partition, set.range.replicas),
        )
        .because("only members counted from the partition on are updated, and there are none")
        .remedy("lower it to update members from the highest down, the highest alone first, or to 0 for all")
        .command(Command::lower_partition(sight.namespace(), &set.meta.name, set.range.replicas - 1)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, SOUND, calm, fires, silent, tells};

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

    #[test]
    fn a_live_set_whose_change_reaches_nobody_is_told() {
        let mut broken = Broken::new();
        broken.set["spec"]["updateStrategy"] = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}});
        calm(&RULE, &broken);
        broken.set["status"]["updateRevision"] = json!("web-9d2e");
        assert_eq!(tells(&RULE, &broken), ["the partition 1 keeps a changed template from all 1 members"]);
        broken.set["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = json!(0);
        calm(&RULE, &broken);
    }
}
