//! The kinds that the program handles by name, in the order in which they are
//! applied: what others refer to comes first (secrets, volumes, the headless
//! Service) and the set that needs them all comes last.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A kind's place in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApiKind {
    /// Empty for the core group.
    pub group: &'static str,
    pub version: &'static str,
    /// A kind that a custom resource definition made carries its group, as in
    /// `Widget.example.com`: groups may well have kinds of one name.
    pub kind: &'static str,
    pub plural: &'static str,
    pub namespaced: bool,
    /// Its status has an endpoint of its own, and the main one leaves it alone.
    pub has_status: bool,
}

const RBAC: &str = "rbac.authorization.k8s.io";

const fn kind(group: &'static str, kind: &'static str, plural: &'static str, namespaced: bool) -> ApiKind {
    ApiKind { group, version: "v1", kind, plural, namespaced, has_status: false }
}

/// All kinds, in apply order.
pub const KINDS: &[ApiKind] = &[
    kind("", "Namespace", "namespaces", false).with_status(),
    kind("", "Node", "nodes", false).with_status(),
    kind("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", false).with_status(),
    kind("storage.k8s.io", "StorageClass", "storageclasses", false),
    kind("scheduling.k8s.io", "PriorityClass", "priorityclasses", false),
    kind("", "ServiceAccount", "serviceaccounts", true),
    kind(RBAC, "ClusterRole", "clusterroles", false),
    kind(RBAC, "ClusterRoleBinding", "clusterrolebindings", false),
    kind(RBAC, "Role", "roles", true),
    kind(RBAC, "RoleBinding", "rolebindings", true),
    kind("", "Secret", "secrets", true),
    kind("", "ConfigMap", "configmaps", true),
    kind("", "PersistentVolume", "persistentvolumes", false).with_status(),
    kind("", "PersistentVolumeClaim", "persistentvolumeclaims", true).with_status(),
    kind("", "Service", "services", true).with_status(),
    kind("apps", "StatefulSet", "statefulsets", true).with_status(),
    kind("apps", "ControllerRevision", "controllerrevisions", true),
    kind("", "Pod", "pods", true).with_status(),
    kind("", "Event", "events", true),
    kind("", "ResourceQuota", "resourcequotas", true).with_status(),
    kind("discovery.k8s.io", "EndpointSlice", "endpointslices", true),
    kind("storage.k8s.io", "VolumeAttachment", "volumeattachments", false).with_status(),
    kind("policy", "PodDisruptionBudget", "poddisruptionbudgets", true).with_status(),
    kind("coordination.k8s.io", "Lease", "leases", true),
    kind("", "Endpoints", "endpoints", true),
    ApiKind { version: "v2", ..kind("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true) }
        .with_status(),
];

impl ApiKind {
    const fn with_status(self) -> Self {
        Self { has_status: true, ..self }
    }

    /// The kind by its Kubernetes name, such as `StatefulSet`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|known| known.kind == name)
    }

    /// The name of the kind alone, as it stands in objects.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind.split_once('.').map_or(self.kind, |(name, _)| name)
    }

    /// Whether a definition made it, and not Kubernetes itself.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.kind.contains('.')
    }

    /// `v1` or `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Position in apply order.
    #[must_use]
    pub fn rank(&self) -> usize {
        KINDS.iter().position(|known| known.kind == self.kind).unwrap_or(KINDS.len())
    }
}

/// What `ApiKind::kind` is for objects that say this of themselves.
#[must_use]
pub fn key_of(api_version: &str, kind: &str) -> String {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let is_known = group.is_empty() || KINDS.iter().any(|known| known.kind == kind && known.group == group);
    if is_known { kind.to_owned() } else { format!("{kind}.{group}") }
}

/// Which object: kind, namespace (empty for cluster-scoped kinds) and name.
/// A reference never selects anything destructive; that takes a UID.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    #[serde(with = "by_name")]
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

/// A kind in files is its name; one that this program does not know is an error.
mod by_name {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use super::ApiKind;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference to the field")]
    pub fn serialize<S: Serializer>(kind: &&'static ApiKind, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(kind.kind)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<&'static ApiKind, D::Error> {
        let name = String::deserialize(from)?;
        ApiKind::named(&name).ok_or_else(|| D::Error::custom(format!("unknown kind `{name}`")))
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
