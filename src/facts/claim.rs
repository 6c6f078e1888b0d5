//! A PersistentVolumeClaim as it was read.

use jiff::Timestamp;
use serde_json::Value;

use super::meta::{Meta, condition, maybe_text, text, texts, time};
use super::selector::LabelSelector;
use super::words::{ClaimPhase, VolumeMode};

/// The annotation that was once the class field and still wins over it (PV-10).
pub(super) const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

/// The view of one claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    pub meta: Meta,
    pub phase: ClaimPhase,
    /// The requested size as written.
    pub requested: String,
    /// The size of the bound volume as written; may exceed the request (PV-07).
    pub capacity: Option<String>,
    /// `None`: not chosen yet; `Some("")`: no class (PV-10, PV-11).
    pub class: Option<String>,
    pub volume_name: Option<String>,
    pub access_modes: Vec<String>,
    pub volume_mode: VolumeMode,
    /// The labels of the volumes that it takes; `None`: any.
    pub selector: Option<LabelSelector>,
    /// Since when no running pod refers to it, where the server tells (PV-58).
    pub unused_since: Option<Timestamp>,
}

impl Claim {
    /// Reads a claim; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let meta = Meta::read(object)?;
        let unused = condition(object, "Unused");
        Some(Self {
            phase: ClaimPhase::read(status["phase"].as_str().unwrap_or("Pending")),
            requested: text(&spec["resources"]["requests"]["storage"]),
            capacity: maybe_text(&status["capacity"]["storage"]),
            class: meta.annotations.get(CLASS_ANNOTATION).cloned().or_else(|| maybe_text(&spec["storageClassName"])),
            volume_name: maybe_text(&spec["volumeName"]).filter(|name| !name.is_empty()),
            access_modes: texts(&spec["accessModes"]),
            volume_mode: VolumeMode::read(spec["volumeMode"].as_str().unwrap_or("Filesystem")),
            selector: LabelSelector::read(&spec["selector"]),
            unused_since: if unused["status"] == "True" { time(&unused["lastTransitionTime"]) } else { None },
            meta,
        })
    }

    /// What it holds if bound, else what it asks for; as written.
    #[must_use]
    pub fn size(&self) -> &str {
        self.capacity.as_deref().unwrap_or(&self.requested)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_old_annotation_wins_over_the_class_field() {
        let claim = |annotations, class| {
            let object =
                json!({"metadata": {"name": "c", "annotations": annotations}, "spec": {"storageClassName": class}});
            Claim::read(&object).unwrap().class
        };
        assert_eq!(claim(json!({CLASS_ANNOTATION: "old"}), json!("new")), Some("old".to_owned()));
        assert_eq!(claim(json!({}), json!("")), Some(String::new()));
        assert_eq!(claim(json!({}), json!(null)), None);
    }

    #[test]
    fn the_size_is_that_of_the_volume_once_bound() {
        let mut claim = json!({"metadata": {"name": "c"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}});
        assert_eq!(Claim::read(&claim).unwrap().size(), "1Gi");
        claim["status"] = json!({"phase": "Bound", "capacity": {"storage": "5Gi"}});
        assert_eq!(Claim::read(&claim).unwrap().size(), "5Gi");
    }

    #[test]
    fn a_claim_is_unused_only_while_its_condition_is_true() {
        let claim = |status| {
            let since = "2026-01-01T00:00:00Z";
            let condition = json!({"type": "Unused", "status": status, "lastTransitionTime": since});
            Claim::read(&json!({"metadata": {"name": "c"}, "status": {"conditions": [condition]}}))
                .unwrap()
                .unused_since
        };
        assert!(claim("True").is_some() && claim("False").is_none());
    }
}
