//! Makes the overviews out of an inventory. Pure.

use jiff::Timestamp;

use super::{ClaimOverview, NodeFacts, NodeOverview, PodFacts, PodOverview, ServiceState, SetOverview, VolumeState};
use crate::facts::claim::Claim;
use crate::facts::inventory::{Inventory, Scene};
use crate::facts::leftovers::{EarlierClaim, Fate, earlier_claims, with_policies};
use crate::facts::ordinals::{Ordinal, claim_name, pod_name, pod_ordinal, sets_of_claim};
use crate::facts::pod::Pod;
use crate::facts::released;
use crate::facts::set::Set;
use crate::facts::words::ClaimPhase;

/// Members without a pod that are listed one by one; the rest is counted.
const MOST_MISSING: usize = 10;

/// The overviews of the sets that `asked_for` accepts, in the inventory's order.
pub fn overviews(inventory: &Inventory, now: Timestamp, asked_for: impl Fn(&Set) -> bool) -> Vec<SetOverview> {
    let mut scene: Option<(&str, Scene<'_>)> = None;
    let mut all = Vec::new();
    for set in inventory.sets.iter().filter(|set| asked_for(set)) {
        let namespace = set.meta.namespace.as_str();
        let (_, scene) = match scene.take().filter(|(of, _)| *of == namespace) {
            Some(same) => scene.insert(same),
            None => scene.insert((namespace, Scene::of(inventory, namespace, now))),
        };
        all.push(overview(set, scene));
    }
    all
}

fn overview(set: &Set, scene: &Scene<'_>) -> SetOverview {
    let service = service_state(set, scene);
    let existing = scene.pods.as_ref().map(|pods| members(set, pods));
    let in_range = |member: &&(Ordinal, &Pod)| set.range.contains(member.0);
    let wanted = || existing.iter().flatten().filter(in_range);
    let count = |found: usize| u64::try_from(found).unwrap_or(u64::MAX);
    let ready =
        if existing.is_some() { count(wanted().filter(|(_, pod)| pod.is_ready()).count()) } else { set.status.ready };
    let updated = existing.as_ref().map(|_| {
        let updated = wanted().filter(|(_, pod)| pod.revision() == set.status.update_revision).count();
        (count(updated), count(wanted().count()))
    });
    let missing = set.range.replicas.saturating_sub(count(wanted().count()));
    let pods = existing.as_deref().map(|existing| rows(set, existing, scene));
    let listed = pods.iter().flatten().filter(|row| row.pod.is_none()).count();
    let leftovers = leftovers(set, existing.as_deref().unwrap_or_default(), scene);
    SetOverview {
        set: set.clone(),
        ready,
        service,
        updated,
        more_missing: if pods.is_some() { missing.saturating_sub(count(listed)) } else { 0 },
        pods,
        leftovers,
        lock: scene.lock_on(&set.meta.name).cloned(),
        problems: Vec::new(),
    }
}

fn service_state(set: &Set, scene: &Scene<'_>) -> ServiceState {
    let Some(name) = set.service_name.clone() else { return ServiceState::Unnamed };
    match &scene.services {
        None => ServiceState::Unknown(name),
        Some(services) => match services.get(name.as_str()) {
            None => ServiceState::Missing(name),
            Some(service) if service.headless => ServiceState::Headless(name),
            Some(_) => ServiceState::NotHeadless(name),
        },
    }
}

/// The pods that carry the name of a member (SS-04), by ordinal.
fn members<'a>(set: &Set, pods: &[&'a Pod]) -> Vec<(Ordinal, &'a Pod)> {
    let mut found: Vec<(Ordinal, &Pod)> =
        pods.iter().filter_map(|pod| Some((pod_ordinal(&set.meta.name, &pod.meta.name)?, *pod))).collect();
    found.sort_by(|one, other| (one.0, &one.1.meta.name).cmp(&(other.0, &other.1.meta.name)));
    found
}

/// Existing pods and the first missing ones, by ordinal.
fn rows(set: &Set, existing: &[(Ordinal, &Pod)], scene: &Scene<'_>) -> Vec<PodOverview> {
    let there = |ordinal: Ordinal| existing.iter().any(|(taken, _)| *taken == ordinal);
    let missing = set.range.iter().filter(|ordinal| !there(*ordinal)).take(MOST_MISSING);
    let mut rows: Vec<PodOverview> = missing.map(|ordinal| missing_row(set, ordinal, scene)).collect();
    rows.extend(existing.iter().map(|(ordinal, pod)| row(set, *ordinal, pod, scene)));
    rows.sort_by(|one, other| (one.ordinal, &one.name).cmp(&(other.ordinal, &other.name)));
    rows
}

fn row(set: &Set, ordinal: Ordinal, pod: &Pod, scene: &Scene<'_>) -> PodOverview {
    let claims = claims(set, ordinal, Some(pod), scene);
    PodOverview {
        name: pod.meta.name.clone(),
        ordinal,
        in_range: set.range.contains(ordinal),
        pod: Some(PodFacts {
            uid: pod.meta.uid.clone(),
            state: pod.state(),
            created: pod.meta.created,
            restarts: pod.restarts(),
            node: pod.node.as_deref().map(|name| node(name, scene)),
        }),
        claims,
        problems: Vec::new(),
    }
}

fn missing_row(set: &Set, ordinal: Ordinal, scene: &Scene<'_>) -> PodOverview {
    let claims = claims(set, ordinal, None, scene);
    PodOverview {
        name: pod_name(&set.meta.name, ordinal),
        ordinal,
        in_range: true,
        pod: None,
        claims,
        problems: Vec::new(),
    }
}

fn node(name: &str, scene: &Scene<'_>) -> NodeOverview {
    let facts = scene.nodes.is_some().then(|| match scene.node(name) {
        None => NodeFacts { exists: false, ready: false, zone: None, address: None },
        Some(node) => NodeFacts {
            exists: true,
            ready: node.ready,
            zone: node.zone().map(str::to_owned),
            address: node.address.clone(),
        },
    });
    NodeOverview { name: name.to_owned(), facts }
}

/// The claims of a member: one per template, then what else its pod mounts.
fn claims(set: &Set, ordinal: Ordinal, pod: Option<&Pod>, scene: &Scene<'_>) -> Option<Vec<ClaimOverview>> {
    let claims = scene.claims.as_ref()?;
    let mut names: Vec<(String, String)> = set
        .template_names()
        .into_iter()
        .map(|template| {
            let name = claim_name(&template, &set.meta.name, ordinal);
            (template, name)
        })
        .collect();
    for used in pod.iter().flat_map(|pod| &pod.claims) {
        if !names.iter().any(|(_, name)| *name == used.claim) {
            names.push((used.volume.clone(), used.claim.clone()));
        }
    }
    let one = |(template, name): (String, String)| {
        let claim = claims.get(name.as_str()).copied();
        ClaimOverview {
            volume: claim.map_or(VolumeState::None, |claim| VolumeState::of(claim, scene)),
            predates_set: claim
                .is_some_and(|claim| claim.meta.created.zip(set.meta.created).is_some_and(|(claim, set)| claim < set)),
            released: claim
                .filter(|claim| claim.phase == ClaimPhase::Pending)
                .and_then(|claim| released::within_reach(claim, scene))
                .map(|volume| Box::new(volume.clone())),
            claim: claim.cloned(),
            template,
            name,
        }
    };
    Some(names.into_iter().map(one).collect())
}

impl VolumeState {
    /// The volume of a claim, as far as volumes could be read.
    #[must_use]
    pub fn of(claim: &Claim, scene: &Scene<'_>) -> Self {
        match (&claim.volume_name, &scene.volumes) {
            (None, _) => Self::None,
            (Some(_), None) => Self::Unknown,
            (Some(_), Some(_)) => {
                scene.volume_of(claim).map_or(Self::Gone, |volume| Self::There(Box::new(volume.clone())))
            }
        }
    }
}

/// Claims outside the range and without a pod, but none that another set of
/// the namespace wants under the same name (H-10) or that any pod uses. `None`
/// where nobody can say: claims or other sets may not be read.
fn leftovers(set: &Set, existing: &[(Ordinal, &Pod)], scene: &Scene<'_>) -> Option<Vec<EarlierClaim>> {
    let claims = scene.claims.as_ref().filter(|_| !scene.sets_hidden)?.values().copied();
    let range = set.range;
    let found = earlier_claims(&set.meta.name, &set.template_names(), range.start, range.replicas, claims);
    let wanted_elsewhere = |claim: &EarlierClaim| {
        sets_of_claim(&claim.name, scene.sets.iter().copied())
            .into_iter()
            .any(|(other, ordinal)| other.meta.name != set.meta.name && other.range.contains(ordinal))
    };
    let kept = found.into_iter().filter(|claim| {
        claim.fate == Fate::Leftover
            && !existing.iter().any(|(ordinal, _)| *ordinal == claim.ordinal)
            && !wanted_elsewhere(claim)
            && !scene.pods.iter().flatten().any(|pod| pod.uses(&claim.name))
    });
    let kept: Vec<EarlierClaim> = kept.collect();
    let volumes = kept.iter().filter_map(|claim| scene.volumes.as_ref()?.get(claim.volume.as_deref()?)).copied();
    Some(with_policies(kept.clone(), volumes))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::facts::samples::{claim, inventory, node, now, pod, service, set, world};

    fn one(objects: &[Value]) -> SetOverview {
        let mut all = overviews(&inventory(objects), now(), |set| set.meta.name == "web");
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    fn names(overview: &SetOverview) -> Vec<&str> {
        overview.pods.iter().flatten().map(|member| member.name.as_str()).collect()
    }

    #[test]
    fn readiness_is_counted_from_the_pods_in_range_and_not_from_the_status() {
        let mut stale = set("web", 1);
        stale["spec"]["ordinals"] = json!({"start": 1});
        stale["status"]["readyReplicas"] = json!(7);
        let overview = one(&[stale, service("web"), pod("web", 0, "n"), pod("web", 1, "n"), node("n", "a", true)]);
        assert_eq!(overview.ready, 1);
        let in_range: Vec<bool> = overview.pods.iter().flatten().map(|member| member.in_range).collect();
        assert_eq!((names(&overview), in_range), (vec!["web-0", "web-1"], vec![false, true]));
    }

    #[test]
    fn without_the_right_to_read_pods_the_status_of_the_set_is_all_there_is() {
        let mut seen = inventory(&world());
        seen.pods = None;
        let overview = &overviews(&seen, now(), |_| true)[0];
        assert_eq!((overview.ready, overview.updated, overview.pods.as_deref()), (3, None, None));
    }

    #[test]
    fn without_the_right_to_list_sets_nobody_knows_what_is_left_over() {
        let mut seen = inventory(&world());
        seen.sets_hidden = true;
        assert_eq!(overviews(&seen, now(), |_| true)[0].leftovers, None);
        let mut user = pod("job", 0, "node-a");
        user["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] = json!("data-web-4");
        let overview = one(&[world(), vec![user]].concat());
        let names: Vec<String> = overview.leftovers.unwrap_or_default().into_iter().map(|claim| claim.name).collect();
        assert_eq!(names, ["data-web-3"], "a pod uses the other one");
    }

    #[test]
    fn of_very_many_missing_members_only_the_first_are_listed() {
        let overview = one(&[set("web", 2_000_000_000), service("web"), pod("web", 3, "n"), node("n", "a", true)]);
        assert_eq!(names(&overview).len(), MOST_MISSING + 1);
        assert_eq!(overview.more_missing, 2_000_000_000 - 1 - 10);
        assert!(overview.needs_events());
    }

    #[test]
    fn a_leftover_is_a_claim_outside_the_range_that_no_pod_and_no_other_set_wants() {
        let leftovers = |objects: &[Value]| -> Vec<String> {
            one(objects).leftovers.unwrap_or_default().into_iter().map(|claim| claim.name).collect()
        };
        let mut all = world();
        assert_eq!(leftovers(&all), ["data-web-3", "data-web-4"]);
        all.push(pod("web", 4, "node-a"));
        assert_eq!(leftovers(&all), ["data-web-3"]);
        // Template `data` of `web` and template `data-web` of a set that is called like an
        // ordinal cannot clash, but `data` of `web-a` and `data-web` of `a` do (H-10).
        let mut other = set("a", 1);
        other["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "data-web"}}]);
        let mut shrunk = set("web-a", 0);
        shrunk["metadata"]["uid"] = json!("shrunk");
        let mut clash = vec![shrunk, other];
        clash.extend(claim("data", "web-a", 0, "eu-1a"));
        let found = overviews(&inventory(&clash), now(), |set| set.meta.name == "web-a");
        assert_eq!(found[0].leftovers, Some(Vec::new()));
        clash.remove(1);
        let found = overviews(&inventory(&clash), now(), |set| set.meta.name == "web-a");
        assert_eq!(found[0].leftovers.as_ref().map(Vec::len), Some(1));
    }

    #[test]
    fn the_policy_of_a_leftover_comes_from_its_volume_or_stays_unknown() {
        let mut seen = inventory(&world());
        let policies = |seen: &Inventory| -> Vec<Option<String>> {
            let overview = overviews(seen, now(), |_| true).remove(0);
            let leftovers = overview.leftovers.unwrap_or_default().into_iter();
            leftovers.map(|claim| claim.reclaim_policy.map(|policy| policy.as_str().to_owned())).collect()
        };
        assert_eq!(policies(&seen), [Some("Delete".to_owned()), Some("Delete".to_owned())]);
        seen.volumes = None;
        assert_eq!(policies(&seen), [None, None]);
    }

    #[test]
    fn claims_that_the_pod_uses_beside_its_templates_are_shown_too() {
        let mut shared = pod("web", 0, "n");
        let more = json!({"name": "backup", "persistentVolumeClaim": {"claimName": "nightly"}});
        shared["spec"]["volumes"].as_array_mut().unwrap().push(more);
        let overview = one(&[set("web", 1), service("web"), shared, node("n", "a", true)]);
        let claims = overview.pods.as_ref().unwrap()[0].claims.as_ref().unwrap();
        let named: Vec<_> = claims.iter().map(|claim| (claim.template.as_str(), claim.name.as_str())).collect();
        assert_eq!(named, [("data", "data-web-0"), ("backup", "nightly")]);
    }

    #[test]
    fn a_claim_older_than_its_set_is_marked() {
        let mut all = world();
        all[0]["metadata"]["creationTimestamp"] = json!("2026-03-02T12:00:00Z");
        let overview = one(&all);
        let marked = |member: &PodOverview| member.claims.iter().flatten().all(|claim| claim.predates_set);
        assert!(overview.pods.as_ref().unwrap().iter().all(marked));
        let overview = one(&world());
        assert!(!overview.pods.as_ref().unwrap().iter().any(marked));
    }

    #[test]
    fn sets_of_several_namespaces_see_only_their_own_pods() {
        let mut elsewhere = set("web", 1);
        elsewhere["metadata"]["namespace"] = json!("other");
        let mut all = world();
        all.push(elsewhere);
        let found = overviews(&inventory(&all), now(), |_| true);
        assert_eq!(found.iter().map(|overview| overview.ready).collect::<Vec<_>>(), [2, 0]);
        assert_eq!(found[1].service, ServiceState::Missing("web".to_owned()));
    }

    #[test]
    fn events_are_needed_only_where_something_is_not_settled() {
        let mut all = vec![set("web", 1), service("web"), pod("web", 0, "node-a"), node("node-a", "eu-1a", true)];
        all.extend(claim("data", "web", 0, "eu-1a"));
        let calm = one(&all);
        assert!(!calm.needs_events());
        assert!(one(&world()).needs_events());
        all[4]["status"]["phase"] = json!("Pending");
        assert!(one(&all).needs_events());
    }
}
