//! The kinds that the program handles by name, in the order in which they are
//! applied: what others refer to comes first (secrets, volumes, the headless
//! Service) and the set that needs them all comes last.

use std::fmt;

use serde_json::Value;

/// A kind's place in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApiKind {
    /// Empty for the core group.
    pub group: &'static str,
    pub version: &'static str,
    pub kind: &'static str,
    pub plural: &'static str,
    pub namespaced: bool,
}

const RBAC: &str = "rbac.authorization.k8s.io";

const fn kind(group: &'static str, kind: &'static str, plural: &'static str, namespaced: bool) -> ApiKind {
    ApiKind { group, version: "v1", kind, plural, namespaced }
}

/// All kinds, in apply order.
pub const KINDS: &[ApiKind] = &[
    kind("", "Namespace", "namespaces", false),
    kind("", "Node", "nodes", false),
    kind("storage.k8s.io", "StorageClass", "storageclasses", false),
    kind("", "ServiceAccount", "serviceaccounts", true),
    kind(RBAC, "ClusterRole", "clusterroles", false),
    kind(RBAC, "ClusterRoleBinding", "clusterrolebindings", false),
    kind(RBAC, "Role", "roles", true),
    kind(RBAC, "RoleBinding", "rolebindings", true),
    kind("", "Secret", "secrets", true),
    kind("", "ConfigMap", "configmaps", true),
    kind("", "PersistentVolume", "persistentvolumes", false),
    kind("", "PersistentVolumeClaim", "persistentvolumeclaims", true),
    kind("", "Service", "services", true),
    kind("apps", "StatefulSet", "statefulsets", true),
    kind("apps", "ControllerRevision", "controllerrevisions", true),
    kind("", "Pod", "pods", true),
    kind("", "Event", "events", true),
    kind("", "ResourceQuota", "resourcequotas", true),
    kind("discovery.k8s.io", "EndpointSlice", "endpointslices", true),
    kind("storage.k8s.io", "VolumeAttachment", "volumeattachments", false),
    kind("policy", "PodDisruptionBudget", "poddisruptionbudgets", true),
    kind("coordination.k8s.io", "Lease", "leases", true),
    kind("", "Endpoints", "endpoints", true),
    ApiKind { version: "v2", ..kind("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true) },
];

impl ApiKind {
    /// The kind by its Kubernetes name, such as `StatefulSet`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|known| known.kind == name)
    }

    /// `v1` or `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Position in apply order.
    #[must_use]
    pub fn rank(&self) -> usize {
        KINDS.iter().position(|known| known == self).unwrap_or(KINDS.len())
    }
}

/// Which object: kind, namespace (empty for cluster-scoped kinds) and name.
/// A reference never selects anything destructive; that takes a UID.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectRef {
    pub kind: &'static ApiKind,
    pub namespace: String,
    pub name: String,
}

impl ObjectRef {
    /// Reads kind, namespace and name out of a manifest; `None` if the kind is
    /// not ours or the name is missing.
    #[must_use]
    pub fn of(manifest: &Value) -> Option<Self> {
        let kind = ApiKind::named(manifest["kind"].as_str()?)?;
        let namespace = if kind.namespaced { manifest["metadata"]["namespace"].as_str().unwrap_or("") } else { "" };
        Some(Self { kind, namespace: namespace.to_owned(), name: manifest["metadata"]["name"].as_str()?.to_owned() })
    }

    /// The path of the object below the API server's root.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", collection_path(self.kind, &self.namespace), self.name)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.kind.kind, self.name)
    }
}

/// The path of a kind's collection; an empty namespace means all of them.
#[must_use]
pub fn collection_path(kind: &ApiKind, namespace: &str) -> String {
    let root = if kind.group.is_empty() {
        format!("/api/{}", kind.version)
    } else {
        format!("/apis/{}/{}", kind.group, kind.version)
    };
    if kind.namespaced && !namespace.is_empty() {
        format!("{root}/namespaces/{namespace}/{}", kind.plural)
    } else {
        format!("{root}/{}", kind.plural)
    }
}
