//! Containers of a pod: ports, environment, mounts, probes, resources.

use serde_json::{Value, json};

use super::metadata::{Pairs, items, map, object};

/// One environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    pub value: VariableValue,
}

/// Where the value of a variable comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableValue {
    Literal(String),
    Secret {
        name: String,
        key: String,
    },
    ConfigMap {
        name: String,
        key: String,
    },
    /// A path of the downward API such as `metadata.name`.
    Field(String),
}

/// One mount of a volume or of a claim template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    pub volume: String,
    pub path: String,
    pub read_only: bool,
    pub sub_path: Option<String>,
}

/// How the kubelet asks whether a container is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    Tcp(u16),
    Http {
        port: u16,
        path: String,
    },
    /// A line for `/bin/sh -c`.
    Exec(String),
}

/// One port of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPort {
    pub name: Option<String>,
    pub port: u16,
}

/// A container or an init container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    pub name: String,
    pub image: String,
    pub command: Vec<String>,
    pub args: Vec<String>,
    pub ports: Vec<ContainerPort>,
    pub environment: Vec<Variable>,
    pub requests: Pairs,
    pub limits: Pairs,
    pub readiness: Option<Probe>,
    pub liveness: Option<Probe>,
    pub mounts: Vec<Mount>,
}

pub(super) fn container(of: &Container) -> Value {
    let words = |of: &Vec<String>| if of.is_empty() { Value::Null } else { json!(of) };
    object(&[
        ("name", json!(of.name)),
        ("image", json!(of.image)),
        ("command", words(&of.command)),
        ("args", words(&of.args)),
        ("ports", items(of.ports.iter().map(port).collect())),
        ("env", items(of.environment.iter().map(variable).collect())),
        ("resources", resources(of)),
        ("readinessProbe", of.readiness.as_ref().map_or(Value::Null, probe)),
        ("livenessProbe", of.liveness.as_ref().map_or(Value::Null, probe)),
        ("volumeMounts", items(of.mounts.iter().map(mount).collect())),
    ])
}

fn port(of: &ContainerPort) -> Value {
    object(&[("name", json!(of.name)), ("containerPort", json!(of.port))])
}

fn variable(of: &Variable) -> Value {
    let value = match &of.value {
        VariableValue::Literal(value) => return json!({"name": of.name, "value": value}),
        VariableValue::Secret { name, key } => json!({"secretKeyRef": {"name": name, "key": key}}),
        VariableValue::ConfigMap { name, key } => json!({"configMapKeyRef": {"name": name, "key": key}}),
        VariableValue::Field(path) => json!({"fieldRef": {"fieldPath": path}}),
    };
    json!({"name": of.name, "valueFrom": value})
}

fn mount(of: &Mount) -> Value {
    object(&[
        ("name", json!(of.volume)),
        ("mountPath", json!(of.path)),
        ("subPath", json!(of.sub_path)),
        ("readOnly", if of.read_only { json!(true) } else { Value::Null }),
    ])
}

fn resources(of: &Container) -> Value {
    let unless_empty = |pairs: &Pairs| if pairs.is_empty() { Value::Null } else { map(pairs) };
    if of.requests.is_empty() && of.limits.is_empty() {
        return Value::Null;
    }
    object(&[("requests", unless_empty(&of.requests)), ("limits", unless_empty(&of.limits))])
}

fn probe(of: &Probe) -> Value {
    match of {
        Probe::Tcp(port) => json!({"tcpSocket": {"port": port}}),
        Probe::Http { port, path } => json!({"httpGet": {"path": path, "port": port}}),
        Probe::Exec(line) => json!({"exec": {"command": ["/bin/sh", "-c", line]}}),
    }
}
