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

    /// Whether pods may come here at all. Taints are left to the scheduler's
    /// own message, since a pod may tolerate them.
    #[must_use]
    pub const fn is_schedulable(&self) -> bool {
        self.ready && !self.cordoned
    }
}

impl Taint {
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
    fn the_zone_comes_from_the_current_label_before_the_old_one() {
        let labels = json!({ZONE_LABELS[0]: "eu-1a", ZONE_LABELS[1]: "old"});
        assert_eq!(Node::read(&json!({"metadata": {"name": "n", "labels": labels}})).unwrap().zone(), Some("eu-1a"));
        let labels = json!({ZONE_LABELS[1]: "old"});
        assert_eq!(Node::read(&json!({"metadata": {"name": "n", "labels": labels}})).unwrap().zone(), Some("old"));
    }
}
