//! Two or more unready pods above the range: the set removes neither.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words::quoted;

pub static RULE: Rule = Rule {
    code: "scale-down-deadlock",
    severity: Severity::Error,
    sources: &["SS-42", "SS-09", "SS-36"],
    summary: "a scale-down is stuck between two pods that are not ready",
    page: include_str!("../../../docs/explain/scale-down-deadlock.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let members = sight.members();
    let now = sight.scene.now;
    let counts = |member: &Member<'_>| member.pod.is_some_and(|pod| pod.is_available(sight.set().min_ready, now));
    if !sight.in_order() || members.iter().any(|member| member.row.in_range && !counts(member)) {
        return Vec::new();
    }
    let condemned: Vec<&Member<'_>> =
        members.iter().filter(|member| !member.row.in_range && member.pod.is_some()).collect();
    let unready: Vec<&String> =
        condemned.iter().filter(|member| sight.is_unavailable(member)).map(|member| &member.row.name).collect();
    let Some(highest) = condemned.last().filter(|highest| highest.is_unready() && unready.len() > 1) else {
        return Vec::new();
    };
    vec![
        RULE.of_member(
            highest,
            "is to be removed and is not ready, and neither is a pod below it: the scale-down is stuck",
        )
        .evidence(format!("{} pods that are to be removed are not ready: {}", unready.len(), quoted(&unready)))
        .because("a set of ordered pods removes an unready pod only if no lower one is unready too")
        .remedy("delete the highest of them by hand; it is not made anew, and the set goes on")
        .command(Command::delete_pod(sight.namespace(), &highest.row.name)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm};
    use crate::facts::samples::pod;

    fn broken(ready: [bool; 2]) -> Broken {
        let mut broken = Broken::new();
        for (ordinal, ready) in (1..).zip(ready) {
            let mut surplus = pod("web", ordinal, "node-a");
            if !ready {
                surplus["status"]["conditions"][0]["status"] = json!("False");
            }
            broken.more.push(surplus);
        }
        broken
    }

    #[test]
    fn two_unready_pods_above_the_range_are_told_and_the_highest_is_named() {
        let found = broken([false, false]).all();
        assert_eq!(
            (found[0].code, found[0].object.as_deref()),
            ("scale-down-deadlock", Some("Pod/web-2")),
            "{found:?}"
        );
        assert_eq!(found[0].evidence, ["2 pods that are to be removed are not ready: `web-1`, `web-2`"]);
    }

    #[test]
    fn one_below_that_is_not_ready_for_long_enough_does_not_count_either() {
        let mut broken = broken([true, false]);
        broken.set["spec"]["minReadySeconds"] = json!(600);
        calm(&RULE, &broken);
        broken.more[0]["status"]["conditions"][0]["lastTransitionTime"] = json!("2026-03-13T11:56:00Z");
        assert_eq!(broken.all()[0].code, "scale-down-deadlock");
    }

    #[test]
    fn with_one_of_them_it_goes_on() {
        calm(&RULE, &broken([true, false]));
        calm(&RULE, &broken([false, true]));
    }
}
