//! What is wrong with a set, a pod or a claim, in one sentence each: the first
//! questions of the night. Text from the cluster stays raw; `report` escapes
//! it. Causes and remedies are the business of `doctor`.

mod claim;
mod pod;
mod set;

pub(super) use claim::{of_claim, of_leftovers};
pub(super) use pod::{last_warning, of_pod};
pub(super) use set::{failed_create, of_set};

/// Names between backticks, with commas.
fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
