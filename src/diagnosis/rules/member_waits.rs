//! A member that is not made yet, since a lower one is not ready.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words;
use crate::facts::pod::Pod;

pub static RULE: Rule = Rule {
    code: "member-waits",
    severity: Severity::Warning,
    sources: &["SS-33", "SS-41", "SS-20"],
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
            let counts = |pod: &Pod| pod.is_available(sight.set().min_ready, sight.scene.now);
            lower.row.ordinal < member.row.ordinal && lower.row.in_range && lower.pod.is_some_and(|pod| !counts(pod))
        };
        let lower = members.iter().find(in_the_way).filter(|_| member.pod.is_none())?;
        let name = &lower.row.name;
        Some(match words::settling(sight, lower) {
            Some(settling) => RULE
                .of_member(member, format!("not created yet: `{name}` {settling}"))
                .because("a set of ordered pods makes a member when all lower ones were ready for `minReadySeconds`")
                .remedy("wait; or give the set a lower `minReadySeconds`, which it takes at once"),
            None => RULE
                .of_member(member, format!("not created yet: waits for `{name}`"))
                .because("a set of ordered pods makes a member when all lower ones are ready")
                .remedy("get the lower one ready"),
        })
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
    fn one_that_waits_until_a_ready_pod_counts_says_so() {
        let mut broken = Broken::new();
        broken.set["spec"]["replicas"] = json!(2);
        broken.set["spec"]["minReadySeconds"] = json!(600);
        broken.pod["status"]["conditions"][0]["lastTransitionTime"] = json!("2026-03-13T11:56:00Z");
        let words = "not created yet: `web-0` is ready since 4m, and counts for the set after 600s (`minReadySeconds`)";
        assert_eq!(tells(&RULE, &broken), [words]);
        broken.set["spec"]["minReadySeconds"] = json!(120);
        calm(&RULE, &broken);
    }

    #[test]
    fn in_a_parallel_set_nobody_waits() {
        let mut parallel = broken();
        parallel.set["spec"]["podManagementPolicy"] = json!("Parallel");
        calm(&RULE, &parallel);
        calm(&RULE, &Broken::new());
    }
}
