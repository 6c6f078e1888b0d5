//! Released volumes: their claim is gone, `Retain` kept them, and no other
//! claim gets one while its `claimRef` has the UID of that claim (S1-e3).

use super::claim::Claim;
use super::inventory::Scene;
use super::obstacle::{Obstacle, obstacle};
use super::volume::Volume;
use super::wish::Wish;
use super::words::ReclaimPolicy;

/// The released volume that a claim without one could have, and that is
/// its own: it was bound to a claim of this name and namespace before, or the
/// claim asks for it by name. Other volumes hold the data of somebody else.
pub(super) fn within_reach<'a>(claim: &Claim, scene: &Scene<'a>) -> Option<&'a Volume> {
    let wish = Wish::of(claim);
    let class = claim.class.as_deref().unwrap_or_default();
    let is_its_own = |volume: &Volume| match &wish.volume {
        Some(name) => *name == volume.meta.name,
        None => volume.was_of(&wish.namespace, &wish.name),
    };
    let released = |volume: &Volume| matches!(obstacle(&wish, class, volume), Some(Obstacle::Released { .. }));
    let volumes = || scene.volumes.iter().flat_map(|volumes| volumes.values().copied());
    // Of several that it has had, nobody can tell which holds the data that is wanted.
    if wish.volume.is_none() && volumes().filter(|volume| is_its_own(volume)).count() > 1 {
        return None;
    }
    volumes().find(|volume| volume.reclaim_policy == ReclaimPolicy::Retain && is_its_own(volume) && released(volume))
}
