//! Pods and pod templates: containers, ports, probes, volumes and the mounts
//! that must name them (SS-08).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::names;
use crate::simulator::quantity::Quantity;
use crate::simulator::status::Cause;

/// Seen with 1.36; the real server adds a diff of its own structs.
pub const IMMUTABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
    `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
    tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// The spec of a pod.
pub fn of_spec(path: &str, spec: &Value) -> Vec<Cause> {
    of_template(path, spec)
}

/// The spec of a template.
pub fn of_template(path: &str, spec: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut volumes: BTreeSet<&str> = BTreeSet::new();
    causes.extend(volume_list(&format!("{path}.volumes"), spec, &mut volumes));
    let mut seen = BTreeSet::new();
    let containers = format!("{path}.containers");
    let list = spec["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        causes.push(Cause::required(containers.clone(), ""));
    }
    for (path, list) in [(containers, "containers"), (format!("{path}.initContainers"), "initContainers")] {
        for (index, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            let path = format!("{path}[{index}]");
            causes.extend(of_container(&path, container, &volumes));
            let name = container["name"].as_str().unwrap_or_default();
            if !name.is_empty() && !seen.insert(name) {
                causes.push(Cause::duplicate(format!("{path}.name"), name));
            }
        }
    }
    for (name, known) in [
        ("restartPolicy", &["Always", "OnFailure", "Never"][..]),
        ("dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"][..]),
    ] {
        let value = spec[name].as_str().unwrap_or_default();
        if !value.is_empty() && !known.contains(&value) {
            causes.push(Cause::unsupported(format!("{path}.{name}"), value, known));
        }
    }
    if let Some(grace) = spec["terminationGracePeriodSeconds"].as_i64().filter(|grace| *grace < 0) {
        let why = "must be greater than or equal to 0";
        causes.push(Cause::invalid(format!("{path}.terminationGracePeriodSeconds"), &grace.into(), why));
    }
    causes
}

fn volume_list<'a>(path: &str, spec: &'a Value, known: &mut BTreeSet<&'a str>) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (index, volume) in spec["volumes"].as_array().into_iter().flatten().enumerate() {
        let path = format!("{path}[{index}]");
        let before = causes.len();
        let sources: Vec<&String> =
            volume.as_object().into_iter().flatten().map(|(key, _)| key).filter(|key| *key != "name").collect();
        if let Some(second) = sources.get(1) {
            let why = "may not specify more than 1 volume type";
            causes.push(Cause::forbidden(format!("{path}.{second}"), why));
        }
        if volume["persistentVolumeClaim"].is_object() && volume["persistentVolumeClaim"]["claimName"] == "" {
            causes.push(Cause::required(format!("{path}.persistentVolumeClaim.claimName"), ""));
        }
        let name = volume["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            causes.push(Cause::required(format!("{path}.name"), ""));
        } else {
            causes.extend(names::label(&format!("{path}.name"), name));
        }
        if known.contains(name) {
            causes.push(Cause::duplicate(format!("{path}.name"), name));
        }
        if causes.len() == before {
            known.insert(name);
        }
    }
    causes
}

fn of_container(path: &str, container: &Value, volumes: &BTreeSet<&str>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let name = container["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        causes.push(Cause::required(format!("{path}.name"), ""));
    } else {
        causes.extend(names::label(&format!("{path}.name"), name));
    }
    let image = container["image"].as_str().unwrap_or_default();
    if image.is_empty() {
        causes.push(Cause::required(format!("{path}.image"), ""));
    } else if image.trim() != image {
        let why = "must not have leading or trailing whitespace";
        causes.push(Cause::invalid(format!("{path}.image"), &image.into(), why));
    }
    ports(path, container, &mut causes);
    for (index, variable) in container["env"].as_array().into_iter().flatten().enumerate() {
        let path = format!("{path}.env[{index}]");
        if variable["name"].as_str().unwrap_or_default().is_empty() {
            causes.push(Cause::required(format!("{path}.name"), ""));
        }
        let is_set = variable["value"].as_str().is_some_and(|value| !value.is_empty());
        if is_set && variable["valueFrom"].is_object() {
            let why = "may not be specified when `value` is not empty";
            causes.push(Cause::invalid(format!("{path}.valueFrom"), &"".into(), why));
        }
    }
    mounts(path, container, volumes, &mut causes);
    resources(path, &container["resources"], &mut causes);
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if container[name].is_object() {
            causes.extend(probe(&format!("{path}.{name}"), &container[name]));
        }
    }
    let pull = container["imagePullPolicy"].as_str().unwrap_or("Always");
    if !matches!(pull, "Always" | "IfNotPresent" | "Never") {
        let known = &["Always", "IfNotPresent", "Never"];
        causes.push(Cause::unsupported(format!("{path}.imagePullPolicy"), pull, known));
    }
    causes
}

fn is_port(value: &Value) -> bool {
    value.as_i64().is_some_and(|port| (1..=65_535).contains(&port))
}

fn ports(path: &str, container: &Value, causes: &mut Vec<Cause>) {
    let mut seen = BTreeSet::new();
    for (index, port) in container["ports"].as_array().into_iter().flatten().enumerate() {
        let path = format!("{path}.ports[{index}]");
        if let Some(name) = port["name"].as_str().filter(|name| !name.is_empty())
            && !seen.insert(name)
        {
            causes.push(Cause::duplicate(format!("{path}.name"), name));
        }
        let number = &port["containerPort"];
        if number.as_i64().unwrap_or(0) == 0 {
            causes.push(Cause::required(format!("{path}.containerPort"), ""));
        } else if !is_port(number) {
            let why = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(format!("{path}.containerPort"), number, why));
        }
        let protocol = port["protocol"].as_str().unwrap_or_default();
        if !matches!(protocol, "TCP" | "UDP" | "SCTP") {
            causes.push(Cause::unsupported(format!("{path}.protocol"), protocol, &["SCTP", "TCP", "UDP"]));
        }
    }
}

fn mounts(path: &str, container: &Value, volumes: &BTreeSet<&str>, causes: &mut Vec<Cause>) {
    let mut seen = BTreeSet::new();
    for (index, mount) in container["volumeMounts"].as_array().into_iter().flatten().enumerate() {
        let path = format!("{path}.volumeMounts[{index}]");
        let name = mount["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            causes.push(Cause::required(format!("{path}.name"), ""));
        }
        if !volumes.contains(name) {
            causes.push(Cause::not_found(format!("{path}.name"), name));
        }
        let place = mount["mountPath"].as_str().unwrap_or_default();
        if place.is_empty() {
            causes.push(Cause::required(format!("{path}.mountPath"), ""));
        } else if !seen.insert(place) {
            causes.push(Cause::invalid(format!("{path}.mountPath"), &place.into(), "must be unique"));
        }
        let sub = mount["subPath"].as_str().unwrap_or_default();
        if sub.starts_with('/') {
            causes.push(Cause::invalid(format!("{path}.subPath"), &sub.into(), "must be a relative path"));
        } else if sub.split('/').any(|part| part == "..") {
            causes.push(Cause::invalid(format!("{path}.subPath"), &sub.into(), "must not contain '..'"));
        }
    }
}

fn resources(path: &str, resources: &Value, causes: &mut Vec<Cause>) {
    let empty = Map::new();
    let limits = resources["limits"].as_object().unwrap_or(&empty);
    for (name, request) in resources["requests"].as_object().unwrap_or(&empty) {
        let amount = |value: &Value| value.as_str().and_then(Quantity::parse).map(Quantity::nanos);
        let (Some(request_amount), Some(limit)) = (amount(request), limits.get(name)) else { continue };
        if amount(limit).is_some_and(|limit| request_amount > limit) {
            let why = format!("must be less than or equal to {name} limit of {}", limit.as_str().unwrap_or_default());
            let field = format!("{path}.resources.requests");
            causes.push(Cause::invalid(field, request, &why));
        }
    }
}

fn probe(path: &str, probe: &Value) -> Vec<Cause> {
    let handlers: Vec<&str> =
        ["exec", "httpGet", "tcpSocket", "grpc"].into_iter().filter(|name| probe[*name].is_object()).collect();
    let mut causes = Vec::new();
    if handlers.is_empty() {
        causes.push(Cause::required(path, "must specify a handler type"));
    }
    if let Some(second) = handlers.get(1) {
        causes.push(Cause::forbidden(format!("{path}.{second}"), "may not specify more than 1 handler type"));
    }
    for name in ["httpGet", "tcpSocket"] {
        let port = &probe[name]["port"];
        if probe[name].is_object() && port.is_number() && !is_port(port) {
            let why = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(format!("{path}.{name}.port"), port, why));
        }
    }
    for name in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        causes.extend(super::sets::non_negative(&probe[name], &format!("{path}.{name}")));
    }
    causes
}

/// Whether a pod's new spec differs only in what may change.
pub fn is_allowed_change(old: &Value, new: &Value) -> bool {
    let bare = |spec: &Value| {
        let mut spec = spec.clone();
        if let Some(fields) = spec.as_object_mut() {
            for name in ["activeDeadlineSeconds", "tolerations"] {
                fields.shift_remove(name);
            }
            for list in ["containers", "initContainers"] {
                for container in fields.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                    if let Some(fields) = container.as_object_mut() {
                        fields.shift_remove("image");
                    }
                }
            }
        }
        spec
    };
    let tolerations = |spec: &Value| spec["tolerations"].as_array().cloned().unwrap_or_default();
    let kept = tolerations(old).iter().all(|one| tolerations(new).contains(one));
    bare(old) == bare(new) && kept
}
