//! PersistentVolumes made by hand: a folder on a node, NFS, a local disk, or
//! the handle of a volume that a CSI driver knows.

use serde_json::{Value, json};

use super::claim::{AccessMode, modes};
use super::metadata::{Metadata, manifest, object};

/// What happens to the volume when its claim is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReclaimPolicy {
    Retain,
    Delete,
    /// Deprecated: erases the contents for the next claim (S1-e3).
    Recycle,
}

impl ReclaimPolicy {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retain => "Retain",
            Self::Delete => "Delete",
            Self::Recycle => "Recycle",
        }
    }
}

/// What stands behind the volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Without a node, a pod that moves sees another folder (S1-e10).
    HostPath {
        path: String,
        /// Such as `Directory` or `DirectoryOrCreate`; `None` checks nothing.
        check: Option<String>,
        node: Option<String>,
    },
    Nfs {
        server: String,
        path: String,
    },
    /// A disk or folder that belongs to one node, which is required.
    Local {
        path: String,
        node: String,
    },
    Csi {
        driver: String,
        handle: String,
        fs_type: Option<String>,
    },
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersistentVolume {
    pub metadata: Metadata,
    pub size: String,
    pub modes: Vec<AccessMode>,
    /// `None` and `""` mean the same for a volume (PV-13).
    pub class: Option<String>,
    pub reclaim: ReclaimPolicy,
    pub source: Source,
    /// Namespace and name of the only claim that may have it (PV-03).
    pub reserved_for: Option<(String, String)>,
    pub block: bool,
}

/// The manifest of a volume.
#[must_use]
pub fn persistent_volume(of: &PersistentVolume) -> Value {
    let reserved = match &of.reserved_for {
        Some((namespace, name)) => json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": name,
        }),
        None => Value::Null,
    };
    let (field, source, node) = source(&of.source);
    let spec = object(&[
        ("capacity", json!({"storage": of.size})),
        ("accessModes", modes(&of.modes)),
        ("volumeMode", if of.block { json!("Block") } else { Value::Null }),
        ("persistentVolumeReclaimPolicy", json!(of.reclaim.name())),
        ("storageClassName", json!(of.class)),
        ("claimRef", reserved),
        (field, source),
        ("nodeAffinity", node.map_or(Value::Null, affinity)),
    ]);
    let metadata = Metadata { namespace: None, ..of.metadata.clone() };
    manifest("v1", "PersistentVolume", &metadata, &[("spec", spec)])
}

fn source(of: &Source) -> (&'static str, Value, Option<&str>) {
    match of {
        Source::HostPath { path, check, node } => {
            ("hostPath", object(&[("path", json!(path)), ("type", json!(check))]), node.as_deref())
        }
        Source::Nfs { server, path } => ("nfs", json!({"server": server, "path": path}), None),
        Source::Local { path, node } => ("local", json!({"path": path}), Some(node)),
        Source::Csi { driver, handle, fs_type } => (
            "csi",
            object(&[("driver", json!(driver)), ("volumeHandle", json!(handle)), ("fsType", json!(fs_type))]),
            None,
        ),
    }
}

fn affinity(node: &str) -> Value {
    json!({"required": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]},
    ]}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::yaml::to_yaml;

    fn volume(source: Source) -> PersistentVolume {
        PersistentVolume {
            metadata: Metadata::new("pv-couchdb", Some("ignored"), Vec::new()),
            size: "100M".into(),
            modes: vec![AccessMode::ReadWriteOnce],
            class: None,
            reclaim: ReclaimPolicy::Recycle,
            source,
            reserved_for: None,
            block: false,
        }
    }

    #[test]
    fn the_volume_of_the_couchdb_tutorial() {
        let source = Source::HostPath { path: "/tmp/couchdb".into(), check: None, node: None };
        assert_eq!(
            to_yaml(&persistent_volume(&volume(source))),
            "apiVersion: v1\nkind: PersistentVolume\nmetadata:\n  name: pv-couchdb\nspec:\n  capacity:\n    storage: 100M\n  \
             accessModes:\n  - ReadWriteOnce\n  persistentVolumeReclaimPolicy: Recycle\n  hostPath:\n    path: /tmp/couchdb\n"
        );
    }

    #[test]
    fn local_volumes_always_name_their_node() {
        let made = persistent_volume(&volume(Source::Local { path: "/mnt/a".into(), node: "node-a".into() }));
        let term = &made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0];
        assert_eq!(term["values"], json!(["node-a"]));
        assert_eq!(made["spec"]["local"]["path"], "/mnt/a");
    }

    #[test]
    fn nfs_and_csi_volumes_have_their_own_source_and_no_node() {
        let nfs = persistent_volume(&volume(Source::Nfs { server: "nas".into(), path: "/x".into() }));
        assert_eq!(nfs["spec"]["nfs"], json!({"server": "nas", "path": "/x"}));
        let csi = Source::Csi { driver: "ebs.csi.aws.com".into(), handle: "vol-1".into(), fs_type: None };
        let mut reserved = volume(csi);
        reserved.reserved_for = Some(("default".into(), "data-web-0".into()));
        let csi = persistent_volume(&reserved);
        assert_eq!(csi["spec"]["csi"], json!({"driver": "ebs.csi.aws.com", "volumeHandle": "vol-1"}));
        assert_eq!(csi["spec"]["claimRef"]["name"], "data-web-0");
        assert_eq!(csi["spec"].get("nodeAffinity"), None);
    }
}
