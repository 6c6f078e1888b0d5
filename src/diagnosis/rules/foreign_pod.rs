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
    let set = sight.set();
    let stranger = |member: &Member<'_>| {
        let message = match member.pod?.meta.controller() {
            Some(owner) if owner.uid == set.meta.uid => return None,
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
                .command(Command::delete_pod(sight.namespace(), &member.row.name)),
        )
    };
    sight.members().iter().filter_map(stranger).collect()
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
    fn a_member_is_not() {
        calm(&RULE, &Broken::new());
    }
}
