//! What a claim asks of a volume, before it has one.

use serde_json::Value;

use super::claim::Claim;
use super::meta::{maybe_text, text, texts};
use super::selector::LabelSelector;
use super::volume::Volume;
use super::words::VolumeMode;

/// What a claim asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    pub namespace: String,
    pub name: String,
    pub size: String,
    /// `None`: the cluster's default.
    pub class: Option<String>,
    pub modes: Vec<String>,
    pub volume_mode: VolumeMode,
    /// The labels of the volumes that it takes; `None`: any.
    pub selector: Option<LabelSelector>,
    /// The only volume that it wants.
    pub volume: Option<String>,
}

impl Wish {
    /// Of a claim, or of a set's template for one of its claims.
    #[must_use]
    pub fn read(spec: &Value, namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            size: text(&spec["resources"]["requests"]["storage"]),
            class: maybe_text(&spec["storageClassName"]),
            modes: texts(&spec["accessModes"]),
            volume_mode: VolumeMode::read(spec["volumeMode"].as_str().unwrap_or("Filesystem")),
            selector: LabelSelector::read(&spec["selector"]),
            volume: maybe_text(&spec["volumeName"]).filter(|name| !name.is_empty()),
        }
    }

    /// Of a claim that was read.
    #[must_use]
    pub fn of(claim: &Claim) -> Self {
        Self {
            namespace: claim.meta.namespace.clone(),
            name: claim.meta.name.clone(),
            size: claim.requested.clone(),
            class: claim.class.clone(),
            modes: claim.access_modes.clone(),
            volume_mode: claim.volume_mode.clone(),
            selector: claim.selector.clone(),
            volume: claim.volume_name.clone(),
        }
    }

    /// Whether the labels are right; of a volume that the claim names they do not matter.
    pub(super) fn selects(&self, volume: &Volume) -> bool {
        self.volume.is_some() || self.selector.as_ref().is_none_or(|selector| selector.admits(&volume.meta.labels))
    }
}
