//! The fields of a StatefulSet that decide, with their defaults (SS-10).

use serde_json::Value;

use crate::simulator::controllers::fields::Fields;

/// A StatefulSet as the passes read it.
pub(super) struct Set<'a> {
    pub object: &'a Value,
    pub name: &'a str,
    pub namespace: &'a str,
    pub uid: &'a str,
    pub replicas: i64,
    /// First ordinal (SS-02).
    pub start: i64,
    /// Not `Parallel` (SS-21).
    pub monotonic: bool,
    pub min_ready_seconds: i64,
    pub terminating: bool,
    pub strategy: Strategy,
    pub when_scaled: Retention,
    pub when_deleted: Retention,
    /// The names of the claim templates.
    pub templates: Vec<&'a str>,
}

/// The update strategy. The difference between no `rollingUpdate` and one with
/// partition 0 is the trap of SS-11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    OnDelete,
    RollingUpdate { partition: Option<i64> },
}

/// One half of the claim retention policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retention {
    Retain,
    Delete,
}

impl<'a> Set<'a> {
    pub(super) fn new(object: &'a Value) -> Self {
        Self {
            object,
            name: object.name(),
            namespace: object.namespace(),
            uid: object.uid(),
            replicas: object.number("/spec/replicas").unwrap_or(1).max(0),
            start: object.number("/spec/ordinals/start").unwrap_or(0).max(0),
            monotonic: object.text("/spec/podManagementPolicy") != "Parallel",
            min_ready_seconds: object.number("/spec/minReadySeconds").unwrap_or(0).max(0),
            terminating: object.terminating(),
            strategy: Strategy::of(object),
            when_scaled: Retention::of(object.text("/spec/persistentVolumeClaimRetentionPolicy/whenScaled")),
            when_deleted: Retention::of(object.text("/spec/persistentVolumeClaimRetentionPolicy/whenDeleted")),
            templates: object.items("/spec/volumeClaimTemplates").iter().map(Fields::name).collect(),
        }
    }

    /// The ordinals of SS-02; everything outside is condemned.
    pub(super) fn range(&self) -> std::ops::Range<i64> {
        self.start..self.start.saturating_add(self.replicas)
    }

    pub(super) fn claim_templates(&self) -> &'a [Value] {
        self.object.items("/spec/volumeClaimTemplates")
    }

    /// Whether a claim of this name is one of a member in the range.
    pub(super) fn wants_claim(&self, name: &str) -> bool {
        let ordinal = |template: &Value| {
            let rest = name.strip_prefix(template.name())?.strip_prefix('-')?.strip_prefix(self.name)?;
            rest.strip_prefix('-')?.parse().ok()
        };
        self.claim_templates().iter().filter_map(ordinal).any(|ordinal| self.range().contains(&ordinal))
    }

    /// Partition, or 0 where there is none.
    pub(super) fn partition(&self) -> i64 {
        match self.strategy {
            Strategy::RollingUpdate { partition } => partition.unwrap_or(0).max(0),
            Strategy::OnDelete => 0,
        }
    }
}

impl Strategy {
    fn of(object: &Value) -> Self {
        if object.text("/spec/updateStrategy/type") == "OnDelete" {
            return Self::OnDelete;
        }
        let rolling = &object["spec"]["updateStrategy"]["rollingUpdate"];
        Self::RollingUpdate { partition: rolling.is_object().then(|| rolling.number("/partition").unwrap_or(0)) }
    }
}

impl Retention {
    fn of(text: &str) -> Self {
        if text == "Delete" { Self::Delete } else { Self::Retain }
    }
}
