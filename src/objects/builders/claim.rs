//! PersistentVolumeClaims, alone or as templates of a StatefulSet. The three
//! meanings of a class (unset, `""`, named) are kept apart (PV-10, PV-11).

use serde_json::{Value, json};

use super::metadata::{Metadata, manifest, object};

/// How a volume may be mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessMode {
    ReadWriteOnce,
    ReadOnlyMany,
    ReadWriteMany,
    ReadWriteOncePod,
}

impl AccessMode {
    pub const ALL: [Self; 4] = [Self::ReadWriteOnce, Self::ReadOnlyMany, Self::ReadWriteMany, Self::ReadWriteOncePod];

    /// By its full name or as tables shorten it (`RWO`).
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| text == mode.name() || text == mode.short())
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadWriteOnce => "ReadWriteOnce",
            Self::ReadOnlyMany => "ReadOnlyMany",
            Self::ReadWriteMany => "ReadWriteMany",
            Self::ReadWriteOncePod => "ReadWriteOncePod",
        }
    }

    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::ReadWriteOnce => "RWO",
            Self::ReadOnlyMany => "ROX",
            Self::ReadWriteMany => "RWX",
            Self::ReadWriteOncePod => "RWOP",
        }
    }
}

/// A claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub metadata: Metadata,
    /// A quantity such as `10Gi`.
    pub size: String,
    pub modes: Vec<AccessMode>,
    /// `None`: the default class is filled in; `""`: only volumes without class,
    /// nothing is provisioned; a name: that class.
    pub class: Option<String>,
    /// The one volume to bind to; its node affinity is not checked (PV-20).
    pub volume: Option<String>,
    /// A raw block device instead of a file system.
    pub block: bool,
}

/// The manifest of a claim.
#[must_use]
pub fn claim(of: &Claim) -> Value {
    manifest("v1", "PersistentVolumeClaim", &of.metadata, &[("spec", spec(of))])
}

/// The claim as a template of a StatefulSet; the namespace is the set's.
#[must_use]
pub fn template(of: &Claim) -> Value {
    let metadata = Metadata { namespace: None, ..of.metadata.clone() };
    object(&[("metadata", metadata.value()), ("spec", spec(of))])
}

pub(super) fn modes(of: &[AccessMode]) -> Value {
    json!(of.iter().map(|mode| mode.name()).collect::<Vec<_>>())
}

fn spec(of: &Claim) -> Value {
    object(&[
        ("accessModes", modes(&of.modes)),
        ("storageClassName", json!(of.class)),
        ("volumeMode", if of.block { json!("Block") } else { Value::Null }),
        ("volumeName", json!(of.volume)),
        ("resources", json!({"requests": {"storage": of.size}})),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::yaml::to_yaml;

    fn plain(class: Option<&str>) -> Claim {
        Claim {
            metadata: Metadata::new("pvc-couchdb", Some("default"), Vec::new()),
            size: "10M".into(),
            modes: vec![AccessMode::ReadWriteOnce],
            class: class.map(str::to_owned),
            volume: None,
            block: false,
        }
    }

    #[test]
    fn the_claim_of_the_couchdb_tutorial() {
        assert_eq!(
            to_yaml(&claim(&plain(Some("")))),
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: pvc-couchdb\n  namespace: default\nspec:\n  \
             accessModes:\n  - ReadWriteOnce\n  storageClassName: \"\"\n  resources:\n    requests:\n      storage: 10M\n"
        );
    }

    #[test]
    fn an_unset_class_is_absent_and_not_empty() {
        assert_eq!(claim(&plain(None))["spec"].get("storageClassName"), None);
        assert_eq!(claim(&plain(Some("fast")))["spec"]["storageClassName"], "fast");
    }

    #[test]
    fn modes_are_known_by_both_names() {
        for mode in AccessMode::ALL {
            assert_eq!(AccessMode::named(mode.name()), Some(mode));
            assert_eq!(AccessMode::named(mode.short()), Some(mode));
        }
        assert_eq!(AccessMode::named("rwo"), None);
    }
}
