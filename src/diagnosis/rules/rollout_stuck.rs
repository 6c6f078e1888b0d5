//! A pod of an older revision that is not ready: the set waits for it, and will
//! never replace it. Undoing the rollout does not help.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words;
use crate::facts::pod::{Container, Pod};
use crate::facts::set::Set;

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
    if !sight.in_order() {
        return Vec::new();
    }
    let stuck = |member: &Member<'_>| {
        let is_stuck = |pod: &&Pod| member.is_unready() && sight.is_outdated(member) && !fails_anew(set, pod);
        let pod = member.pod.filter(is_stuck)?;
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

/// The template as it is now would have the image fetched in the very same way: it is to be mended first.
fn fails_anew(set: &Set, pod: &Pod) -> bool {
    let Some(pulls) = &pod.pulls else { return false };
    let same = |name: &String| pulls.images.contains_key(name) && pulls.images.get(name) == set.pulls.images.get(name);
    // Without a pull it is the policy that may be another now, and an account may have brought more
    // logins than the template names.
    let is_pulled =
        |one: &&Container| words::is_image_failure(one) && words::waits_for(one) != Some("ErrImageNeverPull");
    set.pulls.logins.is_subset(&pulls.logins) && pod.containers.iter().filter(is_pulled).any(|one| same(&one.name))
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
    use serde_json::{Value, json};

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
        let with = |image: &str| json!([{"name": "app", "image": image}]);
        broken.pod["status"]["containerStatuses"][0]["image"] = json!("example.org/app:none");
        broken.set["spec"]["template"]["spec"]["containers"] = with("example.org/app:none");
        assert_eq!(broken.all()[0].code, "image-failure");
        calm(&RULE, &broken);
        let first = |change: &dyn Fn(&mut Value)| {
            let mut mended = broken.clone();
            change(&mut mended.set["spec"]["template"]["spec"]);
            mended.all()[0].code
        };
        assert_eq!(first(&|spec| spec["containers"] = with("example.org/app:1.0")), "rollout-stuck");
        assert_eq!(first(&|spec| spec["imagePullSecrets"] = json!([{"name": "login"}])), "rollout-stuck");
        broken.pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] = json!("ErrImageNeverPull");
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
