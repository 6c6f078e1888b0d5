//! Defaults of disks and shares, which volumes and the volumes of pods name
//! alike.

use serde_json::Value;

use super::choose::{set, set_empty};

/// Those of the sources that a volume names.
pub(super) fn disks(volume: &mut Value) {
    if let Some(disk) = volume.get_mut("iscsi") {
        set_empty(disk, "iscsiInterface", "default");
    }
    if let Some(disk) = volume.get_mut("rbd") {
        for (name, value) in [("pool", "rbd"), ("user", "admin"), ("keyring", "/etc/ceph/keyring")] {
            set_empty(disk, name, value);
        }
    }
    if let Some(disk) = volume.get_mut("azureDisk") {
        for (name, value) in [("cachingMode", "ReadWrite"), ("kind", "Shared"), ("fsType", "ext4")] {
            set(disk, name, value);
        }
        set(disk, "readOnly", false);
    }
}
