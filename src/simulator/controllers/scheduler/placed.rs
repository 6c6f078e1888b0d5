//! The pods that are on nodes, sorted out once for all pods of a look.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::resources::requests;
use crate::simulator::controllers::fields::{Fields, claim_names};

/// Pods on nodes.
#[derive(Default)]
pub(super) struct Placed {
    /// Those that have not ended.
    pub active: Vec<Arc<Value>>,
    /// The same, by node.
    by_node: BTreeMap<String, Vec<Arc<Value>>>,
    /// Those of them that want no neighbours of some kind.
    pub choosy: Vec<Arc<Value>>,
    /// How many pods each node has, with those that have ended.
    loads: BTreeMap<String, usize>,
    /// What is asked for on each node, by resource.
    used: BTreeMap<String, BTreeMap<String, i128>>,
}

impl Placed {
    pub(super) fn of(pods: &[Arc<Value>]) -> Self {
        let mut placed = Self::default();
        for pod in pods {
            placed.add(pod);
        }
        placed
    }

    /// Takes in a pod, if it is on a node.
    pub(super) fn add(&mut self, pod: &Arc<Value>) {
        let node = pod.text("/spec/nodeName");
        if node.is_empty() {
            return;
        }
        *self.loads.entry(node.to_owned()).or_default() += 1;
        if pod.has_ended() {
            return;
        }
        if pod["spec"]["affinity"]["podAntiAffinity"].is_object() {
            self.choosy.push(Arc::clone(pod));
        }
        for (resource, asked) in requests(pod) {
            let used = self.used.entry(node.to_owned()).or_default().entry(resource.to_owned()).or_default();
            *used = used.saturating_add(asked);
        }
        self.by_node.entry(node.to_owned()).or_default().push(Arc::clone(pod));
        self.active.push(Arc::clone(pod));
    }

    pub(super) fn on(&self, node: &Value) -> &[Arc<Value>] {
        self.by_node.get(node.name()).map_or(&[], Vec::as_slice)
    }

    pub(super) fn used(&self, node: &Value, resource: &str) -> i128 {
        self.used.get(node.name()).and_then(|used| used.get(resource)).copied().unwrap_or(0)
    }

    /// Whether a pod has this claim.
    pub(super) fn is_in_use(&self, namespace: &str, claim: &str) -> bool {
        self.active.iter().any(|pod| pod.namespace() == namespace && claim_names(pod).iter().any(|name| name == claim))
    }

    pub(super) fn load(&self, node: &Value) -> usize {
        self.loads.get(node.name()).copied().unwrap_or(0)
    }
}
