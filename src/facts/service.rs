//! A Service as it was read: whether it can govern a set.

use std::collections::BTreeMap;

use serde_json::Value;

use super::meta::{Meta, count, items, map, text};

/// The view of one Service.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    pub meta: Meta,
    /// `clusterIP: None`: each pod has a DNS name of its own.
    pub headless: bool,
    /// Empty if it chooses nobody; that of a mere alias (`ExternalName`) counts for nothing.
    pub selector: BTreeMap<String, String>,
    /// It tells also of pods that are not ready.
    pub publishes_all: bool,
    pub ports: Vec<ServicePort>,
}

/// One of its ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Empty for the only one.
    pub name: String,
    pub number: u64,
    /// The port of the pods, a number or a name.
    pub target: String,
}

impl ServicePort {
    fn read(port: &Value) -> Self {
        let number = count(&port["port"]);
        let target = match &port["targetPort"] {
            Value::String(name) => name.clone(),
            Value::Number(other) => other.to_string(),
            _ => number.to_string(),
        };
        Self { name: text(&port["name"]), number, target }
    }

    /// Its name between backticks, or its number.
    #[must_use]
    pub fn title(&self) -> String {
        if self.name.is_empty() { self.number.to_string() } else { format!("`{}`", self.name) }
    }
}

impl Service {
    /// Reads a Service; `None` without a name.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let spec = &object["spec"];
        Some(Self {
            meta: Meta::read(object)?,
            headless: spec["clusterIP"] == "None",
            selector: if spec["type"] == "ExternalName" { BTreeMap::new() } else { map(&spec["selector"]) },
            publishes_all: spec["publishNotReadyAddresses"] == true,
            ports: items(&spec["ports"]).iter().map(ServicePort::read).collect(),
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
