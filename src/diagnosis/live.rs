//! All rules about live sets, over what was read.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::command::Command;
use super::finding::Finding;
use super::rule::Check;
use super::rules::ALL;
use super::sight::Sight;
use crate::facts::blocking::Blocking;
use crate::facts::inventory::{Inventory, Scene};
use crate::facts::overview::SetOverview;
use crate::facts::surroundings::Surroundings;

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The first questions of the night.
    Status,
    /// Everything.
    Doctor,
}

/// What is wrong with one set, causes before what they bring about.
#[must_use]
pub fn findings(sight: &Sight<'_>, depth: Depth) -> Vec<Finding> {
    let mut found = Vec::new();
    for check in ALL.iter().flat_map(|rule| rule.checks) {
        match check {
            Check::Live(check) => found.extend(check(sight)),
            Check::Deep(check) if depth == Depth::Doctor => found.extend(check(sight)),
            Check::Deep(_)
            | Check::Text(_)
            | Check::Files(_)
            | Check::Rest(_)
            | Check::Form(_)
            | Check::Namespace(_)
            | Check::LastResort(_) => {}
        }
    }
    newer_first(&mut found, sight);
    for finding in &mut found {
        spare_pod(finding, sight);
    }
    for member in sight.members() {
        if found.iter().any(|finding| finding.member.as_ref() == Some(&member.row.name)) {
            continue;
        }
        for check in ALL.iter().flat_map(|rule| rule.checks) {
            match check {
                Check::LastResort(check) => found.extend(check(member, sight)),
                Check::Live(_)
                | Check::Deep(_)
                | Check::Text(_)
                | Check::Files(_)
                | Check::Rest(_)
                | Check::Form(_)
                | Check::Namespace(_) => {}
            }
        }
    }
    found
}

/// What comes of the template of a pod. One of an older revision is replaced
/// anyhow, so what is wrong with the newest one is to be mended first.
const OF_THE_TEMPLATE: [&str; 6] =
    ["no-node", "image-failure", "config-missing", "init-failed", "container-fails", "pod-failed"];

fn newer_first(found: &mut [Finding], sight: &Sight<'_>) {
    let is_of_template = |finding: &Finding| OF_THE_TEMPLATE.contains(&finding.code);
    let Some(first) = found.iter().position(is_of_template) else { return };
    let last = found.iter().rposition(is_of_template).unwrap_or(first);
    let is_old = |finding: &Finding| {
        let name = finding.member.as_deref();
        sight.members().iter().any(|member| name == Some(&member.row.name) && sight.is_outdated(member))
    };
    if let Some(block) = found.get_mut(first..=last) {
        block.sort_by_key(|finding| is_of_template(finding) && is_old(finding));
    }
}

/// No pod is deleted while a claim that it uses is: the claim goes with it, and the member
/// comes back with an empty one (PV-52). What is to be done is told with the claim.
fn spare_pod(finding: &mut Finding, sight: &Sight<'_>) {
    let Some(name) = finding.command.as_ref().and_then(Command::deleted_pod) else { return };
    let pod = sight.scene.pods.iter().flatten().find(|pod| pod.meta.name == name);
    let claims = sight.scene.claims.as_ref();
    let used = pod.iter().flat_map(|pod| &pod.claims).filter_map(|used| claims?.get(used.claim.as_str()));
    let Some(claim) = used.into_iter().find(|claim| claim.meta.deleting.is_some()) else { return };
    let claim = claim.meta.name.clone();
    finding.remedy = format!(
        "leave the pod alone until claim `{claim}` is seen to, which is being deleted: it goes with the pod, and the member comes back \
         with an empty one"
    );
    finding.command = Some(Command::describe(Some(sight.namespace()), "persistentvolumeclaim", &claim));
}

/// How much of the namespaces was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent<'a> {
    /// Some sets alone.
    Sets,
    /// All sets of a namespace, and what none of them has.
    Namespace(&'a str),
    /// The same of all namespaces.
    Everywhere,
}

/// The findings of several sets, in their order, and then those of their namespaces.
#[must_use]
pub fn examine(
    overviews: &[SetOverview],
    inventory: &Inventory,
    around: &Surroundings,
    extent: Extent<'_>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut found = Vec::new();
    // Sets of one namespace stand together, and share what was read of it.
    for together in overviews.chunk_by(|one, other| one.set.meta.namespace == other.set.meta.namespace) {
        let Some(first) = together.first() else { continue };
        let scene = Scene::of(inventory, &first.set.meta.namespace, now);
        let of = |overview| findings(&Sight::of(overview, &scene, around), Depth::Doctor);
        found.extend(together.iter().flat_map(of).map(|finding| within(&scene, finding)));
    }
    let namespaces = match extent {
        Extent::Sets => BTreeSet::new(),
        Extent::Namespace(one) => BTreeSet::from([one]),
        Extent::Everywhere => inventory.namespaces(),
    };
    for namespace in namespaces {
        let scene = Scene::of(inventory, namespace, now);
        for check in ALL.iter().flat_map(|rule| rule.checks) {
            match check {
                Check::Namespace(check) => {
                    found.extend(check(&scene, around).into_iter().map(|finding| within(&scene, finding)));
                }
                Check::Live(_)
                | Check::Deep(_)
                | Check::Text(_)
                | Check::Files(_)
                | Check::Rest(_)
                | Check::Form(_)
                | Check::LastResort(_) => {}
            }
        }
    }
    // A node belongs to all sets and namespaces.
    let mut nodes = BTreeSet::new();
    found.retain(|finding| match &finding.object {
        Some(object) if object.starts_with("Node/") => nodes.insert((finding.code, object.clone())),
        Some(_) | None => true,
    });
    found
}

fn within(scene: &Scene<'_>, finding: Finding) -> Finding {
    Finding { namespace: Some(scene.namespace.clone()), ..finding }
}

/// The first finding about a member that is not ready, and what is known of the
/// member: what to look at first in a set. One that only waits for another is not it.
/// Where all are ready, it is a claim that goes with its pod.
#[must_use]
pub fn blocking(
    overview: &SetOverview,
    inventory: &Inventory,
    around: &Surroundings,
    now: Timestamp,
) -> Option<(Finding, Blocking)> {
    let scene = Scene::of(inventory, &overview.set.meta.namespace, now);
    let sight = Sight::of(overview, &scene, around);
    let found = findings(&sight, Depth::Status);
    let of_member = |finding: &Finding| {
        let name = finding.member.as_deref().filter(|_| finding.code != "member-waits")?;
        let member = sight.members().iter().find(|member| member.row.name == name)?;
        Some((finding.clone(), Blocking::of(member.row, member.pod, finding.message.clone(), around)))
    };
    let unready = found.iter().filter_map(of_member).find(|(_, blocking)| !blocking.ready);
    let at_stake = || found.iter().filter(|finding| finding.code == "claim-terminating").find_map(of_member);
    unready.or_else(at_stake)
}

/// Writes what is wrong into the overviews, a sentence each, for `status`.
pub fn fill(overviews: &mut [SetOverview], inventory: &Inventory, around: &Surroundings, now: Timestamp) {
    for together in overviews.chunk_by_mut(|one, other| one.set.meta.namespace == other.set.meta.namespace) {
        let namespace = together.first().map(|first| first.set.meta.namespace.clone()).unwrap_or_default();
        let scene = Scene::of(inventory, &namespace, now);
        for overview in together {
            let found = findings(&Sight::of(overview, &scene, around), Depth::Status);
            for finding in found {
                write(overview, finding);
            }
        }
    }
}

fn write(overview: &mut SetOverview, finding: Finding) {
    let rows = overview.pods.iter_mut().flatten();
    match finding.member.and_then(|name| rows.into_iter().find(|row| row.name == name)) {
        Some(row) => row.problems.push(finding.message),
        None => overview.problems.push(finding.message),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::blocking;
    use crate::diagnosis::command::Command;
    use crate::diagnosis::samples::Broken;
    use crate::facts::overview::overviews;
    use crate::facts::samples::{claim, inventory, now, pod, surroundings};

    fn codes(broken: &Broken) -> Vec<(&'static str, Option<String>)> {
        broken.all().into_iter().map(|finding| (finding.code, finding.member)).collect()
    }

    #[test]
    fn no_pod_is_deleted_over_a_claim_that_is_on_its_way_out() {
        let mut broken = Broken::new();
        broken.pod["metadata"]["ownerReferences"] = json!([]);
        let deletes = |broken: &Broken| {
            broken.all().iter().any(|one| one.command == Some(Command::delete_pod("default", "web-0")))
        };
        assert!(deletes(&broken));
        broken.claim["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        assert!(!deletes(&broken), "{:?}", broken.all());
        let codes: Vec<&str> = broken.all().iter().map(|one| one.code).collect();
        assert_eq!(codes[..2], ["claim-terminating", "foreign-pod"]);
        assert!(broken.all()[1].remedy.starts_with("leave the pod alone until claim `data-web-0`"));
    }

    #[test]
    fn a_claim_that_goes_with_a_ready_pod_is_looked_at_closely_where_nothing_else_is_wrong() {
        let first = |broken: &Broken| {
            let all: Vec<_> = [&broken.set, &broken.service, &broken.pod, &broken.claim, &broken.volume, &broken.node]
                .into_iter()
                .cloned()
                .collect();
            let seen = inventory(&all);
            let overview = overviews(&seen, now(), |_| true).remove(0);
            blocking(&overview, &seen, &surroundings(&all), now()).map(|(finding, of)| (finding.code, of.ready))
        };
        let mut broken = Broken::new();
        assert_eq!(first(&broken), None);
        broken.claim["metadata"]["deletionTimestamp"] = json!("2026-03-13T11:55:00Z");
        assert_eq!(first(&broken), Some(("claim-terminating", true)));
    }

    /// `web-0` has the older of two revisions.
    fn two_revisions() -> Broken {
        let mut broken = Broken::new();
        broken.set["spec"]["replicas"] = json!(2);
        broken.set["status"]["updateRevision"] = json!("web-9d2e");
        let mut newer = pod("web", 1, "node-a");
        newer["metadata"]["labels"]["controller-revision-hash"] = json!("web-9d2e");
        broken.more.push(newer);
        broken.more.extend(claim("data", "web", 1, "eu-1a"));
        broken
    }

    #[test]
    fn what_is_wrong_with_the_newest_template_stands_before_what_was_wrong_with_an_older_one() {
        let mut broken = two_revisions();
        broken.set["spec"]["podManagementPolicy"] = json!("Parallel");
        let unplaced = json!({"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"});
        broken.pod["spec"]["nodeName"] = json!(null);
        broken.pod["status"] = json!({"phase": "Pending", "conditions": [unplaced]});
        broken.more[0]["status"] = json!({"phase": "Pending", "containerStatuses": [{"name": "app",
            "state": {"waiting": {"reason": "CreateContainerConfigError", "message": "no secret"}}}]});
        let found = codes(&broken);
        let expected = [("config-missing", Some("web-1".to_owned())), ("no-node", Some("web-0".to_owned()))];
        assert_eq!(found[..2], expected, "{found:?}");
        broken.set["status"]["updateRevision"] = json!("web-7c9f");
        assert_eq!(codes(&broken)[0].0, "no-node");
    }

    #[test]
    fn a_rollout_that_waits_for_a_lost_node_says_so_first() {
        let mut broken = two_revisions();
        broken.node["metadata"]["name"] = json!("node-b");
        broken.more[0]["spec"]["nodeName"] = json!("node-b");
        broken.pod["status"]["conditions"] = json!([{"type": "Ready", "status": "False"}]);
        let found = codes(&broken);
        assert_eq!(found[..2].iter().map(|(code, _)| *code).collect::<Vec<_>>(), ["node-lost", "rollout-stuck"]);
    }
}
