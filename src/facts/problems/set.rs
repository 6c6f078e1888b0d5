//! What is wrong with a set as a whole and with its governing Service.

use crate::facts::age::age;
use crate::facts::event::{Event, newest};
use crate::facts::inventory::Scene;
use crate::facts::overview::ServiceState;
use crate::facts::set::Set;

/// The set as a whole and its governing Service.
pub(in crate::facts) fn of_set(set: &Set, service: &ServiceState, scene: &Scene<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(since) = set.meta.deleting {
        found.push(format!("is being deleted since {}", age(since, scene.now)));
    }
    if !set.is_observed() {
        found.push(format!(
            "the controller has not yet seen the latest change (generation {}, seen {})",
            set.meta.generation, set.status.observed_generation
        ));
    }
    match service {
        ServiceState::Missing(name) => {
            found.push(format!("Service `{name}` does not exist, so the pods have no DNS names"));
        }
        ServiceState::NotHeadless(name) => {
            found.push(format!("Service `{name}` is not headless, so the pods have no DNS names"));
        }
        ServiceState::Headless(name) => {
            let service = scene.services.as_ref().and_then(|services| services.get(name.as_str()));
            if service.is_some_and(|service| !service.selector.is_empty() && !service.selects(&set.pod_labels)) {
                found.push(format!("the selector of Service `{name}` does not match the labels of the pods"));
            }
        }
        ServiceState::Unknown(_) | ServiceState::Unnamed => {}
    }
    found
}

/// Why the controller could not make a pod or claim (SS-105).
pub(in crate::facts) fn failed_create(set: &Set, scene: &Scene<'_>) -> Option<String> {
    let failed = |event: &Event| event.reason == "FailedCreate";
    newest(scene.events?, &set.meta.uid, failed).map(Event::said)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::facts::samples::{Broken, event};

    #[test]
    fn nothing_is_wrong_with_a_calm_set() {
        assert_eq!(Broken::new().problems(), Vec::<String>::new());
    }

    #[test]
    fn a_service_that_is_missing_or_cannot_govern_is_told() {
        let mut broken = Broken::new();
        broken.service["metadata"]["name"] = json!("other");
        assert_eq!(broken.problems(), ["Service `web` does not exist, so the pods have no DNS names"]);
        let mut broken = Broken::new();
        broken.service["spec"]["clusterIP"] = json!("10.0.0.1");
        assert_eq!(broken.problems(), ["Service `web` is not headless, so the pods have no DNS names"]);
        let mut broken = Broken::new();
        broken.service["spec"]["selector"] = json!({"app": "wbe"});
        assert_eq!(broken.problems(), ["the selector of Service `web` does not match the labels of the pods"]);
    }

    #[test]
    fn a_status_that_is_behind_the_set_is_told() {
        let mut broken = Broken::new();
        broken.set["metadata"]["generation"] = json!(3);
        assert_eq!(broken.problems(), ["the controller has not yet seen the latest change (generation 3, seen 2)"]);
    }

    #[test]
    fn a_missing_member_names_the_pod_it_waits_for_and_the_controllers_complaint() {
        let mut broken = Broken::new();
        broken.set["spec"]["replicas"] = json!(2);
        broken.pod["status"] = json!({"phase": "Pending"});
        broken.more.push(event("set-web", "Warning", "FailedCreate", "create Pod web-1 failed: exceeded quota"));
        assert_eq!(
            broken.problems(),
            ["FailedCreate: create Pod web-1 failed: exceeded quota", "not created yet: waits for `web-0`"]
        );
    }
}
