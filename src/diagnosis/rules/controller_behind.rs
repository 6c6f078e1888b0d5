//! The status is older than the set: nothing in it can be relied on.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;

pub static RULE: Rule = Rule {
    code: "controller-behind",
    severity: Severity::Warning,
    sources: &["SS-100", "H-32"],
    summary: "the controller has not seen the latest change",
    page: include_str!("../../../docs/explain/controller-behind.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let set = sight.set();
    if set.is_observed() {
        return Vec::new();
    }
    let message = format!(
        "the controller has not yet seen the latest change (generation {}, seen {})",
        set.meta.generation, set.status.observed_generation
    );
    vec![
        RULE.of_set(sight, message)
            .because("the status is still about the set as it was before")
            .remedy("look again in a moment; if it stays so, the controller manager of the cluster does not run"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

    #[test]
    fn a_status_that_is_behind_is_told() {
        let mut broken = Broken::new();
        broken.set["metadata"]["generation"] = json!(3);
        assert_eq!(tells(&RULE, &broken), ["the controller has not yet seen the latest change (generation 3, seen 2)"]);
    }

    #[test]
    fn one_that_is_up_to_date_is_not() {
        calm(&RULE, &Broken::new());
    }
}
