//! A PersistentVolume as it was read: who holds it, what happens to it when
//! the claim goes, and which nodes can reach it.

use serde_json::Value;

use super::claim::{CLASS_ANNOTATION, Claim};
use super::mark::Mark;
use super::meta::{Meta, maybe_text, text, texts};
use super::topology::NodeSelector;
use super::words::{ReclaimPolicy, VolumeMode, VolumePhase};

/// The view of one volume.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    pub meta: Meta,
    pub phase: VolumePhase,
    /// Why it is in that phase; empty if nothing is said.
    pub message: String,
    /// As written.
    pub capacity: String,
    /// Empty: no class (PV-13).
    pub class: String,
    pub reclaim_policy: ReclaimPolicy,
    pub claim: Option<ClaimRef>,
    pub access_modes: Vec<String>,
    pub mode: VolumeMode,
    /// The nodes that can reach it; `None`: all.
    pub nodes: Option<NodeSelector>,
    /// What lies behind it, such as `hostPath /data/a` or `csi ebs.csi.aws.com vol-1`.
    pub source: String,
    /// What a run has written on it to keep it.
    pub mark: Option<Mark>,
}

/// Whom a volume is bound to or reserved for; an empty UID is a reservation (PV-35).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRef {
    pub namespace: String,
    pub name: String,
    pub uid: String,
}

impl Volume {
    /// Reads a volume; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let spec = &object["spec"];
        let claim = &spec["claimRef"];
        let meta = Meta::read(object)?;
        Some(Self {
            phase: VolumePhase::read(object["status"]["phase"].as_str().unwrap_or("Pending")),
            message: text(&object["status"]["message"]),
            capacity: text(&spec["capacity"]["storage"]),
            class: meta.annotations.get(CLASS_ANNOTATION).cloned().unwrap_or_else(|| text(&spec["storageClassName"])),
            reclaim_policy: ReclaimPolicy::read(spec["persistentVolumeReclaimPolicy"].as_str().unwrap_or("Retain")),
            claim: claim.is_object().then(|| ClaimRef {
                namespace: text(&claim["namespace"]),
                name: text(&claim["name"]),
                uid: text(&claim["uid"]),
            }),
            access_modes: texts(&spec["accessModes"]),
            mode: VolumeMode::read(spec["volumeMode"].as_str().unwrap_or("Filesystem")),
            nodes: NodeSelector::read(&spec["nodeAffinity"]["required"]),
            source: source(spec),
            mark: Mark::read(object),
            meta,
        })
    }

    /// The mark, where it tells of the claim that the volume had last. Nothing takes
    /// a mark off by itself: a volume that was bound to another claim since holds
    /// the data of that one, whatever it is marked with (H-33).
    #[must_use]
    pub fn retired(&self) -> Option<&Mark> {
        let last = self.claim.as_ref()?;
        self.mark.as_ref().filter(|mark| mark.is_of(&last.name, &last.uid))
    }

    /// The same, also while it waits for a new claim of the old name (PV-35).
    #[must_use]
    pub fn restorable(&self) -> Option<&Mark> {
        let last = self.claim.as_ref()?;
        let waits = |mark: &&Mark| last.uid.is_empty() && mark.claim() == last.name;
        self.retired().or_else(|| self.mark.as_ref().filter(waits))
    }

    /// Whether it may have to be attached: folders, local disks and shares never are.
    #[must_use]
    pub fn is_attachable(&self) -> bool {
        !["hostPath", "local", "nfs"].contains(&self.source.split(' ').next().unwrap_or_default())
    }

    /// See [`Volume::is_of`].
    #[must_use]
    pub fn belongs_to(&self, claim: &Claim) -> bool {
        self.is_of(&claim.meta.namespace, &claim.meta.name, &claim.meta.uid)
    }

    /// Whether it is or was bound to a claim of this name, be it this one or an earlier one.
    #[must_use]
    pub fn was_of(&self, namespace: &str, name: &str) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.namespace == namespace && claim.name == name)
    }

    /// Whether it is bound to or reserved for exactly this claim.
    #[must_use]
    pub fn is_of(&self, namespace: &str, name: &str, uid: &str) -> bool {
        self.claim.as_ref().is_some_and(|claim| {
            claim.namespace == namespace && claim.name == name && (claim.uid.is_empty() || claim.uid == uid)
        })
    }
}

/// A few words on the back end; empty for kinds that are not described here.
fn source(spec: &Value) -> String {
    let words = |kind: &str, fields: &[&str]| {
        let source = &spec[kind];
        source.is_object().then(|| {
            let values = fields.iter().filter_map(|field| maybe_text(&source[*field]));
            std::iter::once(kind.to_owned()).chain(values).collect::<Vec<_>>().join(" ")
        })
    };
    words("csi", &["driver", "volumeHandle"])
        .or_else(|| words("hostPath", &["path"]))
        .or_else(|| words("local", &["path"]))
        .or_else(|| words("nfs", &["server", "path"]))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_volume_belongs_to_the_claim_of_its_reference_by_uid_or_by_reservation() {
        let volume = |uid: &str| {
            let claim = json!({"namespace": "default", "name": "data-web-0", "uid": uid});
            Volume::read(&json!({"metadata": {"name": "pv"}, "spec": {"claimRef": claim}})).unwrap()
        };
        assert!(volume("1").is_of("default", "data-web-0", "1"));
        assert!(volume("").is_of("default", "data-web-0", "1"));
        assert!(!volume("1").is_of("default", "data-web-0", "2"));
        assert!(!volume("1").is_of("other", "data-web-0", "1"));
    }

    #[test]
    fn a_mark_counts_for_the_claim_that_it_tells_of_and_for_no_later_one() {
        let mark = Mark {
            set: "web".to_owned(),
            template: "data".to_owned(),
            ordinal: 2,
            claim_uid: "1".to_owned(),
            claim_labels: std::collections::BTreeMap::new(),
            former_policy: "Delete".to_owned(),
            run: "0abc".to_owned(),
            at: "2026-01-01T00:00:00Z".to_owned(),
        };
        let last = |name: &str, uid: &str| {
            let claim = json!({"namespace": "default", "name": name, "uid": uid});
            let mut volume = json!({"metadata": {"name": "pv"}, "spec": {"claimRef": claim}});
            json_patch::merge(&mut volume, &json!({"metadata": mark.metadata()}));
            let volume = Volume::read(&volume).unwrap();
            (volume.retired().is_some(), volume.restorable().is_some())
        };
        assert_eq!(last("data-web-2", "1"), (true, true));
        assert_eq!(last("data-web-2", ""), (false, true), "reserved for the member");
        for (name, uid) in [("data-web-2", "2"), ("other", "1"), ("other", "2"), ("other", "")] {
            assert_eq!(last(name, uid), (false, false), "{name} {uid}");
        }
    }

    #[test]
    fn the_source_says_what_lies_behind_the_volume() {
        let source = |spec| Volume::read(&json!({"metadata": {"name": "pv"}, "spec": spec})).unwrap().source;
        let csi = json!({"csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"}});
        assert_eq!(source(csi), "csi ebs.csi.aws.com vol-1");
        assert_eq!(source(json!({"nfs": {"server": "10.0.0.1", "path": "/a"}})), "nfs 10.0.0.1 /a");
        assert_eq!(source(json!({"glusterfs": {}})), "");
    }
}
