//! The functions that recipes share, so that one is read on one screen and the
//! fine print of Kubernetes stands in one place. All are pure and return plain
//! maps, which a script may change before it returns them.

use rhai::{Array, Dynamic, Engine, EvalAltResult, Map};
use serde_json::{Value, json};

use super::engine::thrown;
use super::manifest;

type Made = Result<Dynamic, Box<EvalAltResult>>;

/// A Secret or ConfigMap that a recipe refers to and does not make: returned
/// among the objects, it satisfies the check of references and is not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Existing {
    pub kind: String,
    pub name: String,
}

/// Each function as a script writes it, with a sentence for the reference page.
pub const FUNCTIONS: &[(&str, &str)] = &[
    ("labels(app, name)", "The recommended labels for everything that belongs to the application `name`."),
    ("selector(labels)", "Those of the labels that select its pods; they never change."),
    (
        "headless_service(name, labels, ports)",
        "The governing Service: no address of its own, every pod resolves from its start. A port is `#{ name, port }`.",
    ),
    (
        "client_service(name, labels, ports, expose, node_port)",
        "The Service for clients; `expose` is `\"no\"`, `\"NodePort\"` or `\"LoadBalancer\"`, `node_port` a number or `()`.",
    ),
    (
        "claim_template(name, labels, size, class)",
        "A claim for each pod, ReadWriteOnce; class `()` takes the cluster's default, `\"\"` a volume prepared by hand.",
    ),
    ("secret_env(variable, secret, key)", "An environment variable from a key of a Secret."),
    ("http_probe(path, port)", "Ready or alive when a GET is answered with 200 to 399."),
    ("tcp_probe(port)", "Ready or alive when the port accepts connections."),
    ("spread(labels)", "Spreads the pods over the nodes as well as it can be done."),
    ("existing(kind, name)", "Among the objects: says that a Secret or ConfigMap is there already, and is not made."),
];

/// What the language itself brings and scripts use most, for suggestions.
const BUILT_IN: &str = "print debug len push pop insert remove keys values contains filter map some all find index_of \
     sort reverse split trim replace to_upper to_lower starts_with ends_with sub_string to_string parse_int parse_float \
     range type_of is_empty mixin";

/// Every name that a script can call, without its own functions.
pub fn names() -> impl Iterator<Item = String> {
    let ours = FUNCTIONS.iter().filter_map(|(call, _)| call.split('(').next());
    ours.chain(BUILT_IN.split_ascii_whitespace()).map(str::to_owned)
}

/// A list of pairs of text, such as `connect` returns.
pub(super) fn pairs(value: &Dynamic) -> Option<Vec<(String, String)>> {
    let rows = value.read_lock::<Array>()?;
    let row = |row: &Dynamic| {
        let cells = row.read_lock::<Array>()?;
        let [label, text] = cells.as_slice() else { return None };
        (label.is_string() && text.is_string()).then(|| (label.to_string(), text.to_string()))
    };
    rows.iter().filter(|item| !item.is_unit()).map(row).collect()
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Existing>("existing object")
        .register_fn("existing", |kind: &str, name: &str| Existing { kind: kind.to_string(), name: name.to_string() })
        .register_fn("labels", labels)
        .register_fn("selector", selector)
        .register_fn("headless_service", headless_service)
        .register_fn("client_service", |name: &str, labels: Map, ports: Array, expose: &str, node_port: Dynamic| {
            client_service(name, labels, ports, expose, &node_port)
        })
        .register_fn("claim_template", |name: &str, labels: Map, size: &str, class: Dynamic| {
            claim_template(name, labels, size, &class)
        })
        .register_fn("secret_env", |variable: &str, secret: &str, key: &str| {
            let source = json!({ "secretKeyRef": { "name": secret, "key": key } });
            made(&json!({ "name": variable, "valueFrom": source }))
        })
        .register_fn("http_probe", |path: &str, port: Dynamic| {
            made(&json!({ "httpGet": { "path": path, "port": json_of(&port)? } }))
        })
        .register_fn("tcp_probe", |port: Dynamic| made(&json!({ "tcpSocket": { "port": json_of(&port)? } })))
        .register_fn("spread", spread);
}

/// The three recommended labels that make sense for one set:
/// `managed-by` never selects, so that it may change.
fn labels(app: &str, name: &str) -> Made {
    made(&json!({
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/managed-by": "kubectl-stateful",
    }))
}

fn selector(labels: Map) -> Map {
    let selects = |key: &str| matches!(key, "app.kubernetes.io/name" | "app.kubernetes.io/instance");
    labels.into_iter().filter(|(key, _)| selects(key)).collect()
}

/// Pods that are not ready yet must find each other (S1-e7, S1-e8).
fn headless_service(name: &str, labels: Map, ports: Array) -> Made {
    let selects = json_of(&selector(labels.clone()).into())?;
    let mut spec = json!({ "clusterIP": "None", "publishNotReadyAddresses": true, "selector": selects });
    if !ports.is_empty() {
        spec["ports"] = service_ports(ports, None)?;
    }
    service(name, labels, &spec)
}

fn client_service(name: &str, labels: Map, ports: Array, expose: &str, node_port: &Dynamic) -> Made {
    let kind = match expose {
        "no" => "ClusterIP",
        "NodePort" => "NodePort",
        "LoadBalancer" => "LoadBalancer",
        other => {
            return Err(thrown(
                format!("`{other}` is no way to expose a Service"),
                "use \"no\", \"NodePort\" or \"LoadBalancer\"",
            ));
        }
    };
    let selects = json_of(&selector(labels.clone()).into())?;
    let ports = service_ports(ports, node_port.as_int().ok())?;
    service(name, labels, &json!({ "type": kind, "selector": selects, "ports": ports }))
}

fn service(name: &str, labels: Map, spec: &Value) -> Made {
    let metadata = json!({ "name": name, "labels": json_of(&labels.into())? });
    made(&json!({ "apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec }))
}

/// Each port leads to the container's port of the same name. The node port, if
/// any, belongs to the first.
fn service_ports(ports: Array, node_port: Option<i64>) -> Result<Value, Box<EvalAltResult>> {
    let mut out = Vec::new();
    for (at, port) in ports.into_iter().enumerate() {
        let port = json_of(&port)?;
        let (Some(name), Some(number)) = (port["name"].as_str(), port["port"].as_i64()) else {
            return Err(thrown("a port needs a name and a number", "write #{ name: \"http\", port: 80 }"));
        };
        let mut entry = json!({ "name": name, "port": number, "targetPort": name });
        if let Some(node_port) = node_port.filter(|_| at == 0) {
            entry["nodePort"] = node_port.into();
        }
        out.push(entry);
    }
    Ok(Value::Array(out))
}

/// Class unset and class `""` are different things (S1-e5).
fn claim_template(name: &str, labels: Map, size: &str, class: &Dynamic) -> Made {
    let mut spec = json!({
        "accessModes": ["ReadWriteOnce"],
        "resources": { "requests": { "storage": size } },
    });
    if !class.is_unit() {
        spec["storageClassName"] = json_of(class)?;
    }
    made(&json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": { "name": name, "labels": json_of(&labels.into())? },
        "spec": spec,
    }))
}

/// Soft, so that a small cluster still starts all pods.
fn spread(labels: Map) -> Made {
    let selects = json_of(&selector(labels).into())?;
    made(&json!([{
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": { "matchLabels": selects },
    }]))
}

fn json_of(value: &Dynamic) -> Result<Value, Box<EvalAltResult>> {
    manifest::plain(value).map_err(|unfit| thrown(unfit.reason, ""))
}

fn made(value: &Value) -> Made {
    rhai::serde::to_dynamic(value)
}
