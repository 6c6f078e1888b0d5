//! An EndpointSlice as it was read: the pods that a Service leads to, as DNS and
//! proxies see them.

use serde_json::Value;

use super::meta::{Meta, items, text};

/// The label with the name of the Service.
const SERVICE: &str = "kubernetes.io/service-name";
/// The label with who writes the slice.
const MANAGER: &str = "endpointslice.kubernetes.io/managed-by";
/// Who does for every Service with a selector.
const CONTROLLER: &str = "endpointslice-controller.k8s.io";

/// The view of one slice.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    pub meta: Meta,
    /// The Service that it is of.
    pub service: String,
    pub endpoints: Vec<Endpoint>,
    /// Names of the Service's ports that its pods serve; empty for the one without a name.
    pub ports: Vec<String>,
}

/// One address, mostly of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The UID of its pod; empty for other addresses.
    pub pod: String,
    /// It is sent to; a Service that publishes all addresses says so of each.
    pub ready: bool,
}

impl Slice {
    /// Reads a slice; `None` without a name, or of no Service.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let meta = Meta::read(object)?;
        let endpoint = |one: &Value| Endpoint {
            pod: text(&one["targetRef"]["uid"]),
            // Unknown counts as ready, says the API.
            ready: one["conditions"]["ready"] != false,
        };
        Some(Self {
            service: meta.labels.get(SERVICE)?.clone(),
            endpoints: items(&object["endpoints"]).iter().map(endpoint).collect(),
            ports: items(&object["ports"]).iter().map(|port| text(&port["name"])).collect(),
            meta,
        })
    }

    /// Who writes it, where that is not the controller of Kubernetes.
    #[must_use]
    pub fn foreign_manager(&self) -> Option<&str> {
        self.meta.labels.get(MANAGER).map(String::as_str).filter(|manager| *manager != CONTROLLER)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_slice_names_its_service_its_pods_and_who_writes_it() {
        let slice = |labels: Value| {
            let ready = json!({"targetRef": {"uid": "1"}, "conditions": {}});
            let unready = json!({"conditions": {"ready": false}});
            Slice::read(&json!({"metadata": {"name": "web-x", "labels": labels}, "ports": [{"name": "", "port": 80}],
                "endpoints": [ready, unready]}))
        };
        let read = slice(json!({SERVICE: "web", MANAGER: CONTROLLER})).unwrap();
        let endpoints = [("1", true), ("", false)].map(|(pod, ready)| Endpoint { pod: pod.to_owned(), ready });
        assert_eq!((read.service.as_str(), &read.endpoints[..], read.ports.len()), ("web", &endpoints[..], 1));
        assert_eq!(read.foreign_manager(), None);
        assert_eq!(slice(json!({SERVICE: "web", MANAGER: "me"})).unwrap().foreign_manager(), Some("me"));
        assert_eq!(slice(json!({})), None);
    }
}
