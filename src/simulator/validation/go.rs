//! The server's internal structs as Go writes them in refusals: Go's names of
//! fields in Go's order, with the zeros. The schema knows neither, so they
//! stand here, for what refusals show.

use serde_json::Value;

/// A struct's fields in Go's order: Go's name, the API's name and the zero
/// value; `Fields` for structs inside.
pub type Struct = &'static [(&'static str, &'static str, Zero)];

#[derive(Clone, Copy)]
pub enum Zero {
    Null,
    Text,
    False,
    Number,
    /// A struct that is always there.
    Struct(Struct),
    /// A pointer to a struct.
    Pointer(Struct),
    /// A list of structs.
    List(Struct),
}

pub const CLAIM: Struct = &[
    ("AccessModes", "accessModes", Zero::Null),
    ("Selector", "selector", Zero::Null),
    ("Resources", "resources", Zero::Struct(&[("Limits", "limits", Zero::Null), ("Requests", "requests", Zero::Null)])),
    ("VolumeName", "volumeName", Zero::Text),
    ("StorageClassName", "storageClassName", Zero::Null),
    ("VolumeMode", "volumeMode", Zero::Null),
    ("DataSource", "dataSource", Zero::Pointer(LOCAL_SOURCE)),
    ("DataSourceRef", "dataSourceRef", Zero::Pointer(SOURCE)),
    ("VolumeAttributesClassName", "volumeAttributesClassName", Zero::Null),
];

/// How a set replaces its pods.
pub const UPDATE_STRATEGY: Struct =
    &[("Type", "type", Zero::Text), ("RollingUpdate", "rollingUpdate", Zero::Pointer(ROLLING_UPDATE))];

pub const ROLLING_UPDATE: Struct =
    &[("Partition", "partition", Zero::Number), ("MaxUnavailable", "maxUnavailable", Zero::Null)];

/// Which volume is attached where.
pub const ATTACHMENT: Struct = &[
    ("Attacher", "attacher", Zero::Text),
    (
        "Source",
        "source",
        Zero::Struct(&[
            ("PersistentVolumeName", "persistentVolumeName", Zero::Null),
            ("InlineVolumeSpec", "inlineVolumeSpec", Zero::Null),
        ]),
    ),
    ("NodeName", "nodeName", Zero::Text),
];

/// Where a volume can be reached.
pub const NODE_AFFINITY: Struct =
    &[("Required", "required", Zero::Pointer(&[("NodeSelectorTerms", "nodeSelectorTerms", Zero::List(NODE_TERM))]))];

const NODE_TERM: Struct = &[
    ("MatchExpressions", "matchExpressions", Zero::List(NODE_REQUIREMENT)),
    ("MatchFields", "matchFields", Zero::List(NODE_REQUIREMENT)),
];

const NODE_REQUIREMENT: Struct =
    &[("Key", "key", Zero::Text), ("Operator", "operator", Zero::Text), ("Values", "values", Zero::Null)];

pub const SECURITY_CONTEXT: Struct = &[
    ("Capabilities", "capabilities", Zero::Pointer(&[("Add", "add", Zero::Null), ("Drop", "drop", Zero::Null)])),
    ("Privileged", "privileged", Zero::Null),
    ("SELinuxOptions", "seLinuxOptions", Zero::Null),
    ("WindowsOptions", "windowsOptions", Zero::Null),
    ("RunAsUser", "runAsUser", Zero::Null),
    ("RunAsGroup", "runAsGroup", Zero::Null),
    ("RunAsNonRoot", "runAsNonRoot", Zero::Null),
    ("ReadOnlyRootFilesystem", "readOnlyRootFilesystem", Zero::Null),
    ("AllowPrivilegeEscalation", "allowPrivilegeEscalation", Zero::Null),
    ("ProcMount", "procMount", Zero::Null),
    ("SeccompProfile", "seccompProfile", Zero::Null),
    ("AppArmorProfile", "appArmorProfile", Zero::Null),
];

const LOCAL_SOURCE: Struct =
    &[("APIGroup", "apiGroup", Zero::Null), ("Kind", "kind", Zero::Text), ("Name", "name", Zero::Text)];

const SOURCE: Struct = &[
    ("APIGroup", "apiGroup", Zero::Null),
    ("Kind", "kind", Zero::Text),
    ("Name", "name", Zero::Text),
    ("Namespace", "namespace", Zero::Null),
];

pub const VOLUME_SOURCES: Struct = &[
    ("GCEPersistentDisk", "gcePersistentDisk", Zero::Null),
    ("AWSElasticBlockStore", "awsElasticBlockStore", Zero::Null),
    ("HostPath", "hostPath", Zero::Pointer(&[("Path", "path", Zero::Text), ("Type", "type", Zero::Null)])),
    ("Glusterfs", "glusterfs", Zero::Null),
    ("NFS", "nfs", Zero::Pointer(NFS)),
    ("RBD", "rbd", Zero::Null),
    ("Quobyte", "quobyte", Zero::Null),
    ("ISCSI", "iscsi", Zero::Pointer(ISCSI)),
    ("FlexVolume", "flexVolume", Zero::Null),
    ("Cinder", "cinder", Zero::Null),
    ("CephFS", "cephfs", Zero::Null),
    ("FC", "fc", Zero::Null),
    ("Flocker", "flocker", Zero::Null),
    ("AzureFile", "azureFile", Zero::Null),
    ("VsphereVolume", "vsphereVolume", Zero::Null),
    ("AzureDisk", "azureDisk", Zero::Null),
    ("PhotonPersistentDisk", "photonPersistentDisk", Zero::Null),
    ("PortworxVolume", "portworxVolume", Zero::Null),
    ("ScaleIO", "scaleIO", Zero::Null),
    ("Local", "local", Zero::Pointer(&[("Path", "path", Zero::Text), ("FSType", "fsType", Zero::Null)])),
    ("StorageOS", "storageos", Zero::Null),
    ("CSI", "csi", Zero::Pointer(CSI)),
];

const ISCSI: Struct = &[
    ("TargetPortal", "targetPortal", Zero::Text),
    ("IQN", "iqn", Zero::Text),
    ("Lun", "lun", Zero::Number),
    ("ISCSIInterface", "iscsiInterface", Zero::Text),
    ("FSType", "fsType", Zero::Text),
    ("ReadOnly", "readOnly", Zero::False),
    ("Portals", "portals", Zero::Null),
    ("DiscoveryCHAPAuth", "chapAuthDiscovery", Zero::False),
    ("SessionCHAPAuth", "chapAuthSession", Zero::False),
    ("SecretRef", "secretRef", Zero::Pointer(SECRET)),
    ("InitiatorName", "initiatorName", Zero::Null),
];

const NFS: Struct =
    &[("Server", "server", Zero::Text), ("Path", "path", Zero::Text), ("ReadOnly", "readOnly", Zero::False)];

const CSI: Struct = &[
    ("Driver", "driver", Zero::Text),
    ("VolumeHandle", "volumeHandle", Zero::Text),
    ("ReadOnly", "readOnly", Zero::False),
    ("FSType", "fsType", Zero::Text),
    ("VolumeAttributes", "volumeAttributes", Zero::Null),
    ("ControllerPublishSecretRef", "controllerPublishSecretRef", Zero::Pointer(SECRET)),
    ("NodeStageSecretRef", "nodeStageSecretRef", Zero::Pointer(SECRET)),
    ("NodePublishSecretRef", "nodePublishSecretRef", Zero::Pointer(SECRET)),
    ("ControllerExpandSecretRef", "controllerExpandSecretRef", Zero::Pointer(SECRET)),
    ("NodeExpandSecretRef", "nodeExpandSecretRef", Zero::Pointer(SECRET)),
];

const SECRET: Struct = &[("Name", "name", Zero::Text), ("Namespace", "namespace", Zero::Text)];

/// The struct with Go's names, in Go's order, with its zeros.
pub fn in_go(fields: Struct, value: &Value) -> Value {
    let entries = fields.iter().map(|(name, api, zero)| {
        let found = &value[*api];
        let shown = match zero {
            Zero::Struct(inside) => in_go(inside, found),
            Zero::Pointer(inside) if found.is_object() => in_go(inside, found),
            Zero::List(inside) if found.is_array() => {
                found.as_array().into_iter().flatten().map(|item| in_go(inside, item)).collect()
            }
            Zero::Null if is_map(found) => {
                let mut sorted = found.clone();
                sorted.sort_all_objects();
                sorted
            }
            Zero::Text if found.is_null() => Value::from(""),
            Zero::False if found.is_null() => Value::from(false),
            Zero::Number if found.is_null() => Value::from(0),
            Zero::Null | Zero::Text | Zero::False | Zero::Number | Zero::Pointer(_) | Zero::List(_) => found.clone(),
        };
        ((*name).to_owned(), shown)
    });
    Value::Object(entries.collect())
}

/// Go writes the keys of maps in order.
fn is_map(value: &Value) -> bool {
    value.as_object().is_some_and(|entries| entries.values().all(Value::is_string))
}
