//! A VolumeAttachment as it was read: which volume hangs on which node.

use serde_json::Value;

use super::meta::{Meta, maybe_text, text};

/// The view of one attachment.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment {
    pub meta: Meta,
    pub node: String,
    /// `None`: a volume that is described in place.
    pub volume: Option<String>,
    /// Done, and not only asked for.
    pub attached: bool,
}

impl Attachment {
    /// Reads an attachment; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let spec = &object["spec"];
        Some(Self {
            meta: Meta::read(object)?,
            node: text(&spec["nodeName"]),
            volume: maybe_text(&spec["source"]["persistentVolumeName"]),
            attached: object["status"]["attached"] == true,
        })
    }
}
