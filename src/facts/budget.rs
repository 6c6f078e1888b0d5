//! A PodDisruptionBudget as it was read: whose evictions it counts, and how
//! many it allows.

use std::collections::BTreeMap;

use serde_json::Value;

use super::meta::{Meta, maybe_text};
use super::selector::LabelSelector;

/// The view of one budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    pub meta: Meta,
    /// `None` chooses nobody; one without requirements everybody.
    selector: Option<LabelSelector>,
    at_least: Option<Amount>,
    at_most: Option<Amount>,
    /// How many pods its controller has counted, those of other workloads too.
    expected: Option<u64>,
}

/// A number of pods or a share of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amount {
    Pods(u64),
    Percent(u64),
}

impl Amount {
    fn read(value: &Value) -> Option<Self> {
        match maybe_text(value) {
            Some(text) => text.strip_suffix('%')?.parse().ok().map(Self::Percent),
            None => value.as_u64().map(Self::Pods),
        }
    }

    /// Shares are rounded up, as the controller does.
    const fn of(self, pods: u64) -> u64 {
        match self {
            Self::Pods(count) => count,
            Self::Percent(share) => share.saturating_mul(pods).div_ceil(100),
        }
    }
}

impl Budget {
    /// Reads a budget; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let spec = &object["spec"];
        Some(Self {
            meta: Meta::read(object)?,
            selector: LabelSelector::read(&spec["selector"]),
            at_least: Amount::read(&spec["minAvailable"]),
            at_most: Amount::read(&spec["maxUnavailable"]),
            expected: object["status"]["expectedPods"].as_u64(),
        })
    }

    #[must_use]
    pub fn covers(&self, labels: &BTreeMap<String, String>) -> bool {
        self.selector.as_ref().is_some_and(|selector| selector.admits(labels))
    }

    /// How many of so many pods must be available at least, where the budget says that.
    #[must_use]
    pub fn least_of(&self, pods: u64) -> Option<u64> {
        self.at_least.map(|least| least.of(pods))
    }

    /// Whether not even one of so many pods, all of them well, may be evicted;
    /// more, where the budget covers others too.
    #[must_use]
    pub fn forbids_all(&self, pods: u64) -> bool {
        let pods = pods.max(self.expected.unwrap_or(0));
        match (self.at_most, self.at_least) {
            (Some(most), _) => most.of(pods) == 0,
            (None, Some(least)) => least.of(pods) >= pods,
            (None, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn forbids(spec: &Value, pods: u64) -> bool {
        Budget::read(&json!({"metadata": {"name": "b"}, "spec": spec})).unwrap().forbids_all(pods)
    }

    #[test]
    fn shares_are_rounded_up() {
        assert!(forbids(&json!({"minAvailable": "50%"}), 1));
        assert!(!forbids(&json!({"minAvailable": "50%"}), 2));
        assert!(!forbids(&json!({"maxUnavailable": "1%"}), 3));
        assert!(forbids(&json!({"maxUnavailable": "0%"}), 3));
        assert!(forbids(&json!({"maxUnavailable": 0}), 3) && forbids(&json!({"minAvailable": 3}), 3));
        assert!(!forbids(&json!({"minAvailable": 2}), 3) && !forbids(&json!({}), 3));
    }

    #[test]
    fn pods_of_other_workloads_count_too() {
        let budget = |expected: u64| {
            let spec = json!({"minAvailable": 1, "selector": {}});
            Budget::read(&json!({"metadata": {"name": "b"}, "spec": spec, "status": {"expectedPods": expected}}))
                .unwrap()
        };
        assert!(budget(1).forbids_all(1) && !budget(2).forbids_all(1));
    }

    #[test]
    fn an_empty_selector_covers_everybody_and_none_nobody() {
        let covers = |selector: Value| {
            let read = Budget::read(&json!({"metadata": {"name": "b"}, "spec": {"selector": selector}})).unwrap();
            read.covers(&BTreeMap::from([("app".to_owned(), "web".to_owned())]))
        };
        assert!(covers(json!({})) && covers(json!({"matchLabels": {"app": "web"}})));
        assert!(!covers(json!(null)) && !covers(json!({"matchLabels": {"app": "db"}})));
        let other = json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]});
        assert!(!covers(other));
    }
}
