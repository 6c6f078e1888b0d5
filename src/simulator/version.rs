//! The `resourceVersion` in the body of a write: which one it is meant to change.

use serde_json::Value;

use super::status::{Cause, Refusal};
use crate::objects::kinds::ApiKind;

/// Kinds that nobody replaces who does not say what they replace.
fn is_needed(kind: &ApiKind) -> bool {
    let known = matches!(kind.kind, "PodDisruptionBudget" | "Lease" | "VolumeAttachment" | "CustomResourceDefinition");
    known || kind.is_custom()
}

/// Whether a write with this version may change an object; none, or `0`, is
/// any.
///
/// # Errors
/// 409 for an old one, 422 for none where it is needed, 500 for what is no
/// version.
pub fn check(kind: &ApiKind, old: &Value, given: &str) -> Result<(), Refusal> {
    let stored = |name: &str| old["metadata"][name].as_str().unwrap_or_default();
    if matches!(given, "" | "0") {
        if !is_needed(kind) {
            return Ok(());
        }
        let cause = Cause::invalid("metadata.resourceVersion", &0.into(), "must be specified for an update");
        return Err(Refusal::invalid_named(kind.group, kind.plural, stored("name"), &[cause]));
    }
    if given.parse::<u64>().is_err() {
        return Err(Refusal::internal(&format!("strconv.ParseUint: parsing {given:?}: invalid syntax")));
    }
    if given == stored("resourceVersion") { Ok(()) } else { Err(Refusal::stale(kind, stored("name"))) }
}
