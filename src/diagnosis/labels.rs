//! Labels and selectors of manifests.

use std::collections::BTreeMap;

use super::manifests::Document;
use crate::objects::placed::Placed;

/// The texts of a map.
#[must_use]
pub fn labels(map: Option<&Placed>) -> BTreeMap<&str, &str> {
    let entries = map.map(Placed::entries).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.key.as_str(), entry.value.text()?))).collect()
}

/// Whether the pods of a workload have everything that is demanded. Nothing
/// demanded chooses nobody.
#[must_use]
pub fn chooses(demanded: &BTreeMap<&str, &str>, workload: &Document) -> bool {
    let has = |(key, value): (&&str, &&str)| workload.pod_labels().get(*key).is_some_and(|label| label == value);
    !demanded.is_empty() && demanded.iter().all(has)
}
