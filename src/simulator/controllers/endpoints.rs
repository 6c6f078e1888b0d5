//! EndpointSlices for Services with a selector: the addresses of their pods,
//! and for a headless Service the host names that DNS answers (SS-06).

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::fields::{Fields, controller_reference, targets};
use super::{Change, Controller, Keyed, Step, Target, View, Write, opaque, selector};

const SERVICE: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const HEADLESS: &str = "service.kubernetes.io/headless";
const MANAGER: &str = "endpointslice-controller.k8s.io";

/// How many endpoints one slice holds.
const SLICE: usize = 100;

/// `endpointslice-controller`.
#[derive(Clone, Copy, Debug, Default)]
pub struct EndpointSlices;

impl Controller for EndpointSlices {
    fn name(&self) -> &'static str {
        "endpointslice-controller"
    }

    fn step(&self, view: &dyn View, now: Timestamp) -> Step {
        Step::joined(self.passes(view, now))
    }

    fn minds(&self, change: &Change<'_>) -> bool {
        let has_address = |pod: Option<&Value>| pod.is_some_and(|pod| !pod.text("/status/podIP").is_empty());
        match change.kind {
            "Pod" => has_address(change.before) || has_address(change.after),
            "Node" => !change.is_of_volumes_alone(),
            kind => matches!(kind, "Service" | "EndpointSlice"),
        }
    }

    fn passes(&self, view: &dyn View, now: Timestamp) -> Vec<Step> {
        self.all_passes(view, now)
    }

    fn keyed(&self) -> Option<&dyn Keyed> {
        Some(self)
    }
}

impl Keyed for EndpointSlices {
    fn keys(&self, view: &dyn View) -> Vec<Target> {
        targets(&view.list("Service"))
    }

    /// A pod concerns the Services that choose it or did; a node, whose zone is
    /// told, all.
    fn concerned(&self, view: &dyn View, change: &Change<'_>) -> Option<Vec<Target>> {
        let versions = || change.before.into_iter().chain(change.after);
        match change.kind {
            "Service" => Some(change.target().into_iter().collect()),
            "EndpointSlice" => Some(versions().filter_map(service_of).collect()),
            "Pod" => {
                let mut services = view.list_in("Service", &change.target()?.namespace);
                services.retain(|service| {
                    versions().any(|pod| selector::pairs(&service["spec"]["selector"], &pod["metadata"]["labels"]))
                });
                Some(targets(&services))
            }
            _ => None,
        }
    }

    fn passes_about(&self, view: &dyn View, target: &Target, _now: Timestamp) -> Vec<Step> {
        let service = view.get(&target.kind, &target.namespace, &target.name);
        let service = service.filter(|service| {
            let chooses = service["spec"]["selector"].as_object().is_some_and(|labels| !labels.is_empty());
            chooses && !service.terminating() && service["spec"]["type"] != "ExternalName"
        });
        let pass = service.map(|service| {
            let (pods, slices) =
                (view.list_in("Pod", &target.namespace), view.list_in("EndpointSlice", &target.namespace));
            sync(view, &service, &pods, &slices)
        });
        pass.map(Step::if_any).unwrap_or_default()
    }
}

/// The Service that a slice says it is of.
fn service_of(slice: &Value) -> Option<Target> {
    let name = slice.label(SERVICE)?.to_owned();
    Some(Target { kind: "Service".to_owned(), namespace: slice.namespace().to_owned(), name })
}

/// The slices of one Service: those that are wanted, written where they differ,
/// and surplus ones removed.
fn sync(view: &dyn View, service: &Value, pods: &[Arc<Value>], slices: &[Arc<Value>]) -> Step {
    let mut step = Step::default();
    let chosen: Vec<&Arc<Value>> = pods.iter().filter(|pod| counts(pod, service)).collect();
    let endpoints: Vec<Value> = chosen.iter().map(|pod| endpoint(view, service, pod)).collect();
    let ports = ports(service, chosen.first().map(|pod| &***pod));
    let held: Vec<&Arc<Value>> = slices
        .iter()
        .filter(|slice| {
            slice.namespace() == service.namespace()
                && slice.label(SERVICE) == Some(service.name())
                && slice.label(MANAGED_BY) == Some(MANAGER)
                && !slice.terminating()
        })
        .collect();
    let mut chunks: Vec<&[Value]> = endpoints.chunks(SLICE).collect();
    if chunks.is_empty() {
        chunks.push(&[]);
    }
    for (place, chunk) in chunks.iter().enumerate() {
        match held.get(place) {
            None => step.push(Write::Create(slice(service, place, chunk, &ports))),
            Some(slice) => {
                let mut patch = Map::new();
                // The API answers an empty list as null.
                let same = |held: &Value, wanted: &[Value]| held.as_array().map_or(&[][..], Vec::as_slice) == wanted;
                if !same(&slice["endpoints"], chunk) {
                    patch.insert("endpoints".into(), json!(chunk));
                }
                if !same(&slice["ports"], &ports) {
                    patch.insert("ports".into(), json!(ports));
                }
                if !patch.is_empty() {
                    step.patch_unchanged(slice, Value::Object(patch));
                }
            }
        }
    }
    for surplus in held.iter().skip(chunks.len()) {
        step.delete(surplus, None);
    }
    step
}

/// A pod of the Service that has an address and has not ended.
fn counts(pod: &Value, service: &Value) -> bool {
    pod.namespace() == service.namespace()
        && selector::pairs(&service["spec"]["selector"], &pod["metadata"]["labels"])
        && !pod.text("/status/podIP").is_empty()
        && !pod.has_ended()
}

fn headless(service: &Value) -> bool {
    service["spec"]["clusterIP"] == "None"
}

fn endpoint(view: &dyn View, service: &Value, pod: &Value) -> Value {
    let serving = pod.holds("Ready");
    let terminating = pod.terminating();
    let published = service["spec"]["publishNotReadyAddresses"] == true;
    let mut endpoint = json!({
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": published || (serving && !terminating),
            "serving": serving,
            "terminating": terminating,
        },
    });
    let hostname = pod.text("/spec/hostname");
    if headless(service) && !hostname.is_empty() && pod["spec"]["subdomain"] == service.name() {
        endpoint["hostname"] = json!(hostname);
    }
    endpoint["nodeName"] = pod["spec"]["nodeName"].clone();
    endpoint["targetRef"] = json!({
        "kind": "Pod", "name": pod.name(), "namespace": pod.namespace(), "uid": pod.uid(),
    });
    let node = view.get("Node", "", pod.text("/spec/nodeName"));
    if let Some(zone) = node.as_deref().and_then(|node| node.label("topology.kubernetes.io/zone")) {
        endpoint["zone"] = json!(zone);
    }
    endpoint
}

/// The Service's ports as its pods serve them; a target port's name is looked
/// up in the first pod.
fn ports(service: &Value, pod: Option<&Value>) -> Vec<Value> {
    let ports = service.items("/spec/ports").iter();
    ports
        .filter_map(|port| {
            let number = target_port(port, pod)?;
            let protocol = match port.text("/protocol") {
                "" => "TCP",
                protocol => protocol,
            };
            let mut made = json!({ "name": port.text("/name"), "port": number, "protocol": protocol });
            if let Some(application) = port["appProtocol"].as_str() {
                made["appProtocol"] = json!(application);
            }
            Some(made)
        })
        .collect()
}

fn target_port(port: &Value, pod: Option<&Value>) -> Option<i64> {
    let target = &port["targetPort"];
    match target.as_str() {
        None => target.as_i64().or_else(|| port["port"].as_i64()),
        Some(name) => pod?
            .items("/spec/containers")
            .iter()
            .flat_map(|container| container.items("/ports"))
            .find(|offered| offered["name"] == name)
            .and_then(|offered| offered["containerPort"].as_i64()),
    }
}

fn slice(service: &Value, place: usize, endpoints: &[Value], ports: &[Value]) -> Value {
    let mut labels = service["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    labels.insert(SERVICE.into(), json!(service.name()));
    labels.insert(MANAGED_BY.into(), json!(MANAGER));
    if headless(service) {
        labels.insert(HEADLESS.into(), json!(""));
    }
    let name = format!("{}-{}", service.name(), opaque::suffix(&format!("{}/{place}", service.uid()), 5));
    json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": name,
            "generateName": format!("{}-", service.name()),
            "namespace": service.namespace(),
            "labels": labels,
            "ownerReferences": [controller_reference(service, "v1", "Service")],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports,
    })
}
