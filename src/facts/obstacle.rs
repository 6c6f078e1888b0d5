//! Why a volume is not what a claim asks for. Pure; the rules are those of the
//! binder (PV-01 to PV-20).

use super::volume::Volume;
use super::wish::Wish;
use super::words::{VolumeMode, VolumePhase};
use crate::objects::quantity::Quantity;

/// The first reason why a volume is not the claim's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// There is none of that name.
    Missing,
    Deleting,
    /// Bound to or reserved for the claim of this namespace and name.
    Taken {
        namespace: String,
        name: String,
    },
    /// Its claim is gone, and it still belongs to that claim (S1-e3).
    Released {
        namespace: String,
        name: String,
    },
    /// As the volume has it.
    TooSmall {
        capacity: String,
    },
    Class {
        class: String,
    },
    Modes {
        has: Vec<String>,
    },
    /// A file system where a raw device is asked for, or the other way round.
    Mode {
        has: VolumeMode,
    },
    /// Its labels are not those that the claim selects.
    Labels,
    Phase {
        phase: String,
    },
}

impl Obstacle {
    /// A sentence about the volume, without its name.
    #[must_use]
    pub fn in_words(&self, wish: &Wish) -> String {
        let class = |class: &str| if class.is_empty() { "no class".to_owned() } else { format!("class `{class}`") };
        match self {
            Self::Missing => "does not exist".to_owned(),
            Self::Deleting => "is being deleted".to_owned(),
            Self::Taken { namespace, name } => format!("belongs to claim `{name}` of namespace `{namespace}`"),
            Self::Released { namespace, name } => {
                format!(
                    "would fit, but it is Released: it still belongs to the deleted claim `{name}` of `{namespace}`"
                )
            }
            Self::TooSmall { capacity } => format!("holds {capacity}, and {} are asked for", wish.size),
            Self::Class { class: has } => {
                let wanted = wish.class.as_deref().map_or_else(|| "the default class".to_owned(), class);
                format!("has {}, and the claim has {wanted}", class(has))
            }
            Self::Modes { has } => {
                format!("can be mounted {}, and {} is asked for", has.join(", "), wish.modes.join(", "))
            }
            Self::Mode { has } => {
                format!("has volume mode {}, and {} is asked for", has.as_str(), wish.volume_mode.as_str())
            }
            Self::Labels => "does not have the labels that the claim selects".to_owned(),
            Self::Phase { phase } => format!("is {phase}"),
        }
    }
}

pub(super) fn reserved_for(volume: &Volume, wish: &Wish) -> bool {
    volume
        .claim
        .as_ref()
        .is_some_and(|claim| claim.uid.is_empty() && claim.namespace == wish.namespace && claim.name == wish.name)
}

/// The first reason why the volume is not what is wished for in `class`.
#[must_use]
pub fn obstacle(wish: &Wish, class: &str, volume: &Volume) -> Option<Obstacle> {
    if volume.meta.deleting.is_some() {
        return Some(Obstacle::Deleting);
    }
    if volume.class != class && !reserved_for(volume, wish) {
        return Some(Obstacle::Class { class: volume.class.clone() });
    }
    if !wish.modes.iter().all(|mode| volume.access_modes.contains(mode)) {
        return Some(Obstacle::Modes { has: volume.access_modes.clone() });
    }
    if volume.mode != wish.volume_mode {
        return Some(Obstacle::Mode { has: volume.mode.clone() });
    }
    if let Some(obstacle) = obstacle_of_size(wish, volume) {
        return Some(obstacle);
    }
    if !wish.selects(volume) && !reserved_for(volume, wish) {
        return Some(Obstacle::Labels);
    }
    let owner = volume.claim.as_ref().filter(|_| !reserved_for(volume, wish));
    match (&volume.phase, owner) {
        (VolumePhase::Released, Some(claim)) => {
            Some(Obstacle::Released { namespace: claim.namespace.clone(), name: claim.name.clone() })
        }
        (_, Some(claim)) => Some(Obstacle::Taken { namespace: claim.namespace.clone(), name: claim.name.clone() }),
        // Released and freed: the binder has only not seen it yet.
        (VolumePhase::Available | VolumePhase::Pending | VolumePhase::Released, None) => None,
        (phase @ (VolumePhase::Bound | VolumePhase::Failed | VolumePhase::Other(_)), None) => {
            Some(Obstacle::Phase { phase: phase.as_str().to_owned() })
        }
    }
}

pub(super) fn obstacle_of_size(wish: &Wish, volume: &Volume) -> Option<Obstacle> {
    let (wanted, holds) = (Quantity::parse(&wish.size).ok()?, Quantity::parse(&volume.capacity).ok()?);
    (holds < wanted).then(|| Obstacle::TooSmall { capacity: volume.capacity.clone() })
}
