//! An image that cannot be fetched.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::diagnosis::words;

pub static RULE: Rule = Rule {
    code: "image-failure",
    severity: Severity::Error,
    sources: &["S4-06", "SS-65"],
    summary: "an image cannot be fetched",
    page: include_str!("../../../docs/explain/image-failure.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for member in sight.members() {
        let Some(pod) = member.pod.filter(|pod| pod.meta.deleting.is_none()) else { continue };
        for container in pod.containers.iter().filter(|container| words::is_image_failure(container)) {
            let Some(message) = words::of_container(container, sight.scene) else { continue };
            found.push(
                RULE.of_member(member, message)
                    .because("the name or version is wrong, the registry does not answer, or it wants a login")
                    .remedy(words::and_then_delete(sight, "mend the image in the template, or add `imagePullSecrets`"))
                    .command(Command::describe(Some(sight.namespace()), "pod", &member.row.name)),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm};

    fn waiting(reason: &str) -> Broken {
        let mut broken = Broken::new();
        broken.pod["status"] = json!({"phase": "Pending", "containerStatuses": [
            {"name": "app", "state": {"waiting": {"reason": reason, "message": "no such tag"}}}]});
        broken
    }

    #[test]
    fn an_image_that_cannot_be_fetched_is_told_first() {
        let found = waiting("ImagePullBackOff").all();
        assert_eq!((found[0].code, found.len()), ("image-failure", 1), "{found:?}");
        assert_eq!(found[0].message, "container `app` waits: ImagePullBackOff: no such tag");
        assert!(found[0].remedy.contains("delete the pod"), "{}", found[0].remedy);
    }

    #[test]
    fn a_container_that_is_being_made_and_one_that_crashes_are_not() {
        calm(&RULE, &waiting("ContainerCreating"));
        calm(&RULE, &waiting("CrashLoopBackOff"));
    }
}
