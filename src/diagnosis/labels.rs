//! Labels and selectors of manifests.

use std::collections::BTreeMap;

use super::kind::Kind;
use super::manifests::Document;
use crate::objects::placed::Placed;

/// The texts of a map.
#[must_use]
pub fn labels(map: Option<&Placed>) -> BTreeMap<&str, &str> {
    let entries = map.map(Placed::entries).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.key.as_str(), entry.value.text()?))).collect()
}

/// Whether pods with these labels have everything that is demanded. Nothing
/// demanded chooses nobody.
#[must_use]
pub fn chooses(demanded: &BTreeMap<&str, &str>, labels: &BTreeMap<String, String>) -> bool {
    let has = |(key, value): (&&str, &&str)| labels.get(*key).is_some_and(|label| label == value);
    !demanded.is_empty() && demanded.iter().all(has)
}

/// What a Service or budget demands of the labels of pods, and where that stands.
/// An alias has no pods; what expressions demand is not looked at.
#[must_use]
pub fn demands(document: &Document) -> Option<(&Placed, BTreeMap<&str, &str>)> {
    let selector = document.at("spec.selector")?;
    let demanded = if document.kind == Kind::Budget {
        selector.get("matchLabels").filter(|_| selector.get("matchExpressions").is_none())?
    } else {
        Some(selector).filter(|_| document.kind == Kind::Service && document.text("spec.type") != "ExternalName")?
    };
    Some((demanded, labels(Some(demanded)))).filter(|(_, demanded)| !demanded.is_empty())
}
