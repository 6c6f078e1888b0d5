//! A pod that has the name of a member and is none: the set can make no other.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};

pub static RULE: Rule = Rule {
    code: "foreign-pod",
    severity: Severity::Error,
    sources: &["SS-04", "H-54"],
    summary: "a pod that is no member has the name of one",
    page: include_str!("../../../docs/explain/foreign-pod.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    sight.members().iter().filter_map(|member| stranger(sight, member)).collect()
}

fn stranger(sight: &Sight<'_>, member: &Member<'_>) -> Option<Finding> {
    let set = sight.set();
    // What is on its way out is told when it does not go: by itself, or by its node.
    let pod = member.pod.filter(|pod| pod.meta.deleting.is_none())?;
    let delete = Command::delete_pod(sight.namespace(), &member.row.name);
    let message = match pod.meta.controller() {
        Some(owner) if owner.uid == set.meta.uid => return None,
        Some(owner) if owner.kind == "StatefulSet" && owner.name == set.meta.name => {
            let message = format!("belongs to an earlier set of this name (UID {}), which is gone", owner.uid);
            return Some(
                RULE.of_member(member, message)
                    .because(
                        "a set that was deleted and made again is another one: it takes none of the earlier one's pods, and \
                         can make its own only when they are gone",
                    )
                    .remedy("wait until it is collected, a minute or so; if it stays, delete it: its claims stay")
                    .command(delete),
            );
        }
        Some(owner) => {
            format!("belongs to {} `{}` and occupies the name of a member of this set", owner.kind, owner.name)
        }
        None => "belongs to no set and occupies the name of a member of this one".to_owned(),
    };
    Some(
        RULE.of_member(member, message)
            .because(
                "the set cannot make its own pod while the name is taken, and says so in no event; \
                 a pod gets lost to its set when its labels are changed",
            )
            .remedy("give the pod the labels that the set selects, or delete it, so that the set can make its own")
            .command(delete),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

    #[test]
    fn a_pod_of_nobody_and_one_of_another_set_are_told() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["ownerReferences"] = json!([]);
        assert_eq!(tells(&RULE, &broken), ["belongs to no set and occupies the name of a member of this one"]);
        broken.pod["metadata"]["ownerReferences"] =
            json!([{"kind": "Job", "name": "x", "uid": "1", "controller": true}]);
        assert_eq!(tells(&RULE, &broken), ["belongs to Job `x` and occupies the name of a member of this set"]);
    }

    #[test]
    fn one_of_an_earlier_set_of_the_name_is_told_as_that_and_one_on_its_way_out_by_what_keeps_it() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["ownerReferences"][0]["uid"] = json!("1");
        assert_eq!(tells(&RULE, &broken), ["belongs to an earlier set of this name (UID 1), which is gone"]);
        broken.pod["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        calm(&RULE, &broken);
        assert_eq!(broken.all()[0].code, "pod-overdue");
        broken.node["status"]["conditions"][0]["status"] = json!("Unknown");
        assert_eq!(broken.all()[0].code, "node-lost");
    }

    #[test]
    fn a_member_is_not() {
        calm(&RULE, &Broken::new());
    }
}
