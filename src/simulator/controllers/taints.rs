//! Taints and tolerations, for whoever places pods and whoever ends them.

use serde_json::Value;

use super::fields::Fields;

/// Whether a toleration is for a taint of this key, value and effect.
pub(super) fn tolerates(toleration: &Value, key: &str, value: &str, effect: &str) -> bool {
    let (wanted_key, wanted_effect) = (toleration.text("/key"), toleration.text("/effect"));
    let exists = toleration["operator"] == "Exists";
    (wanted_effect.is_empty() || wanted_effect == effect)
        && (wanted_key == key || (wanted_key.is_empty() && exists))
        && (exists || toleration.text("/value") == value)
}

/// Somebody says that the machine is off: what runs there runs no more.
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

pub(super) fn is_out_of_service(node: &Value) -> bool {
    node.items("/spec/taints").iter().any(|taint| taint["key"] == OUT_OF_SERVICE)
}
