//! Defaults of containers and probes.

use serde_json::{Value, json};

use super::choose::{items, set, set_empty};

/// One container or init container.
pub fn container(container: &mut Value) {
    set(container, "resources", json!({}));
    set_empty(container, "terminationMessagePath", "/dev/termination-log");
    set_empty(container, "terminationMessagePolicy", "File");
    set_empty(container, "imagePullPolicy", pull_policy(container["image"].as_str().unwrap_or_default()));
    for port in items(container, "ports") {
        set_empty(port, "protocol", "TCP");
    }
    for variable in items(container, "env") {
        reference(variable.get_mut("valueFrom"));
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        container.get_mut(name).into_iter().for_each(probe);
    }
    for name in ["postStart", "preStop"] {
        let action = container.get_mut("lifecycle").and_then(|hooks| hooks.get_mut(name));
        action.and_then(|hook| hook.get_mut("httpGet")).into_iter().for_each(http_get);
    }
}

/// A limit without a request is its own request; this holds for pods, not for
/// the templates of sets.
pub fn copy_limits(container: &mut Value) {
    let Some(limits) = container["resources"]["limits"].as_object().cloned() else { return };
    let requests = &mut container["resources"]["requests"];
    if requests.is_null() {
        *requests = json!({});
    }
    for (name, limit) in limits {
        set(requests, &name, limit);
    }
}

/// A port of a pod on the host's network is a port of the host.
pub fn open_host_ports(container: &mut Value) {
    for port in items(container, "ports") {
        let number = port["containerPort"].clone();
        set_empty(port, "hostPort", number);
    }
}

/// A value that is taken from the pod itself.
pub fn reference(source: Option<&mut Value>) {
    let Some(source) = source else { return };
    if let Some(field) = source.get_mut("fieldRef") {
        set_empty(field, "apiVersion", "v1");
    }
    if let Some(resource) = source.get_mut("resourceFieldRef") {
        set_empty(resource, "divisor", "0");
    }
}

fn probe(probe: &mut Value) {
    set_empty(probe, "timeoutSeconds", 1);
    set_empty(probe, "periodSeconds", 10);
    set_empty(probe, "successThreshold", 1);
    set_empty(probe, "failureThreshold", 3);
    probe.get_mut("httpGet").into_iter().for_each(http_get);
    if let Some(grpc) = probe.get_mut("grpc") {
        set(grpc, "service", "");
    }
}

fn http_get(action: &mut Value) {
    set_empty(action, "path", "/");
    set_empty(action, "scheme", "HTTP");
}

/// When an image is pulled, if nothing is said.
pub(super) fn pull_policy(image: &str) -> &'static str {
    if is_latest(image) { "Always" } else { "IfNotPresent" }
}

/// An image without a tag, or with the tag `latest`, is pulled always; what is
/// no name of an image has no tag that could be the latest.
fn is_latest(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    let (place, last) = image.rsplit_once('/').map_or((None, image), |(place, last)| (Some(place), last));
    let (name, tag) = last.split_once(':').unwrap_or((last, "latest"));
    let is_part = |part: &str| {
        let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        part.starts_with(fits) && part.ends_with(fits) && part.chars().all(|one| fits(one) || "._-".contains(one))
    };
    let is_host = |part: &str| part.chars().all(|one| one.is_ascii_alphanumeric() || "._-:[]".contains(one));
    let parts: Vec<&str> = place.into_iter().flat_map(|place| place.split('/')).collect();
    let is_named = parts.iter().enumerate().all(|(index, part)| is_part(part) || index == 0 && is_host(part));
    tag == "latest" && is_part(name) && is_named
}
