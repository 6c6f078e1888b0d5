//! A set that is on its way out: its controller does nothing any more.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::diagnosis::words::quoted;
use crate::facts::age::age;

pub static RULE: Rule = Rule {
    code: "set-deleting",
    severity: Severity::Warning,
    sources: &["SS-32"],
    summary: "the set is being deleted",
    page: include_str!("../../../docs/explain/set-deleting.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let set = sight.set();
    let found = set.meta.deleting.map(|since| {
        RULE.of_set(sight, format!("is being deleted since {}", age(since, sight.scene.now)))
            .evidence(match set.meta.finalizers.as_slice() {
                [] => "nothing holds it".to_owned(),
                finalizers => format!("held by finalizer {}", quoted(finalizers)),
            })
            .because("a set that is being deleted makes and replaces no pods")
            .remedy(
                "wait, or see to whoever holds it; to keep the data, look at the reclaim policies of the volumes now",
            )
    });
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

    #[test]
    fn a_set_on_its_way_out_is_told() {
        let mut broken = Broken::new();
        broken.set["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        broken.set["metadata"]["finalizers"] = json!(["foregroundDeletion"]);
        assert_eq!(tells(&RULE, &broken), ["is being deleted since 5m"]);
    }

    #[test]
    fn one_that_stays_is_not() {
        calm(&RULE, &Broken::new());
    }
}
