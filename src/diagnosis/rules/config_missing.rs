//! A Secret, ConfigMap or key that a container needs and that is not there.

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::Sight;
use crate::diagnosis::words;
use crate::facts::event::newest;
use crate::facts::inventory::Scene;
use crate::facts::pod::{Container, ContainerState, Pod};

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
        let waits = |container: &&Container| words::waits_for(container) == Some("CreateContainerConfigError");
        let waiting = pod.containers.iter().filter(waits);
        let waiting = waiting.filter_map(|container| words::of_container(container, sight.scene));
        found.extend(waiting.chain(not_mounted(pod, sight.scene)).map(|message| {
            let command = without_key(&message).map(|(kind, name)| Command::describe(Some(sight.namespace()), &kind, name));
            let command = command.unwrap_or_else(|| Command::get(Some(sight.namespace()), "secrets,configmaps"));
            RULE.of_member(member, message)
                .because("a container cannot be made before all Secrets, ConfigMaps and keys that it names are there")
                .remedy("make what is missing, and the pod goes on by itself; or mend the name in the template, and then delete the pod")
                .command(command)
        }));
    }
    found
}

/// What is there and lacks a key: its description has the keys, and of a Secret no values.
fn without_key(message: &str) -> Option<(String, &str)> {
    let (_, rest) = message.split_once("couldn't find key ")?.1.split_once(" in ")?;
    let (kind, path) = rest.split_once(' ')?;
    let name = path.split_once('/')?.1.split(|letter: char| letter == ';' || letter.is_whitespace()).next()?;
    ["Secret", "ConfigMap"].contains(&kind).then(|| (kind.to_ascii_lowercase(), name))
}

/// A volume of the pod is made of what is not there: only an event says so, and
/// only as long as no container has begun it is the truth.
fn not_mounted(pod: &Pod, scene: &Scene<'_>) -> Option<String> {
    let begun = |container: &Container| !matches!(container.state, ContainerState::Waiting { .. });
    if pod.is_ready() || pod.containers.iter().any(begun) {
        return None;
    }
    let last = newest(scene.events?, &pod.meta.uid, |event| event.warning)?;
    let names = |what: &str| last.message.contains(what);
    let missing =
        ((names("secret \"") || names("configmap \"")) && names("not found")) || names("references non-existent");
    (last.reason == "FailedMount" && missing).then(|| last.said())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::event;

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
    fn of_one_without_the_key_the_keys_are_looked_at() {
        let mut broken = Broken::new();
        broken.pod["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "app", "state": {"waiting": {
            "reason": "CreateContainerConfigError", "message": "couldn't find key pass in Secret default/login"}}}]});
        let command = broken.findings(&RULE).remove(0).command;
        assert_eq!(command, Some(Command::describe(Some("default"), "secret", "login")));
    }

    #[test]
    fn one_that_a_volume_is_made_of_is_told_too() {
        for what in [
            "secret \"login\" not found",
            "configmap \"settings\" not found",
            "references non-existent secret key: p",
            "configmap references non-existent config key: k",
        ] {
            let mut broken = Broken::new();
            broken.pod["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "app",
                "state": {"waiting": {"reason": "ContainerCreating"}}}]});
            let why = format!("MountVolume.SetUp failed for volume \"v\" : {what}");
            broken.more.push(event("pod-web-0", "Warning", "FailedMount", &why));
            assert_eq!(tells(&RULE, &broken), [format!("FailedMount: {why}")]);
            assert_eq!(broken.all().len(), 1);
        }
    }

    #[test]
    fn a_volume_that_fails_otherwise_and_a_container_that_runs_are_not() {
        let mut broken = Broken::new();
        broken.more.push(event("pod-web-0", "Warning", "FailedMount", "secret \"login\" not found"));
        calm(&RULE, &broken);
        broken.pod["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "app",
            "state": {"waiting": {"reason": "ContainerCreating"}}}]});
        broken.more = vec![event("pod-web-0", "Warning", "FailedMount", "context deadline exceeded")];
        calm(&RULE, &broken);
    }
}
