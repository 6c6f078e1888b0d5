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

/// Why a claim does not get the volume, and what would change that.
pub(super) fn in_words(volume: &Volume) -> String {
    let name = &volume.meta.name;
    let of = volume.claim.as_ref().map_or_else(String::new, |claim| {
        format!(" to the deleted claim `{}` of namespace `{}`", claim.name, claim.namespace)
    });
    format!(
        "volume `{name}` would fit, but it is Released and still belongs{of}; without its `spec.claimRef` it can be \
         bound again, with the data in it"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::facts::samples::Broken;

    fn problems(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut broken = Broken::new();
        broken.claim["spec"]["volumeName"] = json!(null);
        broken.claim["status"] = json!({"phase": "Pending"});
        broken.volume["metadata"]["name"] = json!("disk");
        broken.volume["status"]["phase"] = json!("Released");
        broken.volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain");
        broken.volume["spec"]["accessModes"] = json!(["ReadWriteOnce"]);
        broken.volume["spec"]["claimRef"] = json!({"namespace": "default", "name": "data-web-0", "uid": "1"});
        change(&mut broken.volume);
        broken.problems()
    }

    #[test]
    fn a_released_volume_that_would_fit_a_pending_claim_is_named_with_what_frees_it() {
        assert_eq!(
            problems(|_| ()),
            [
                "claim `data-web-0` has no volume yet",
                "volume `disk` would fit, but it is Released and still belongs to the deleted claim `data-web-0` of \
                 namespace `default`; without its `spec.claimRef` it can be bound again, with the data in it"
            ]
        );
        for (field, value) in [
            ("storageClassName", json!("other")),
            ("capacity", json!({"storage": "9Gi"})),
            ("accessModes", json!(["ReadOnlyMany"])),
            ("persistentVolumeReclaimPolicy", json!("Delete")),
        ] {
            assert_eq!(
                problems(|volume| volume["spec"][field] = value),
                ["claim `data-web-0` has no volume yet"],
                "{field}"
            );
        }
        assert_eq!(problems(|volume| volume["status"]["phase"] = json!("Available")).len(), 1);
        for (field, value) in [("name", json!("data-db-0")), ("namespace", json!("other"))] {
            assert_eq!(
                problems(|volume| volume["spec"]["claimRef"][field] = value).len(),
                1,
                "the data of another claim"
            );
        }
    }
}
