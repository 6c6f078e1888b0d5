//! A pod whose set is gone: nobody makes it anew.

use std::collections::BTreeSet;

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::facts::inventory::Scene;
use crate::facts::ordinals::parse_pod_name;
use crate::facts::pod::Pod;
use crate::facts::surroundings::Surroundings;

pub static RULE: Rule = Rule {
    code: "orphaned-pod",
    severity: Severity::Warning,
    sources: &["SS-04", "SS-09"],
    summary: "the set of a pod is gone",
    page: include_str!("../../../docs/explain/orphaned-pod.md"),
    checks: &[Check::Namespace(check)],
};

/// What the controller writes on each pod of a set (SS-05).
const NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";

fn check(scene: &Scene<'_>, _: &Surroundings) -> Vec<Finding> {
    let sets: BTreeSet<&str> = scene.sets.iter().map(|set| set.meta.name.as_str()).collect();
    let pods = scene.pods.iter().flatten().copied();
    pods.filter(|pod| pod.meta.deleting.is_none()).filter_map(|pod| lost(pod, &sets)).collect()
}

/// With a set of that name the pod is the business of that set.
fn lost(pod: &Pod, sets: &BTreeSet<&str>) -> Option<Finding> {
    let name = &pod.meta.name;
    let (parent, _) = parse_pod_name(name).filter(|(parent, _)| !sets.contains(parent))?;
    let message = match pod.meta.controller() {
        Some(owner) if owner.kind == "StatefulSet" && owner.name == parent => {
            format!("belongs to StatefulSet `{parent}` (UID {}), which does not exist", owner.uid)
        }
        None if pod.meta.labels.get(NAME_LABEL) == Some(name) => {
            format!("was made by StatefulSet `{parent}`, which does not exist any more, and belongs to nobody")
        }
        Some(_) | None => return None,
    };
    let finding = RULE.finding(message).about(format!("Pod/{name}"));
    let claims = pod.claims.iter().map(|used| format!("it uses claim `{}`", used.claim));
    Some(
        claims
            .fold(finding, Finding::evidence)
            .because("it runs on, but when it ends nobody makes it anew; a set that was deleted with `--cascade=orphan` leaves its pods so")
            .remedy("make the set again under its name and with its selector, and it takes the pod over; or delete the pod: its claims stay")
            .command(Command::delete_pod(&pod.meta.namespace, name)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::pod;

    #[test]
    fn a_pod_whose_owner_is_gone_and_one_that_was_let_go_are_told() {
        let mut broken = Broken::new();
        broken.more.push(pod("db", 0, "node-a"));
        assert_eq!(tells(&RULE, &broken), ["belongs to StatefulSet `db` (UID set-db), which does not exist"]);
        let orphan = &mut broken.more[0]["metadata"];
        orphan["ownerReferences"] = json!([]);
        orphan["labels"][NAME_LABEL] = json!("db-0");
        assert_eq!(
            tells(&RULE, &broken),
            ["was made by StatefulSet `db`, which does not exist any more, and belongs to nobody"]
        );
        assert_eq!(broken.findings(&RULE)[0].evidence, ["it uses claim `data-db-0`"]);
    }

    #[test]
    fn a_pod_that_only_looks_like_one_and_one_of_a_set_that_is_there_are_not() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["ownerReferences"] = json!([]);
        broken.pod["metadata"]["labels"][NAME_LABEL] = json!("web-0");
        calm(&RULE, &broken);
        let mut plain = pod("db", 0, "node-a");
        plain["metadata"]["ownerReferences"] = json!([]);
        broken.more.push(plain);
        calm(&RULE, &broken);
    }
}
