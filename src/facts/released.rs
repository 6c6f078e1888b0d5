//! Released volumes: their claim is gone, `Retain` kept them, and no other
//! claim gets one until its `claimRef` is removed (S1-e3).

use super::claim::Claim;
use super::inventory::Scene;
use super::obstacle::{Obstacle, obstacle};
use super::volume::{ClaimRef, Volume};
use super::wish::Wish;
use super::words::ReclaimPolicy;
use crate::objects::quantity::Quantity;

/// The smallest released volume that a claim without one could have, and that is
/// its own: it was bound to a claim of this name and namespace before, or the
/// claim asks for it by name. Other volumes hold the data of somebody else.
pub(super) fn within_reach<'a>(claim: &Claim, scene: &Scene<'a>) -> Option<&'a Volume> {
    let wish = Wish::of(claim);
    let class = claim.class.as_deref().unwrap_or_default();
    let was_its_own = |former: &ClaimRef| former.namespace == wish.namespace && former.name == wish.name;
    let is_its_own = |volume: &Volume| match &wish.volume {
        Some(name) => *name == volume.meta.name,
        None => volume.claim.as_ref().is_some_and(was_its_own),
    };
    let released = |volume: &Volume| matches!(obstacle(&wish, class, volume), Some(Obstacle::Released { .. }));
    let volumes = scene.volumes.as_ref()?.values().copied();
    volumes
        .filter(|volume| volume.reclaim_policy == ReclaimPolicy::Retain && is_its_own(volume) && released(volume))
        .min_by_key(|volume| Quantity::parse(&volume.capacity).ok())
}
