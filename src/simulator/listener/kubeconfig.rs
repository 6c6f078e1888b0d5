//! The kubeconfig that leads to a served sandbox.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::server::Access;
use crate::objects::yaml;

/// Its text; `name` is what cluster, user and context are called, and `namespace`
/// is where commands work that name none.
#[must_use]
pub fn kubeconfig(access: &Access, name: &str, namespace: &str) -> String {
    yaml::to_yaml(&json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {
            "server": format!("https://{}", access.address),
            "certificate-authority-data": STANDARD.encode(&access.authority),
        }}],
        "users": [{"name": name, "user": {"token": access.token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
    }))
}
