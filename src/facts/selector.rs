//! The label selector of a claim: which volumes it takes. Written like the
//! expressions of a node selector, over labels alone.

use std::collections::BTreeMap;

use serde_json::Value;

use super::meta::{items, map};
use super::topology::Requirement;

/// A selector; all of its requirements must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

impl LabelSelector {
    /// Reads `matchLabels` and `matchExpressions`; `None` if there is no selector.
    #[must_use]
    pub fn read(selector: &Value) -> Option<Self> {
        selector.as_object()?;
        let pairs = map(&selector["matchLabels"]).into_iter().map(|(key, value)| Requirement::equals(key, value));
        let expressions = items(&selector["matchExpressions"]).iter().map(|one| Requirement::read(one, false));
        Some(Self { requirements: pairs.chain(expressions).collect() })
    }

    /// Whether the labels match. What an unknown operator means is left open.
    #[must_use]
    pub fn admits(&self, labels: &BTreeMap<String, String>) -> bool {
        let holds = |one: &Requirement| one.holds_for(labels.get(&one.key).map(String::as_str));
        self.requirements.iter().all(|one| holds(one).unwrap_or(true))
    }
}
