//! A pod whose time to end is over and that is still there.

use super::orphaned_pod::orphans;
use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::diagnosis::sight::{Member, Sight};
use crate::diagnosis::words::quoted;
use crate::facts::age::age;
use crate::facts::inventory::Scene;
use crate::facts::pod::Pod;
use crate::facts::surroundings::Surroundings;

pub static RULE: Rule = Rule {
    code: "pod-overdue",
    severity: Severity::Error,
    sources: &["H-06", "S4-08"],
    summary: "a pod should have ended long ago",
    page: include_str!("../../../docs/explain/pod-overdue.md"),
    checks: &[Check::Live(check), Check::Namespace(of_no_set)],
};

fn check(sight: &Sight<'_>) -> Vec<Finding> {
    let overdue = |member: &Member<'_>| {
        let pod = member.pod?;
        let message = should_be_gone(pod, sight.scene)?;
        // Nobody is there who could end it: that is told of the node.
        if pod.meta.finalizers.is_empty() && sight.is_on_lost_node(pod) {
            return None;
        }
        Some(
            RULE.of_member(member, message)
                .because("the set makes the member anew only when this pod is gone for certain, so that two never write the same data")
                .remedy(way_out(pod))
                .command(Command::describe(Some(sight.namespace()), "pod", &member.row.name)),
        )
    };
    sight.members().iter().filter_map(overdue).collect()
}

/// Pods whose sets are gone: nothing else tells of these.
fn of_no_set(scene: &Scene<'_>, _: &Surroundings) -> Vec<Finding> {
    let told = |(pod, whose): (&Pod, String)| {
        let message = format!("{whose}; it {}", should_be_gone(pod, scene)?);
        let node = pod.node.as_deref().filter(|_| pod.meta.finalizers.is_empty());
        let down = node.filter(|name| scene.node(name).is_some_and(|node| !node.ready));
        let finding = RULE.finding(message).about(format!("Pod/{}", pod.meta.name));
        let finding = match down {
            Some(node) => finding.evidence(format!("node `{node}` is not ready")).remedy(
                "bring the machine back, or make certain that it is off and delete its Node: the pod goes with that",
            ),
            None => finding.remedy(way_out(pod)),
        };
        let finding = if takes_claims_along(pod, scene) {
            finding.remedy(
                "before it goes, see to it that the volumes of its claims are Retain: a claim that is being deleted goes with \
                 the pod, and its data with it",
            )
        } else {
            finding
        };
        let finding =
            pod.claims.iter().map(|used| format!("it uses claim `{}`", used.claim)).fold(finding, Finding::evidence);
        Some(
            finding
                .because("until it is gone for certain it may still write, and a set of that name makes no member in its place")
                .command(Command::describe(Some(&pod.meta.namespace), "pod", &pod.meta.name)),
        )
    };
    orphans(scene).into_iter().filter_map(told).collect()
}

/// A claim of it is being deleted, or nobody may see whether one is (PV-52).
fn takes_claims_along(pod: &Pod, scene: &Scene<'_>) -> bool {
    let Some(claims) = &scene.claims else { return !pod.claims.is_empty() };
    let is_going = |name: &str| claims.get(name).is_some_and(|claim| claim.meta.deleting.is_some());
    pod.claims.iter().any(|used| is_going(&used.claim))
}

/// `should have ended 4m ago, held by finalizer x`; a pod that still may shut down is not overdue.
fn should_be_gone(pod: &Pod, scene: &Scene<'_>) -> Option<String> {
    let end = pod.meta.deleting.filter(|end| *end < scene.now)?;
    let held = match pod.meta.finalizers.as_slice() {
        [] => String::new(),
        finalizers => format!(", held by finalizer {}", quoted(finalizers)),
    };
    Some(format!("should have ended {} ago{held}", age(end, scene.now)))
}

fn way_out(pod: &Pod) -> &'static str {
    if pod.meta.finalizers.is_empty() {
        "look at the kubelet of its node, which has not confirmed its end"
    } else {
        "see to whoever set the finalizer"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::{claim, pod};

    #[test]
    fn a_pod_that_should_be_gone_is_told_with_who_holds_it() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:50:00Z");
        assert_eq!(tells(&RULE, &broken), ["should have ended 10m ago"]);
        broken.pod["metadata"]["finalizers"] = json!(["a/b"]);
        assert_eq!(tells(&RULE, &broken), ["should have ended 10m ago, held by finalizer `a/b`"]);
    }

    #[test]
    fn one_whose_node_is_lost_is_told_of_the_node() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:50:00Z");
        broken.node["status"]["conditions"][0]["status"] = json!("Unknown");
        calm(&RULE, &broken);
        broken.pod["metadata"]["finalizers"] = json!(["a/b"]);
        assert_eq!(tells(&RULE, &broken), ["should have ended 10m ago, held by finalizer `a/b`"]);
    }

    #[test]
    fn one_whose_set_is_gone_is_told_where_it_holds_or_its_node_is_lost() {
        let mut broken = Broken::new();
        broken.more.push(pod("db", 0, "node-a"));
        let whose = "belongs to StatefulSet `db` (UID set-db), which does not exist";
        broken.more[0]["metadata"]["deletionTimestamp"] = json!("2026-03-13T12:00:20Z");
        calm(&RULE, &broken);
        broken.more[0]["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:50:00Z");
        assert_eq!(tells(&RULE, &broken), [format!("{whose}; it should have ended 10m ago")]);
        assert_eq!(broken.findings(&RULE)[0].evidence, ["it uses claim `data-db-0`"]);
        broken.node["status"]["conditions"][0]["status"] = json!("Unknown");
        let [mut claim, volume] = claim("data", "db", 0, "eu-1a");
        broken.more.extend([claim.clone(), volume]);
        let found = broken.findings(&RULE).remove(0);
        assert_eq!(found.evidence[0], "node `node-a` is not ready");
        assert!(found.remedy.starts_with("bring the machine back"), "{found:?}");
        claim["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:50:00Z");
        broken.more[1] = claim;
        assert!(broken.findings(&RULE)[0].remedy.starts_with("before it goes"));
        broken.more.truncate(1);
        broken.more[0]["metadata"]["finalizers"] = json!(["a/b"]);
        let found = broken.findings(&RULE);
        assert_eq!(found[0].message, format!("{whose}; it should have ended 10m ago, held by finalizer `a/b`"));
        assert_eq!(found[0].remedy, "see to whoever set the finalizer");
    }

    #[test]
    fn one_that_still_may_shut_down_is_not() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["deletionTimestamp"] = json!("2026-03-13T12:00:20Z");
        calm(&RULE, &broken);
    }
}
