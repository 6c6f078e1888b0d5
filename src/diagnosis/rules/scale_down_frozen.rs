//! An unready member inside the range keeps the set from removing any above it.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::diagnosis::words::quoted;

pub static RULE: Rule = Rule {
    code: "scale-down-frozen",
    severity: Severity::Error,
    sources: &["SS-41"],
    summary: "a scale-down waits for a member that is not ready",
    page: include_str!("../../../docs/explain/scale-down-frozen.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let members = sight.members();
    let condemned: Vec<&String> = members
        .iter()
        .filter(|member| !member.row.in_range && member.pod.is_some())
        .map(|member| &member.row.name)
        .collect();
    let blocker = members.iter().find(|member| member.row.in_range && member.is_unready());
    let Some(blocker) = blocker.filter(|_| sight.in_order() && !condemned.is_empty()) else { return Vec::new() };
    vec![
        RULE.of_member(blocker, format!("is not ready, so {} cannot be removed", quoted(&condemned)))
            .because("a set of ordered pods removes nothing while a member that stays is not ready")
            .remedy("get this member ready first; what is wrong with it stands below")
            .command(Command::describe(Some(sight.namespace()), "pod", &blocker.row.name)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm};
    use crate::facts::samples::pod;

    fn broken(ready: &str) -> Broken {
        let mut broken = Broken::new();
        broken.pod["status"]["conditions"][0]["status"] = json!(ready);
        broken.more.push(pod("web", 1, "node-a"));
        broken
    }

    #[test]
    fn a_member_that_freezes_the_scale_down_is_told_first() {
        let found = broken("False").all();
        assert_eq!(
            (found[0].code, found[0].message.as_str()),
            ("scale-down-frozen", "is not ready, so `web-1` cannot be removed")
        );
    }

    #[test]
    fn a_ready_member_and_parallel_sets_freeze_nothing() {
        calm(&RULE, &broken("True"));
        let mut parallel = broken("False");
        parallel.set["spec"]["podManagementPolicy"] = json!("Parallel");
        calm(&RULE, &parallel);
    }
}
