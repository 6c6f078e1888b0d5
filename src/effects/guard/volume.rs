//! Guards before a volume is destroyed.

use serde_json::Value;

use super::{Guard, Refusal, refusal};
use crate::effects::error::EffectError;
use crate::facts::reader::Reader;
use crate::facts::volume::Volume;
use crate::facts::words::VolumePhase;
use crate::objects::kinds::ApiKind;

/// A volume among all others, read at one moment.
pub struct VolumeScene {
    volume: Volume,
    others: Vec<Volume>,
}

pub(super) const GUARDS: &[Guard<VolumeScene>] = &[
    Guard { code: "volume-not-retired", source: "H-15", check: not_retired },
    Guard { code: "volume-not-released", source: "H-33", check: not_released },
    Guard { code: "volumes-on-one-path", source: "H-18", check: shared },
];

impl VolumeScene {
    pub(in crate::effects) async fn read(volume: &Value, reader: &Reader) -> Result<Self, EffectError> {
        let kind = ApiKind::named("PersistentVolume").ok_or(EffectError::Vanished)?;
        let others = reader.list_as(kind, "", None, Volume::read).await?;
        Ok(Self { volume: Volume::read(volume).ok_or(EffectError::Vanished)?, others })
    }
}

fn not_retired(scene: &VolumeScene) -> Option<Refusal> {
    if scene.volume.restorable().is_some() {
        return None;
    }
    Some(match &scene.volume.mark {
        Some(_) => refusal(
            "it was retired once, and holds the data of another claim since",
            "nobody has retired that: look what is in it, and delete it by hand if nobody needs it",
        ),
        None => refusal("it was not retired by this program", "`kubectl stateful volumes list` shows what was"),
    })
}

fn not_released(scene: &VolumeScene) -> Option<Refusal> {
    if scene.volume.claim.as_ref().is_some_and(|claim| claim.uid.is_empty()) {
        // That it is called Released only lags behind (PV-35).
        return Some(refusal("it is reserved for a claim that is to come", "only what no claim gets can be purged"));
    }
    if scene.volume.phase == VolumePhase::Released {
        return None;
    }
    Some(refusal(
        format!("it is {} and not Released: a claim may have it", scene.volume.phase.as_str()),
        "only what no claim holds can be purged",
    ))
}

fn shared(scene: &VolumeScene) -> Option<Refusal> {
    let volume = &scene.volume;
    // The same path on two nodes is two places; a disk is one wherever it is.
    let on_a_node = ["hostPath", "local"].contains(&volume.source.split(' ').next().unwrap_or_default());
    let elsewhere = |other: &Volume| volume.nodes.is_some() && other.nodes.is_some() && other.nodes != volume.nodes;
    let same = |other: &&Volume| {
        other.meta.uid != volume.meta.uid
            && !other.source.is_empty()
            && other.source == volume.source
            && !(on_a_node && elsewhere(other))
    };
    let other = scene.others.iter().find(same)?;
    Some(refusal(
        format!("volume `{}` stores at the same place ({})", other.meta.name, other.source),
        "the data of both would go: sort that out by hand",
    ))
}
