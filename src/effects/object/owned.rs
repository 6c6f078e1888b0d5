//! What names the one that goes as its owner. The deletion orphans it, so that nothing is
//! collected; but whoever reads its owner afterwards finds none, no line of the plan says
//! so, and no undo gives it its owner back.

use serde_json::Value;

use super::super::error::EffectError;
use crate::facts::reader::{Reader, is_forbidden, is_missing};
use crate::objects::kinds::{ApiKind, ObjectRef};

/// Kinds that hold data, or own what does. They have to be readable.
pub const NEEDED: [&str; 3] = ["StatefulSet", "PersistentVolumeClaim", "Pod"];

/// Others of a namespace, looked through as far as the rights allow. Slices and
/// events are left out: controllers make them of what is there, and they hold nothing.
pub const OTHERS: [&str; 10] = [
    "Secret",
    "ConfigMap",
    "Service",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "ResourceQuota",
    "ControllerRevision",
    "ServiceAccount",
    "Role",
    "RoleBinding",
];

/// Nothing of the namespace belongs to it, as far as the rights allow to look.
pub(super) async fn owns_nothing(object: &Value, named: &ObjectRef, reader: &Reader) -> Result<(), EffectError> {
    let uid = &object["metadata"]["uid"];
    for name in NEEDED.iter().chain(&OTHERS) {
        let Some(kind) = ApiKind::named(name) else { continue };
        let owned =
            |found: &Value| is_owned_by(found, uid).then(|| found["metadata"]["name"].as_str().map(str::to_owned))?;
        let owned = match reader.list_as(kind, &named.namespace, None, owned).await {
            Err(error) if !NEEDED.contains(name) && (is_forbidden(&error) || is_missing(&error)) => continue,
            found => found?,
        };
        if let Some(owned) = owned.into_iter().next() {
            return Err(EffectError::Guarded {
                code: "owns-others",
                why: format!("{name} `{owned}` belongs to it, and would lose its owner"),
                hint: format!("take its entry in `metadata.ownerReferences` of {name} `{owned}` away first"),
            });
        }
    }
    Ok(())
}

fn is_owned_by(object: &Value, uid: &Value) -> bool {
    let mut owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.any(|owner| owner["uid"] == *uid)
}
