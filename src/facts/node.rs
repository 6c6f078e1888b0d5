//! A node as it was read: whether pods can be put on it, and where it stands.

use serde_json::Value;

use super::meta::{Meta, condition, items, text};

/// The current label of a zone, and the one before it.
const ZONE_LABELS: [&str; 2] = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];

/// The view of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub meta: Meta,
    pub ready: bool,
    /// Closed for new pods (`kubectl cordon`).
    pub cordoned: bool,
    /// Its first internal address.
    pub address: Option<String>,
    pub taints: Vec<Taint>,
}

/// One of a node's taints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    pub key: String,
    pub value: String,
    pub effect: String,
}

impl Node {
    /// Reads a node; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let address = items(&object["status"]["addresses"]).iter().find(|address| address["type"] == "InternalIP");
        Some(Self {
            meta: Meta::read(object)?,
            ready: condition(object, "Ready")["status"] == "True",
            cordoned: object["spec"]["unschedulable"] == true,
            address: address.map(|address| text(&address["address"])),
            taints: items(&object["spec"]["taints"]).iter().map(Taint::read).collect(),
        })
    }

    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        let zones = ZONE_LABELS.iter().filter_map(|label| self.meta.labels.get(*label));
        zones.map(String::as_str).find(|zone| !zone.is_empty())
    }

    /// The first taint that keeps pods with these tolerations away.
    #[must_use]
    pub fn closed_by(&self, tolerations: &[Toleration]) -> Option<&Taint> {
        let closes = |taint: &&Taint| {
            ["NoSchedule", "NoExecute"].contains(&taint.effect.as_str())
                && !tolerations.iter().any(|toleration| toleration.admits(taint))
        };
        self.taints.iter().find(closes)
    }

    /// Whether pods may come here at all; whether they tolerate its taints is
    /// another question ([`Node::closed_by`]).
    #[must_use]
    pub const fn is_schedulable(&self) -> bool {
        self.ready && !self.cordoned
    }

    /// Whether pods with these tolerations may come here.
    #[must_use]
    pub fn takes(&self, tolerations: &[Toleration]) -> bool {
        self.is_schedulable() && self.closed_by(tolerations).is_none()
    }
}

/// What a pod puts up with, of a node's taints. Numbers compared (`Gt`, `Lt`) are
/// taken for fitting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toleration {
    /// Empty with `Exists`: all keys.
    pub key: String,
    pub operator: String,
    pub value: String,
    /// Empty: all effects.
    pub effect: String,
}

impl Toleration {
    pub(super) fn read(one: &Value) -> Self {
        Self {
            key: text(&one["key"]),
            operator: text(&one["operator"]),
            value: text(&one["value"]),
            effect: text(&one["effect"]),
        }
    }

    fn admits(&self, taint: &Taint) -> bool {
        let value = match self.operator.as_str() {
            "" | "Equal" => self.value == taint.value,
            _ => true,
        };
        let key = self.key == taint.key || (self.key.is_empty() && self.operator == "Exists");
        value && key && (self.effect.is_empty() || self.effect == taint.effect)
    }
}

impl Taint {
    /// `key=value:effect`, as `kubectl taint` takes it.
    #[must_use]
    pub fn in_words(&self) -> String {
        let value = if self.value.is_empty() { String::new() } else { format!("={}", self.value) };
        format!("{}{value}:{}", self.key, self.effect)
    }

    fn read(taint: &Value) -> Self {
        Self { key: text(&taint["key"]), value: text(&taint["value"]), effect: text(&taint["effect"]) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_ready_node_that_is_not_cordoned_takes_pods() {
        let node = |ready, cordoned| {
            let status = json!({"conditions": [{"type": "Ready", "status": ready}]});
            Node::read(&json!({"metadata": {"name": "n"}, "spec": {"unschedulable": cordoned}, "status": status}))
                .unwrap()
        };
        assert!(node("True", false).is_schedulable());
        assert!(!node("True", true).is_schedulable());
        assert!(!node("Unknown", false).is_schedulable());
    }

    #[test]
    fn a_taint_keeps_out_whoever_does_not_tolerate_it() {
        let spec = json!({"taints": [{"key": "soft", "effect": "PreferNoSchedule"}, {"key": "disk", "value": "ssd", "effect": "NoSchedule"}]});
        let node = Node::read(&json!({"metadata": {"name": "n"}, "spec": spec})).unwrap();
        let closed = |tolerations: &[Value]| {
            let tolerations: Vec<Toleration> = tolerations.iter().map(Toleration::read).collect();
            node.closed_by(&tolerations).map(Taint::in_words)
        };
        assert_eq!(closed(&[]).as_deref(), Some("disk=ssd:NoSchedule"));
        for fits in [
            json!({"operator": "Exists"}),
            json!({"key": "disk", "operator": "Exists", "effect": "NoSchedule"}),
            json!({"key": "disk", "value": "ssd"}),
            json!({"key": "disk", "operator": "Equal", "value": "ssd", "effect": "NoSchedule"}),
        ] {
            assert_eq!(closed(&[json!({"key": "other", "operator": "Exists"}), fits]), None);
        }
        for misses in [
            json!({"key": "disk", "value": "hdd"}),
            json!({"key": "disk", "operator": "Exists", "effect": "NoExecute"}),
            json!({"key": "", "operator": "Equal"}),
        ] {
            assert!(closed(&[misses]).is_some());
        }
    }

    #[test]
    fn the_zone_comes_from_the_current_label_before_the_old_one() {
        let labels = json!({ZONE_LABELS[0]: "eu-1a", ZONE_LABELS[1]: "old"});
        assert_eq!(Node::read(&json!({"metadata": {"name": "n", "labels": labels}})).unwrap().zone(), Some("eu-1a"));
        let labels = json!({ZONE_LABELS[1]: "old"});
        assert_eq!(Node::read(&json!({"metadata": {"name": "n", "labels": labels}})).unwrap().zone(), Some("old"));
    }
}
