//! StatefulSets. What the API would default or what has two meanings is written
//! out: the update strategy (SS-11), the claim retention policy, the selector.

use serde_json::{Value, json};

use super::claim::{Claim, template};
use super::container::{Container, container};
use super::metadata::{Metadata, Pairs, items, manifest, map, object};

/// A volume of the pod that is not a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodVolume {
    pub name: String,
    pub source: PodVolumeSource,
}

/// What stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodVolumeSource {
    ConfigMap(String),
    Secret(String),
    /// Empty at the start of each pod.
    EmptyDir,
    /// A claim that exists already and that all pods share.
    Claim(String),
}

/// How a changed template reaches the pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateStrategy {
    /// Ordinals below the partition keep the old revision.
    RollingUpdate {
        partition: u32,
    },
    OnDelete,
}

/// Over what replicas are spread where that is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    Nodes,
    Zones,
    Nowhere,
}

/// A StatefulSet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatefulSet {
    /// Its labels stand on the set only; pods have `pod_labels`.
    pub metadata: Metadata,
    pub service_name: String,
    pub replicas: u32,
    pub selector: Pairs,
    /// Contains the selector.
    pub pod_labels: Pairs,
    pub parallel: bool,
    pub strategy: UpdateStrategy,
    pub ordinals_start: u32,
    pub min_ready_seconds: u32,
    pub revision_history: Option<u32>,
    pub delete_claims_with_set: bool,
    pub delete_claims_on_scale_down: bool,
    pub grace_seconds: Option<u32>,
    pub service_account: Option<String>,
    pub image_pull_secrets: Vec<String>,
    pub user: Option<u32>,
    pub file_group: Option<u32>,
    pub spread: Spread,
    pub init_containers: Vec<Container>,
    pub containers: Vec<Container>,
    pub volumes: Vec<PodVolume>,
    pub claims: Vec<Claim>,
}

/// The manifest of a set.
#[must_use]
pub fn stateful_set(of: &StatefulSet) -> Value {
    let above_zero = |number: u32| if number == 0 { Value::Null } else { json!(number) };
    let retention = |delete: bool| if delete { "Delete" } else { "Retain" };
    let strategy = match of.strategy {
        UpdateStrategy::RollingUpdate { partition } => {
            json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}})
        }
        UpdateStrategy::OnDelete => json!({"type": "OnDelete"}),
    };
    let start = if of.ordinals_start == 0 { Value::Null } else { json!({"start": of.ordinals_start}) };
    let spec = object(&[
        ("serviceName", json!(of.service_name)),
        ("replicas", json!(of.replicas)),
        ("ordinals", start),
        ("podManagementPolicy", if of.parallel { json!("Parallel") } else { Value::Null }),
        ("minReadySeconds", above_zero(of.min_ready_seconds)),
        ("revisionHistoryLimit", json!(of.revision_history)),
        ("updateStrategy", strategy),
        (
            "persistentVolumeClaimRetentionPolicy",
            json!({
                "whenDeleted": retention(of.delete_claims_with_set),
                "whenScaled": retention(of.delete_claims_on_scale_down),
            }),
        ),
        ("selector", json!({"matchLabels": map(&of.selector)})),
        ("template", json!({"metadata": {"labels": map(&of.pod_labels)}, "spec": pod(of)})),
        ("volumeClaimTemplates", items(of.claims.iter().map(template).collect())),
    ]);
    manifest("apps/v1", "StatefulSet", &of.metadata, &[("spec", spec)])
}

fn pod(of: &StatefulSet) -> Value {
    let security = match (of.user, of.file_group) {
        (None, None) => Value::Null,
        (user, group) => object(&[("runAsUser", json!(user)), ("fsGroup", json!(group))]),
    };
    object(&[
        ("serviceAccountName", json!(of.service_account)),
        ("imagePullSecrets", items(of.image_pull_secrets.iter().map(|name| json!({"name": name})).collect())),
        ("terminationGracePeriodSeconds", json!(of.grace_seconds)),
        ("securityContext", security),
        ("topologySpreadConstraints", spread(of)),
        ("initContainers", items(of.init_containers.iter().map(container).collect())),
        ("containers", Value::Array(of.containers.iter().map(container).collect())),
        ("volumes", items(of.volumes.iter().map(volume).collect())),
    ])
}

/// A wish, not a condition: a cluster of one node still runs the set.
fn spread(of: &StatefulSet) -> Value {
    let key = match of.spread {
        Spread::Nodes => "kubernetes.io/hostname",
        Spread::Zones => "topology.kubernetes.io/zone",
        Spread::Nowhere => return Value::Null,
    };
    json!([{
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": map(&of.selector)},
    }])
}

fn volume(of: &PodVolume) -> Value {
    let (field, source) = match &of.source {
        PodVolumeSource::ConfigMap(name) => ("configMap", json!({"name": name})),
        PodVolumeSource::Secret(name) => ("secret", json!({"secretName": name})),
        PodVolumeSource::EmptyDir => ("emptyDir", json!({})),
        PodVolumeSource::Claim(name) => ("persistentVolumeClaim", json!({"claimName": name})),
    };
    object(&[("name", json!(of.name)), (field, source)])
}
