//! Claims with names as sets make them, that no set here makes and no pod
//! uses. Whose they were is not guessed: templates of a set that is gone are
//! written down nowhere (H-10).

use std::collections::BTreeSet;

use crate::diagnosis::command::Command;
use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::rule::{Check, Rule};
use crate::facts::age::age_of;
use crate::facts::claim::Claim;
use crate::facts::inventory::Scene;
use crate::facts::ordinals::{parse_pod_name, sets_of_claim};
use crate::facts::surroundings::Surroundings;
use crate::facts::words::ReclaimPolicy;

pub static RULE: Rule = Rule {
    code: "claims-without-set",
    severity: Severity::Warning,
    sources: &["S4-e7", "SS-71", "H-10", "H-45"],
    summary: "claims that no set and no pod has",
    page: include_str!("../../../docs/explain/claims-without-set.md"),
    checks: &[Check::Namespace(check)],
};

fn check(scene: &Scene<'_>, _: &Surroundings) -> Vec<Finding> {
    let (Some(claims), Some(pods)) = (&scene.claims, &scene.pods) else { return Vec::new() };
    let used: BTreeSet<&str> = pods.iter().flat_map(|pod| pod.claims.iter().map(|used| used.claim.as_str())).collect();
    let nobodys = |claim: &&Claim| {
        claim.meta.deleting.is_none()
            && is_like_a_members(&claim.meta.name)
            && !used.contains(claim.meta.name.as_str())
            && sets_of_claim(&claim.meta.name, scene.sets.iter().copied()).is_empty()
    };
    let found: Vec<&Claim> = claims.values().copied().filter(nobodys).collect();
    let message = match found.as_slice() {
        [] => return Vec::new(),
        [one] => format!(
            "claim `{}` is named like that of a member, but no set here makes it and no pod uses it",
            one.meta.name
        ),
        several => format!(
            "{} claims are named like those of members, but no set here makes them and no pod uses them",
            several.len()
        ),
    };
    let namespace = found.first().map(|claim| claim.meta.namespace.as_str()).unwrap_or_default();
    let line = |claim: &&Claim| {
        let policy = scene.volume_of(claim).map_or("unknown", |volume| ReclaimPolicy::as_str(&volume.reclaim_policy));
        let age = age_of(claim.meta.created, scene.now);
        format!("claim `{}`, {}, {age} old, reclaim policy of its volume: {policy}", claim.meta.name, claim.size())
    };
    let finding = found.iter().take(10).map(line).fold(RULE.finding(message), Finding::evidence);
    vec![
        finding
            .because("they cost what their volumes cost, and a set that is made with these names starts with the data in them")
            .remedy("keep them if their set is to come back; else look at the reclaim policy of each volume, and delete the claims by name")
            .command(if scene.volumes.is_some() {
                Command::get(None, "persistentvolume")
            } else {
                Command::get(Some(namespace), "persistentvolumeclaim")
            }),
    ]
}

/// `TEMPLATE-SET-ORDINAL` (SS-01): two dashes at least, and no padded number.
fn is_like_a_members(name: &str) -> bool {
    parse_pod_name(name)
        .is_some_and(|(rest, ordinal)| rest.trim_matches('-').contains('-') && name.ends_with(&format!("-{ordinal}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::diagnosis::samples::{Broken, calm, tells};
    use crate::facts::samples::{claim, pod};

    #[test]
    fn claims_of_a_set_that_is_gone_are_told_together() {
        let mut broken = Broken::new();
        broken.more.extend(claim("data", "db", 0, "eu-1a"));
        assert_eq!(
            tells(&RULE, &broken),
            ["claim `data-db-0` is named like that of a member, but no set here makes it and no pod uses it"]
        );
        broken.more.extend(claim("data", "db", 1, "eu-1a"));
        let found = broken.findings(&RULE).remove(0);
        assert!(found.message.starts_with("2 claims are named like those of members"), "{}", found.message);
        assert_eq!(found.evidence[1], "claim `data-db-1`, 10Gi, 12d old, reclaim policy of its volume: Delete");
    }

    #[test]
    fn leftovers_of_a_set_claims_that_a_pod_uses_and_other_names_are_not() {
        let mut broken = Broken::new();
        broken.more.extend(claim("data", "web", 7, "eu-1a"));
        broken.more.extend(claim("data", "db", 0, "eu-1a"));
        broken.more.push(pod("db", 0, "node-a"));
        for name in ["backup", "backup-1", "data-db-01", "data-db-x"] {
            let [mut other, _] = claim("a", "b", 1, "eu-1a");
            other["metadata"]["name"] = name.into();
            broken.more.push(other);
        }
        calm(&RULE, &broken);
        let mut hidden = Broken::new();
        hidden.more.extend(claim("data", "db", 0, "eu-1a"));
        hidden.hidden.push("Pod");
        calm(&RULE, &hidden);
    }
}
