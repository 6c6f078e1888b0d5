//! A member that is not made yet, since a lower one is not ready.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};

pub static RULE: Rule = Rule {
    code: "member-waits",
    severity: Severity::Warning,
    sources: &["SS-33", "SS-41"],
    summary: "a member waits for a lower one",
    page: include_str!("../../../docs/explain/member-waits.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    if !sight.in_order() {
        return Vec::new();
    }
    let members = sight.members();
    // OrderedReady waits for every lower member (SS-33); name the first in its way.
    let waits = |member: &Member<'_>| {
        let in_the_way = |lower: &&Member<'_>| {
            lower.row.ordinal < member.row.ordinal && lower.row.in_range && lower.pod.is_some_and(|pod| !pod.is_ready())
        };
        let lower = members.iter().find(in_the_way).filter(|_| member.pod.is_none())?;
        Some(
            RULE.of_member(member, format!("not created yet: waits for `{}`", lower.row.name))
                .because("a set of ordered pods makes a member when all lower ones are ready")
                .remedy("get the lower one ready"),
        )
    };
    members.iter().filter_map(waits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

    fn broken() -> Broken {
        let mut broken = Broken::new();
        broken.set["spec"]["replicas"] = json!(2);
        broken.pod["status"] = json!({"phase": "Pending"});
        broken
    }

    #[test]
    fn a_missing_member_names_the_pod_that_it_waits_for() {
        assert_eq!(tells(&RULE, &broken()), ["not created yet: waits for `web-0`"]);
    }

    #[test]
    fn in_a_parallel_set_nobody_waits() {
        let mut parallel = broken();
        parallel.set["spec"]["podManagementPolicy"] = json!("Parallel");
        calm(&RULE, &parallel);
        calm(&RULE, &Broken::new());
    }
}
