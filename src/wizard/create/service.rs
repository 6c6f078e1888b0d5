//! `create service`: headless for a set, or one that clients use.

use super::answered::Answered;
use super::claim::label;
use super::kind::{BuildError, CreateKind};
use super::parse;
use super::persistent_volume::choice;
use crate::objects::builders::metadata::Metadata;
use crate::objects::builders::service::{Service, ServiceKind, service};
use crate::objects::names;
use crate::wizard::create::Files;
use crate::wizard::parameter::{Answer, Answers, ListItem, Parameter, Type};
use crate::wizard::secret;

pub(super) fn kind() -> CreateKind {
    let types = [
        ("headless", "names for the pods of a set, no address of its own"),
        ("ClusterIP", "one address inside the cluster"),
        ("NodePort", "a port on every node"),
        ("LoadBalancer", "an address outside the cluster"),
    ];
    CreateKind {
        name: "service",
        aliases: &["svc"],
        about: "A Service: headless for a set, or for clients",
        parameters: vec![
            Parameter::new("name", Type::Name { max: 63 }, "Name of the Service", "The name of the Service.")
                .positional(),
            Parameter::new("type", choice(&types), "Type", "How it is reached; a set needs a headless one.")
                .default(Answer::Text("headless".to_owned())),
            Parameter::new(
                "port",
                Type::List { item: ListItem::ServicePort },
                "Port",
                "[NAME:]PORT[:TARGET]; several ports need names; may be repeated.",
            ),
            Parameter::new(
                "node_port",
                Type::Port,
                "Port on the nodes",
                "The port on every node; left out: any free one.",
            )
            .optional()
            .quiet()
            .when("type", &["NodePort", "LoadBalancer"]),
            Parameter::new(
                "selector",
                Type::List { item: ListItem::KeyValue },
                "Label of its pods",
                "A label of the pods it leads to; left out: app=NAME; may be repeated.",
            )
            .optional(),
            Parameter::new(
                "publish_not_ready",
                Type::Bool,
                "Also pods that are not ready",
                "Name pods before they are ready, for peers that must find one another first.",
            )
            .default(Answer::Bool(false))
            .quiet(),
            label(),
        ],
        build,
        secrets: secret::sources,
    }
}

fn build(answers: &Answers, namespace: &str, _: &dyn Files) -> Result<Vec<serde_json::Value>, BuildError> {
    let answered = Answered(answers);
    let name = answered.needed("name")?;
    names::service_name(name).map_err(|reason| BuildError::invalid("NAME", format!("`{name}`: {reason}")))?;
    let mut ports = parse::service_ports(answered.list("port"))?;
    if let Some(node_port) = answered.port("node_port") {
        match ports.as_mut_slice() {
            [only] => only.node_port = Some(node_port),
            _ => return Err(BuildError::invalid("--node-port", "it can be chosen for a Service with one port only")),
        }
    }
    let mut selector = answered.labels("selector")?;
    if selector.is_empty() {
        selector.push(("app".to_owned(), name.to_owned()));
    }
    let made = Service {
        metadata: Metadata::new(name, Some(namespace), answered.labels("label")?),
        kind: match answered.text("type") {
            Some("ClusterIP") => ServiceKind::ClusterIp,
            Some("NodePort") => ServiceKind::NodePort,
            Some("LoadBalancer") => ServiceKind::LoadBalancer,
            Some(_) | None => ServiceKind::Headless,
        },
        ports,
        selector,
        publish_not_ready: answered.yes("publish_not_ready"),
    };
    Ok(vec![service(&made)])
}
