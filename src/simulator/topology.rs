//! A pod that is on a node carries the node's zone and region as labels. They
//! are put on when the pod is bound, or at once when it is made for a node.

use serde_json::Value;

use super::store::Store;
use crate::objects::kinds::ApiKind;
use crate::objects::names::label_value;

const COPIED: [&str; 2] = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"];

/// Labels a pod like the node that it names.
pub fn label(store: &Store, pod: &mut Value) {
    let node = pod["spec"]["nodeName"].as_str().filter(|name| !name.is_empty());
    let node = node.and_then(|name| store.object(ApiKind::named("Node")?, "", name));
    let labels = node.and_then(|node| node["metadata"]["labels"].as_object());
    for (name, value) in labels.into_iter().flatten().filter(|(name, _)| COPIED.contains(&name.as_str())) {
        // A node of elsewhere may carry what no pod could.
        if value.as_str().is_some_and(|value| label_value(value).is_ok()) {
            pod["metadata"]["labels"][name] = value.clone();
        }
    }
}
