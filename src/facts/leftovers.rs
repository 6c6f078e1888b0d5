//! Claims that an earlier set of the same name left behind. Those inside the
//! range of the set would be adopted with whatever data they hold (SS-71,
//! H-40); those outside wait for a scale-up (H-45).

use jiff::Timestamp;

use super::age::age_of;
use super::claim::Claim;
use super::ordinals::{Ordinal, OrdinalRange, claim_member};
use super::volume::Volume;
use super::words::{ClaimPhase, ReclaimPolicy};

/// An existing claim with the name of a member.
#[derive(Clone, Debug, PartialEq)]
pub struct EarlierClaim {
    pub name: String,
    pub uid: String,
    pub template: String,
    pub ordinal: Ordinal,
    pub fate: Fate,
    pub phase: ClaimPhase,
    /// Being deleted: a new pod waits until it is gone, then gets an empty one (SS-72).
    pub deleting: bool,
    /// As written; of the volume once bound.
    pub size: String,
    pub class: Option<String>,
    pub volume: Option<String>,
    /// Of the volume; `None` until `with_policies` found it.
    pub reclaim_policy: Option<ReclaimPolicy>,
    pub created: Option<Timestamp>,
    pub unused_since: Option<Timestamp>,
}

/// What a set of that range would do with the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// In range: its pod takes it as it is.
    Adopted,
    /// Out of range: it stays until the set grows over it.
    Leftover,
}

impl EarlierClaim {
    /// Its age as kubectl prints it.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> String {
        age_of(self.created, now)
    }
}

/// The claims (of one namespace) that carry the exact name of a member of such
/// a set, by ordinal and then in the order of the templates.
#[must_use]
pub fn earlier_claims<'a>(
    set: &str,
    templates: &[String],
    start: u64,
    replicas: u64,
    claims: impl IntoIterator<Item = &'a Claim>,
) -> Vec<EarlierClaim> {
    let range = OrdinalRange::new(start, replicas);
    let mut found: Vec<EarlierClaim> = claims
        .into_iter()
        .filter_map(|claim| {
            let (template, ordinal) = claim_member(set, templates, &claim.meta.name)?;
            Some(EarlierClaim {
                name: claim.meta.name.clone(),
                uid: claim.meta.uid.clone(),
                template: template.to_owned(),
                ordinal,
                fate: if range.contains(ordinal) { Fate::Adopted } else { Fate::Leftover },
                phase: claim.phase.clone(),
                deleting: claim.meta.deleting.is_some(),
                size: claim.size().to_owned(),
                class: claim.class.clone(),
                volume: claim.volume_name.clone(),
                reclaim_policy: None,
                created: claim.meta.created,
                unused_since: claim.unused_since,
            })
        })
        .collect();
    let position = |claim: &EarlierClaim| templates.iter().position(|template| *template == claim.template);
    found.sort_by_key(|claim| (claim.ordinal, position(claim)));
    found
}

/// Fills in the reclaim policy of each claim's volume where it can be read. A
/// policy that stays `None` counts as `Delete` wherever data is at stake.
#[must_use]
pub fn with_policies<'a>(
    mut claims: Vec<EarlierClaim>,
    volumes: impl IntoIterator<Item = &'a Volume>,
) -> Vec<EarlierClaim> {
    for volume in volumes {
        for claim in claims.iter_mut().filter(|claim| claim.volume.as_ref() == Some(&volume.meta.name)) {
            claim.reclaim_policy = Some(volume.reclaim_policy.clone());
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claim(name: &str) -> Claim {
        let metadata = json!({"name": name, "uid": name, "creationTimestamp": "2026-01-01T00:00:00Z"});
        let spec = json!({"volumeName": format!("pv-{name}"), "resources": {"requests": {"storage": "1Gi"}}});
        Claim::read(&json!({"metadata": metadata, "spec": spec, "status": {"phase": "Bound"}})).unwrap()
    }

    #[test]
    fn claims_in_range_would_be_adopted_and_those_outside_are_leftovers() {
        let claims =
            ["data-web-10", "wal-web-2", "data-web-2", "data-web-1", "data-web-1-0", "logs-web-2", "data-webx-2"]
                .map(claim);
        let templates = ["data".to_owned(), "wal".to_owned()];
        let found: Vec<(String, Fate)> = earlier_claims("web", &templates, 2, 3, &claims)
            .into_iter()
            .map(|claim| (claim.name, claim.fate))
            .collect();
        let expected = [
            ("data-web-1", Fate::Leftover),
            ("data-web-2", Fate::Adopted),
            ("wal-web-2", Fate::Adopted),
            ("data-web-10", Fate::Leftover),
        ];
        assert_eq!(found, expected.map(|(name, fate)| (name.to_owned(), fate)));
    }

    #[test]
    fn the_policy_is_that_of_the_volume_and_stays_unknown_without_it() {
        let volume =
            json!({"metadata": {"name": "pv-data-web-0"}, "spec": {"persistentVolumeReclaimPolicy": "Delete"}});
        let volumes = [Volume::read(&volume).unwrap()];
        let claims = [claim("data-web-0"), claim("data-web-1")];
        let found = with_policies(earlier_claims("web", &["data".to_owned()], 0, 9, &claims), &volumes);
        let policies: Vec<_> = found.iter().map(|claim| claim.reclaim_policy.clone()).collect();
        assert_eq!(policies, [Some(ReclaimPolicy::Delete), None]);
        assert_eq!(found[0].age("2026-01-02T00:00:00Z".parse().unwrap()), "24h");
    }
}
