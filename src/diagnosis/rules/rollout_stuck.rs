//! A pod of an older revision that is not ready: the set waits for it, and will
//! never replace it. Undoing the rollout does not help.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words;

pub static RULE: Rule = Rule {
    code: "rollout-stuck",
    severity: Severity::Error,
    sources: &["SS-65", "SS-09", "SS-41"],
    summary: "a rollout waits for a pod that it should replace",
    page: include_str!("../../../docs/explain/rollout-stuck.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let set = sight.set();
    if !sight.in_order() || is_broken_itself(sight) {
        return Vec::new();
    }
    let stuck = |member: &Member<'_>| {
        let pod = member.pod.filter(|_| member.is_unready() && sight.is_outdated(member))?;
        Some(
            RULE.of_member(member, "is not ready and of an older revision: the rollout waits for it and will never replace it")
                .evidence(format!(
                    "the pod has revision {}, the set wants {}",
                    in_words(sight, pod.revision()),
                    in_words(sight, &set.status.update_revision)
                ))
                .because("a set of ordered pods waits for each to be ready before it replaces any; a template that was mended or undone does not reach this one")
                .remedy("delete the pod: it comes back with the template that the set has now, on the same claims")
                .command(Command::delete_pod(sight.namespace(), &member.row.name)),
        )
    };
    sight.members().iter().filter_map(stuck).collect()
}

/// What the set would make of the pod now gets no image either: the template is to be mended first.
fn is_broken_itself(sight: &Sight<'_>) -> bool {
    let images = &sight.set().images;
    let mut all = sight.members().iter().filter_map(|member| member.pod).flat_map(|pod| &pod.containers);
    all.any(|one| words::is_image_failure(one) && images.get(&one.name) == Some(&one.image))
}

/// ``3 (`7c9f`)``, with the number that `kubectl rollout history` has, where it can be read.
fn in_words(sight: &Sight<'_>, name: &str) -> String {
    let set = sight.set();
    let hash = set.revision_hash(name);
    let mut known = sight.around.revisions.iter().flatten();
    match known.find(|revision| revision.meta.name == name && revision.is_of(set)) {
        Some(revision) => format!("{} (`{hash}`)", revision.number),
        None => format!("`{hash}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::command::Command;
    use crate::diagnosis::samples::{Broken, calm};

    fn broken() -> Broken {
        let mut broken = Broken::new();
        broken.set["status"]["updateRevision"] = json!("web-9d2e");
        broken.set["status"]["currentRevision"] = json!("web-9d2e");
        broken.pod["status"] = json!({"phase": "Pending", "containerStatuses": [
            {"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]});
        broken
    }

    #[test]
    fn after_an_undone_rollout_only_the_label_tells_which_pod_to_delete() {
        let found = broken().all();
        assert_eq!(found[0].code, "rollout-stuck", "{found:?}");
        assert_eq!(found[0].evidence, ["the pod has revision `7c9f`, the set wants `9d2e`"]);
        assert_eq!(found[0].command, Some(Command::delete_pod("default", "web-0")));
    }

    #[test]
    fn a_template_whose_image_fails_too_is_mended_first() {
        let mut broken = broken();
        broken.pod["status"]["containerStatuses"][0]["image"] = json!("example.org/app:none");
        let with = |image: &str| json!([{"name": "app", "image": image}]);
        broken.set["spec"]["template"]["spec"]["containers"] = with("example.org/app:none");
        assert_eq!(broken.all()[0].code, "image-failure");
        calm(&RULE, &broken);
        broken.set["spec"]["template"]["spec"]["containers"] = with("example.org/app:1.0");
        assert_eq!(broken.all()[0].code, "rollout-stuck");
    }

    #[test]
    fn revisions_are_told_by_the_numbers_of_the_history_where_they_are_known() {
        let mut broken = broken();
        let owner = json!([{"kind": "StatefulSet", "name": "web", "uid": "set-web", "controller": true}]);
        let revision = |name: &str, number: u64| {
            json!({"kind": "ControllerRevision", "revision": number,
                "metadata": {"namespace": "default", "name": name, "ownerReferences": owner}})
        };
        broken.more = vec![revision("web-7c9f", 2), revision("web-9d2e", 3)];
        assert_eq!(broken.findings(&RULE)[0].evidence, ["the pod has revision 2 (`7c9f`), the set wants 3 (`9d2e`)"]);
        broken.more[0]["metadata"]["ownerReferences"][0]["uid"] = json!("an earlier set");
        assert_eq!(broken.findings(&RULE)[0].evidence, ["the pod has revision `7c9f`, the set wants 3 (`9d2e`)"]);
    }

    #[test]
    fn a_pod_of_the_new_revision_one_below_the_partition_and_parallel_sets_are_not() {
        let mut new = broken();
        new.pod["metadata"]["labels"]["controller-revision-hash"] = json!("web-9d2e");
        calm(&RULE, &new);
        let mut kept = broken();
        kept.set["spec"]["updateStrategy"] = json!({"rollingUpdate": {"partition": 1}});
        calm(&RULE, &kept);
        let mut parallel = broken();
        parallel.set["spec"]["podManagementPolicy"] = json!("Parallel");
        calm(&RULE, &parallel);
    }
}
