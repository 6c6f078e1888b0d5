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

/// Whether everything that is demanded is there. Nothing demanded chooses nobody.
#[must_use]
pub fn contains(labels: &BTreeMap<&str, &str>, demanded: &BTreeMap<&str, &str>) -> bool {
    !demanded.is_empty() && demanded.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// The labels of the pods of a workload.
#[must_use]
pub fn of_pods(document: &Document) -> BTreeMap<&str, &str> {
    labels(document.template().and_then(|template| template.at("metadata.labels")))
}
