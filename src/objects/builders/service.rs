//! Services: the headless one that names the pods of a set, and those that
//! clients use.

use serde_json::{Value, json};

use super::metadata::{Metadata, Pairs, manifest, map, object};

/// How a Service is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// No address of its own: its name resolves to the pods (S1-e7).
    Headless,
    ClusterIp,
    NodePort,
    LoadBalancer,
}

/// One port of a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePort {
    /// Required by the API as soon as there are two ports.
    pub name: Option<String>,
    pub port: u16,
    /// Number or name of the container's port; `None`: the same number.
    pub target: Option<String>,
    pub node_port: Option<u16>,
    pub udp: bool,
}

/// A Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub metadata: Metadata,
    pub kind: ServiceKind,
    pub ports: Vec<ServicePort>,
    pub selector: Pairs,
    /// Peers that must find one another before they are ready need this.
    pub publish_not_ready: bool,
}

/// The manifest of a Service.
#[must_use]
pub fn service(of: &Service) -> Value {
    let (kind, address) = match of.kind {
        ServiceKind::Headless => (Value::Null, json!("None")),
        ServiceKind::ClusterIp => (json!("ClusterIP"), Value::Null),
        ServiceKind::NodePort => (json!("NodePort"), Value::Null),
        ServiceKind::LoadBalancer => (json!("LoadBalancer"), Value::Null),
    };
    let spec = object(&[
        ("type", kind),
        ("clusterIP", address),
        ("selector", map(&of.selector)),
        ("ports", Value::Array(of.ports.iter().map(port).collect())),
        ("publishNotReadyAddresses", if of.publish_not_ready { json!(true) } else { Value::Null }),
    ]);
    manifest("v1", "Service", &of.metadata, &[("spec", spec)])
}

fn port(of: &ServicePort) -> Value {
    let target = match &of.target {
        Some(target) => target.parse::<u16>().map_or_else(|_| json!(target), |number| json!(number)),
        None => Value::Null,
    };
    object(&[
        ("name", json!(of.name)),
        ("port", json!(of.port)),
        ("protocol", if of.udp { json!("UDP") } else { Value::Null }),
        ("targetPort", target),
        ("nodePort", json!(of.node_port)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::yaml::to_yaml;

    fn couchdb(kind: ServiceKind) -> Service {
        Service {
            metadata: Metadata::new("couchdb", None, vec![("app".into(), "couchdb".into())]),
            kind,
            ports: vec![ServicePort { name: None, port: 5984, target: None, node_port: None, udp: false }],
            selector: vec![("tier".into(), "db".into())],
            publish_not_ready: false,
        }
    }

    #[test]
    fn the_service_of_the_couchdb_tutorial() {
        assert_eq!(
            to_yaml(&service(&couchdb(ServiceKind::NodePort))),
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: couchdb\n  labels:\n    app: couchdb\nspec:\n  type: NodePort\n  \
             selector:\n    tier: db\n  ports:\n  - port: 5984\n"
        );
    }

    #[test]
    fn a_headless_service_has_no_address() {
        let made = service(&couchdb(ServiceKind::Headless));
        assert_eq!(made["spec"]["clusterIP"], "None");
        assert_eq!(made["spec"].get("type"), None);
        assert_eq!(service(&couchdb(ServiceKind::ClusterIp))["spec"].get("clusterIP"), None);
    }

    #[test]
    fn targets_are_numbers_or_names() {
        let mut of = couchdb(ServiceKind::LoadBalancer);
        of.ports[0].target = Some("3000".into());
        assert_eq!(service(&of)["spec"]["ports"][0]["targetPort"], 3000);
        of.ports[0].target = Some("http".into());
        assert_eq!(service(&of)["spec"]["ports"][0]["targetPort"], "http");
    }
}
