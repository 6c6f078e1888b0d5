//! Containers and init containers: names, images, ports, and what only one of
//! both may have.

use std::collections::BTreeSet;

use serde_json::Value;

use super::volumes::Known;
use super::{env, mounts, pod_resources, probes, resources, security};
use crate::simulator::status::Cause;
use crate::simulator::validation::names;
use crate::simulator::validation::read::{between, items, needed, one_of, text};

/// What a container needs to know of its pod.
struct Pod<'a> {
    volumes: &'a Known<'a>,
    grace: Option<i64>,
    /// Whether the pod shares the users of its host.
    host_users: bool,
    never_restarts: bool,
    /// Its claims on devices.
    claims: BTreeSet<&'a str>,
}

/// All containers of a pod.
pub fn of_lists(path: &str, spec: &Value, volumes: &Known<'_>, causes: &mut Vec<Cause>) {
    let grace = spec["terminationGracePeriodSeconds"].as_i64();
    let claims = spec["resourceClaims"].as_array().into_iter().flatten().map(|claim| text(claim, "name")).collect();
    let never_restarts = spec["restartPolicy"] == "Never";
    let pod = Pod { volumes, grace, host_users: spec["hostUsers"] != false, never_restarts, claims };
    let containers = items(spec, "containers", path);
    if containers.is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    let mut names = BTreeSet::new();
    for (path, container) in &containers {
        common(path, container, &pod, causes);
        unique(path, container, &mut names, causes);
        probes::lifecycle(path, container, pod.grace, causes);
        probes::of_container(path, container, pod.grace, causes);
        if !container["restartPolicy"].is_null() {
            causes.extend(one_of(container, "restartPolicy", path, &["Always", "Never", "OnFailure"]));
        }
    }
    let mut taken = BTreeSet::new();
    for (path, container) in &containers {
        host_ports(path, container, &mut taken, causes);
    }
    for (path, container) in items(spec, "initContainers", path) {
        common(&path, container, &pod, causes);
        causes.extend(one_of(container, "restartPolicy", &path, &["Always", "Never", "OnFailure"]));
        unique(&path, container, &mut names, causes);
        host_ports(&path, container, &mut BTreeSet::new(), causes);
        if container["restartPolicy"] == "Always" {
            probes::lifecycle(&path, container, pod.grace, causes);
            probes::of_container(&path, container, pod.grace, causes);
            continue;
        }
        for name in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            if !container[name].is_null() {
                let why = "may not be set for init containers without restartPolicy=Always";
                causes.push(Cause::forbidden(format!("{path}.{name}"), why));
            }
        }
    }
    ephemeral(path, spec, &pod, &mut names, causes);
    causes.extend(pod_resources::of_pod(path, spec, &pod.claims));
}

/// Containers for debugging: accepted in their own place alone, but checked
/// wherever they stand.
fn ephemeral<'a>(path: &str, spec: &'a Value, pod: &Pod<'_>, names: &mut BTreeSet<&'a str>, causes: &mut Vec<Cause>) {
    let targets = names.clone();
    for (path, container) in items(spec, "ephemeralContainers", path) {
        common(&path, container, pod, causes);
        unique(&path, container, names, causes);
        let target = text(container, "targetContainerName");
        if !target.is_empty() && !targets.contains(target) {
            causes.push(Cause::not_found(format!("{path}.targetContainerName"), target));
        }
    }
}

fn unique<'a>(path: &str, container: &'a Value, names: &mut BTreeSet<&'a str>, causes: &mut Vec<Cause>) {
    let name = text(container, "name");
    if !names.insert(name) {
        causes.push(Cause::duplicate(format!("{path}.name"), name));
    }
}

fn common(path: &str, container: &Value, pod: &Pod<'_>, causes: &mut Vec<Cause>) {
    if let Some(cause) = needed(container, "name", path) {
        causes.push(cause);
    } else {
        causes.extend(names::label(&format!("{path}.name"), text(container, "name")));
    }
    causes.extend(needed(container, "image", path));
    causes.extend(one_of(container, "terminationMessagePolicy", path, &["File", "FallbackToLogsOnError"]));
    ports(path, container, causes);
    env::variables(path, container, causes);
    env::sources(path, container, causes);
    mounts::mounts(path, container, pod.volumes, causes);
    mounts::devices(path, container, pod.volumes, causes);
    causes.extend(one_of(container, "imagePullPolicy", path, &["Always", "IfNotPresent", "Never"]));
    causes.extend(resources::of_container(&format!("{path}.resources"), &container["resources"], &pod.claims));
    resizes(path, container, pod, causes);
    causes.extend(security::of_container(path, container, pod.host_users));
}

/// What becomes of a container whose resources change.
fn resizes(path: &str, container: &Value, pod: &Pod<'_>, causes: &mut Vec<Cause>) {
    let mut seen = BTreeSet::new();
    let field = format!("{path}.resizePolicy");
    for (place, policy) in items(container, "resizePolicy", path) {
        let (name, restart) = (text(policy, "resourceName"), text(policy, "restartPolicy"));
        if !seen.insert(name) {
            causes.push(Cause::duplicate(place, name));
        }
        if !matches!(name, "cpu" | "memory") {
            causes.push(Cause::unsupported(field.as_str(), name, &["cpu", "memory"]));
        }
        let known = &["NotRequired", "RestartContainer"];
        if !known.contains(&restart) {
            causes.push(Cause::unsupported(field.as_str(), restart, known));
        } else if pod.never_restarts && restart == "RestartContainer" {
            let why = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            causes.push(Cause::invalid(field.as_str(), &restart.into(), why));
        }
    }
}

fn ports(path: &str, container: &Value, causes: &mut Vec<Cause>) {
    let mut seen = BTreeSet::new();
    for (path, port) in items(container, "ports", path) {
        let name = text(port, "name");
        if !name.is_empty() {
            let wrong = names::port(&format!("{path}.name"), name);
            if wrong.is_empty() && !seen.insert(name) {
                causes.push(Cause::duplicate(format!("{path}.name"), name));
            }
            causes.extend(wrong);
        }
        if port["containerPort"].as_i64().unwrap_or(0) == 0 {
            causes.push(Cause::required(format!("{path}.containerPort"), ""));
        }
        for name in ["containerPort", "hostPort"] {
            if port[name].as_i64().unwrap_or(0) != 0 {
                causes.extend(between(&port[name], &format!("{path}.{name}"), 1, 65_535));
            }
        }
        causes.extend(one_of(port, "protocol", &path, &["SCTP", "TCP", "UDP"]));
    }
}

/// A port of the host serves one container.
fn host_ports(path: &str, container: &Value, taken: &mut BTreeSet<String>, causes: &mut Vec<Cause>) {
    for (path, port) in items(container, "ports", path) {
        let number = port["hostPort"].as_i64().unwrap_or(0);
        let place = format!("{}/{}/{number}", text(port, "protocol"), text(port, "hostIP"));
        if number != 0 && !taken.insert(place.clone()) {
            causes.push(Cause::duplicate(format!("{path}.hostPort"), &place));
        }
    }
}
