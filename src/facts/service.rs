//! A Service as it was read: whether it can govern a set.

use std::collections::BTreeMap;

use serde_json::Value;

use super::meta::{Meta, map};

/// The view of one Service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    pub meta: Meta,
    /// `clusterIP: None`: each pod has a DNS name of its own.
    pub headless: bool,
    pub selector: BTreeMap<String, String>,
}

impl Service {
    /// Reads a Service; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let spec = &object["spec"];
        Some(Self {
            meta: Meta::read(object)?,
            headless: spec["clusterIP"] == "None",
            selector: map(&spec["selector"]),
        })
    }

    /// Whether pods with these labels are behind it. Without a selector nobody
    /// is chosen by labels.
    #[must_use]
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.selector.is_empty() && self.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_service_selects_pods_that_have_all_its_labels() {
        let service =
            |selector| Service::read(&json!({"metadata": {"name": "s"}, "spec": {"selector": selector}})).unwrap();
        let labels = BTreeMap::from([("app".to_owned(), "web".to_owned()), ("tier".to_owned(), "db".to_owned())]);
        assert!(service(json!({"app": "web"})).selects(&labels));
        assert!(!service(json!({"app": "web", "zone": "a"})).selects(&labels));
        assert!(!service(json!({})).selects(&labels));
    }
}
