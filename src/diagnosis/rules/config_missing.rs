//! A Secret, ConfigMap or key that a container needs and that is not there.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::diagnosis::words;

pub static RULE: Rule = Rule {
    code: "config-missing",
    severity: Severity::Error,
    sources: &["S3-e2"],
    summary: "a Secret, ConfigMap or key is missing",
    page: include_str!("../../../docs/explain/config-missing.md"),
    checks: &[Check::Live(check)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for member in sight.members() {
        let Some(pod) = member.pod.filter(|pod| pod.meta.deleting.is_none()) else { continue };
        for container in
            pod.containers.iter().filter(|container| words::waits_for(container) == Some("CreateContainerConfigError"))
        {
            let Some(message) = words::of_container(container, sight.scene) else { continue };
            found.push(
                RULE.of_member(member, message)
                    .because("the container cannot be made before all Secrets, ConfigMaps and keys that it names are there")
                    .remedy("make what is missing, and the pod goes on by itself; or mend the name in the template, and then delete the pod")
                    .command(Command::get(Some(sight.namespace()), "secrets,configmaps")),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};

    #[test]
    fn a_secret_that_is_missing_is_told() {
        let mut broken = Broken::new();
        broken.pod["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "app",
            "state": {"waiting": {"reason": "CreateContainerConfigError", "message": "secret \"login\" not found"}}}]});
        assert_eq!(
            tells(&RULE, &broken),
            ["container `app` waits: CreateContainerConfigError: secret \"login\" not found"]
        );
        assert_eq!(broken.all().len(), 1);
    }

    #[test]
    fn a_container_that_runs_is_not() {
        calm(&RULE, &Broken::new());
    }
}
