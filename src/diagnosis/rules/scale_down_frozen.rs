//! An unready member inside the range keeps the set from removing any above it.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words::{self, quoted};

pub static RULE: Rule = Rule {
    code: "scale-down-frozen",
    severity: Severity::Error,
    sources: &["SS-41", "SS-36"],
    summary: "a scale-down waits for a member that is not ready",
    page: include_str!("../../../docs/explain/scale-down-frozen.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let members = sight.members();
    let condemned: Vec<&Member<'_>> =
        members.iter().filter(|member| !member.row.in_range && member.pod.is_some()).collect();
    if !sight.in_order() || condemned.is_empty() {
        return Vec::new();
    }
    let names = quoted(condemned.iter().map(|member| &member.row.name));
    let stays = members
        .iter()
        .find(|member| member.row.in_range && (sight.is_unavailable(member) || is_stranded(sight, member)));
    let blocker = stays.or_else(|| highest_of_several(sight, &condemned));
    blocker.map(|blocker| told(sight, blocker, &names)).into_iter().collect()
}

/// Whether a member that stays keeps others from going.
pub(super) fn is_frozen(sight: &Sight<'_>) -> bool {
    !check(sight).is_empty()
}

/// It was asked to go, and its node is lost: it neither goes nor counts.
fn is_stranded(sight: &Sight<'_>, member: &Member<'_>) -> bool {
    member.pod.is_some_and(|pod| pod.meta.deleting.is_some() && sight.is_on_lost_node(pod))
}

/// Of those that go the highest one, where it does not count yet and neither does
/// one below it: a single one would be removed as it is (SS-36).
fn highest_of_several<'m, 'a>(sight: &Sight<'_>, condemned: &[&'m Member<'a>]) -> Option<&'m Member<'a>> {
    let [below @ .., highest] = condemned else { return None };
    let waits = words::settling(sight, highest).is_some() && below.iter().any(|member| sight.is_unavailable(member));
    waits.then_some(*highest)
}

fn told(sight: &Sight<'_>, blocker: &Member<'_>, names: &str) -> Finding {
    let describe = Command::describe(Some(sight.namespace()), "pod", &blocker.row.name);
    if let Some(settling) = words::settling(sight, blocker) {
        let finding = RULE.of_member(blocker, format!("{settling}, so {names} cannot be removed before"));
        return Finding { severity: Severity::Warning, ..finding }
            .because("a set of ordered pods removes nothing while a member does not count, and one that was ready for less than `minReadySeconds` does not")
            .remedy("wait; or give the set a lower `minReadySeconds`, which it takes at once")
            .command(describe);
    }
    RULE.of_member(blocker, format!("is not ready, so {names} cannot be removed"))
        .because("a set of ordered pods removes nothing while a member that stays is not ready")
        .remedy("get this member ready first; what is wrong with it stands below")
        .command(describe)
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
    fn one_that_cannot_go_from_a_lost_node_does_too_and_its_claim_is_not_told_before() {
        let mut stranded = broken("False");
        stranded.node["status"]["conditions"][0]["status"] = json!("Unknown");
        stranded.more[0]["spec"]["nodeName"] = json!("node-b");
        assert_eq!(stranded.all()[0].code, "scale-down-frozen");
        stranded.pod["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:50:00Z");
        let found = stranded.all();
        assert_eq!((found[0].code, found[0].member.as_deref()), ("scale-down-frozen", Some("web-0")), "{found:?}");
    }

    fn settling(mut broken: Broken) -> Broken {
        broken.set["spec"]["minReadySeconds"] = json!(600);
        let pods = std::iter::once(&mut broken.pod).chain(&mut broken.more);
        pods.for_each(|pod| pod["status"]["conditions"][0]["lastTransitionTime"] = json!("2026-03-13T11:56:00Z"));
        broken
    }

    #[test]
    fn one_that_is_not_ready_for_long_enough_does_too() {
        let found = settling(broken("True")).all();
        let told = "is ready since 4m, and counts for the set after 600s (`minReadySeconds`), so `web-1` cannot be removed before";
        assert_eq!(
            (found[0].code, found[0].severity, found[0].message.as_str()),
            ("scale-down-frozen", Severity::Warning, told)
        );
        let mut long_ago = settling(broken("True"));
        long_ago.set["spec"]["minReadySeconds"] = json!(120);
        calm(&RULE, &long_ago);
    }

    #[test]
    fn of_several_that_go_the_highest_one_waits_until_it_counts_and_a_single_one_does_not() {
        let mut broken = settling(broken("True"));
        broken.set["spec"]["replicas"] = json!(0);
        broken.set["status"]["replicas"] = json!(2);
        let found = broken.findings(&RULE);
        assert_eq!(found[0].member.as_deref(), Some("web-1"));
        assert!(found[0].message.ends_with("so `web-0`, `web-1` cannot be removed before"), "{found:?}");
        broken.more.clear();
        calm(&RULE, &broken);
    }

    #[test]
    fn a_ready_member_and_parallel_sets_freeze_nothing() {
        calm(&RULE, &broken("True"));
        let mut parallel = broken("False");
        parallel.set["spec"]["podManagementPolicy"] = json!("Parallel");
        calm(&RULE, &parallel);
    }
}
