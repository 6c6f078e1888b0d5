//! The kinds that rules about files know, told by group and name: a `Service`
//! of another group is a custom resource and none of our business.

/// A kind that some rule reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    StatefulSet,
    Deployment,
    DaemonSet,
    ReplicaSet,
    Job,
    CronJob,
    Pod,
    Service,
    Secret,
    ConfigMap,
    Claim,
    Volume,
    Class,
    Ingress,
    Budget,
    Account,
    Priority,
    /// Of Kubernetes, but no rule looks at it except for its version.
    OtherOfKubernetes,
    /// A custom resource.
    Foreign,
}

/// Groups of Kubernetes' own, also those that are gone.
const GROUPS: &[&str] = &["", "apps", "batch", "extensions", "policy", "autoscaling"];

impl Kind {
    /// From `apiVersion` and `kind`.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Self {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        if !GROUPS.contains(&group) && !group.ends_with(".k8s.io") {
            return Self::Foreign;
        }
        match (group, kind) {
            ("apps", "StatefulSet") => Self::StatefulSet,
            ("apps" | "extensions", "Deployment") => Self::Deployment,
            ("apps" | "extensions", "DaemonSet") => Self::DaemonSet,
            ("apps" | "extensions", "ReplicaSet") => Self::ReplicaSet,
            ("batch", "Job") => Self::Job,
            ("batch", "CronJob") => Self::CronJob,
            ("", "Pod") => Self::Pod,
            ("", "Service") => Self::Service,
            ("", "Secret") => Self::Secret,
            ("", "ConfigMap") => Self::ConfigMap,
            ("", "PersistentVolumeClaim") => Self::Claim,
            ("", "PersistentVolume") => Self::Volume,
            ("storage.k8s.io", "StorageClass") => Self::Class,
            ("extensions" | "networking.k8s.io", "Ingress") => Self::Ingress,
            ("policy", "PodDisruptionBudget") => Self::Budget,
            ("", "ServiceAccount") => Self::Account,
            ("scheduling.k8s.io", "PriorityClass") => Self::Priority,
            _ => Self::OtherOfKubernetes,
        }
    }

    /// Lives in a namespace.
    #[must_use]
    pub const fn namespaced(self) -> bool {
        !matches!(self, Self::Volume | Self::Class | Self::Priority | Self::OtherOfKubernetes | Self::Foreign)
    }

    /// Where the pod template stands, if it has one; a Pod is its own.
    #[must_use]
    pub const fn template(self) -> Option<&'static str> {
        match self {
            Self::StatefulSet | Self::Deployment | Self::DaemonSet | Self::ReplicaSet | Self::Job => {
                Some("spec.template")
            }
            Self::CronJob => Some("spec.jobTemplate.spec.template"),
            Self::Pod => Some(""),
            Self::Service
            | Self::Secret
            | Self::ConfigMap
            | Self::Claim
            | Self::Volume
            | Self::Class
            | Self::Ingress
            | Self::Budget
            | Self::Account
            | Self::Priority
            | Self::OtherOfKubernetes
            | Self::Foreign => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_another_group_is_foreign() {
        assert_eq!(Kind::of("v1", "Service"), Kind::Service);
        assert_eq!(Kind::of("serving.knative.dev/v1", "Service"), Kind::Foreign);
        assert_eq!(Kind::of("apps/v1beta1", "StatefulSet"), Kind::StatefulSet);
        assert_eq!(Kind::of("rbac.authorization.k8s.io/v1", "Role"), Kind::OtherOfKubernetes);
        assert_eq!(Kind::of("apps/v1", "Service"), Kind::OtherOfKubernetes);
    }
}
