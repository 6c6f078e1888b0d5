//! The spec of a pod as a whole, in the server's order of checks.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{containers, scheduling, security, volumes};
use crate::simulator::status::Cause;
use crate::simulator::validation::names;
use crate::simulator::validation::read::{address, between, items, needed, one_of, text, texts};

/// A new pod.
pub fn of_pod(pod: &Value) -> Vec<Cause> {
    let spec = &pod["spec"];
    let mut causes = of_any("spec", spec, true);
    if has_ephemeral(spec) {
        causes.push(Cause::forbidden("spec.ephemeralContainers", "cannot be set on create"));
    }
    if !text(spec, "nodeName").is_empty() && !items(spec, "schedulingGates", "spec").is_empty() {
        let why = "cannot be set until all schedulingGates have been cleared";
        causes.push(Cause::forbidden("spec.nodeName", why));
    }
    causes
}

/// The pod of a template.
pub fn of_template(path: &str, spec: &Value) -> Vec<Cause> {
    let mut causes = of_any(path, spec, false);
    if has_ephemeral(spec) {
        let why = "ephemeral containers not allowed in pod template";
        causes.push(Cause::forbidden(format!("{path}.ephemeralContainers"), why));
    }
    causes
}

fn has_ephemeral(spec: &Value) -> bool {
    spec["ephemeralContainers"].as_array().is_some_and(|list| !list.is_empty())
}

/// The spec of a pod, new or not, or of a template.
pub fn of_any(path: &str, spec: &Value, is_pod: bool) -> Vec<Cause> {
    let mut causes = Vec::new();
    let known = volumes::of_list(path, spec, &mut causes);
    claims(path, spec, &mut causes);
    containers::of_lists(path, spec, &known, &mut causes);
    host_ports(path, spec, is_pod, &mut causes);
    causes.extend(one_of(spec, "restartPolicy", path, &["Always", "OnFailure", "Never"]));
    causes.extend(one_of(spec, "dnsPolicy", path, &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]));
    causes.extend(names::labels(&format!("{path}.nodeSelector"), &spec["nodeSelector"]));
    causes.extend(security::of_pod(path, spec));
    scheduling::affinity(&format!("{path}.affinity"), &spec["affinity"], &mut causes);
    dns(path, spec, &mut causes);
    gates(path, spec, &mut causes);
    scheduling::spread(path, spec, &mut causes);
    host_users(path, spec, &mut causes);
    references(path, spec, &mut causes);
    scheduling::tolerations(path, spec, &mut causes);
    last(path, spec, &mut causes);
    if is_pod {
        causes.extend(["containers", "initContainers"].into_iter().flat_map(|list| spaced_images(spec, list)));
    }
    causes
}

/// Images with spaces around them, which templates may have.
pub fn spaced_images(spec: &Value, list: &str) -> Vec<Cause> {
    let containers = items(spec, list, "spec").into_iter().filter(|(_, container)| {
        let image = text(container, "image");
        image.trim() != image
    });
    let why = "must not have leading or trailing whitespace";
    containers.map(|(path, container)| Cause::invalid(format!("{path}.image"), &container["image"], why)).collect()
}

/// Claims on devices, which are named but not simulated.
fn claims(path: &str, spec: &Value, causes: &mut Vec<Cause>) {
    for (path, claim) in items(spec, "resourceClaims", path) {
        causes.extend(needed(claim, "name", &path));
        let (name, template) = (&claim["resourceClaimName"], &claim["resourceClaimTemplateName"]);
        let why = match (name.is_null(), template.is_null()) {
            (false, false) => "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
            (true, true) => "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
            (true, false) | (false, true) => continue,
        };
        let shown = serde_json::json!({
            "Name": claim["name"], "ResourceClaimName": name, "ResourceClaimTemplateName": template,
        });
        causes.push(Cause::invalid(path, &shown, why));
    }
}

/// Users of its own go with nothing else of the host's. One of the names the
/// server spells in another way.
fn host_users(path: &str, spec: &Value, causes: &mut Vec<Cause>) {
    if spec["hostUsers"] != false {
        return;
    }
    for (name, shown) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if spec[name] == true {
            causes.push(Cause::forbidden(format!("{path}.{shown}"), "when `hostUsers` is false"));
        }
    }
}

/// On the host's network a port is the host's own.
fn host_ports(path: &str, spec: &Value, is_pod: bool, causes: &mut Vec<Cause>) {
    if spec["hostNetwork"] != true {
        return;
    }
    for (path, container) in items(spec, "containers", path) {
        for (path, port) in items(container, "ports", &path) {
            let asked = port["hostPort"].as_i64().unwrap_or(0);
            if (is_pod || asked != 0) && asked != port["containerPort"].as_i64().unwrap_or(0) {
                let why = "must match `containerPort` when `hostNetwork` is true";
                causes.push(Cause::invalid(format!("{path}.hostPort"), &asked.into(), why));
            }
        }
    }
}

fn dns(path: &str, spec: &Value, causes: &mut Vec<Cause>) {
    let config = &spec["dnsConfig"];
    let path = format!("{path}.dnsConfig");
    let servers = texts(config, "nameservers", &path);
    if spec["dnsPolicy"] == "None" && servers.is_empty() {
        causes.push(if config.is_null() {
            Cause::required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
        } else {
            let why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            Cause::required(format!("{path}.nameservers"), why)
        });
        return;
    }
    if servers.len() > 3 {
        let why = "must not have more than 3 nameservers";
        causes.push(Cause::invalid(format!("{path}.nameservers"), &config["nameservers"], why));
    }
    causes.extend(servers.into_iter().filter_map(|(path, server)| address(server, &path)));
    let searches = texts(config, "searches", &path);
    let length: usize = searches.iter().map(|(_, search)| search.len().saturating_add(1)).sum();
    let why = if searches.len() > 32 {
        "must not have more than 32 search paths"
    } else if length > 2049 {
        "must not have more than 2048 characters (including spaces) in the search list"
    } else {
        ""
    };
    if !why.is_empty() {
        causes.push(Cause::invalid(format!("{path}.searches"), &config["searches"], why));
    }
    for (path, search) in searches.into_iter().filter(|(_, search)| *search != ".") {
        causes.extend(names::search_domain(&path, search.strip_suffix('.').unwrap_or(search)));
    }
    for (path, option) in items(config, "options", &path) {
        if text(option, "name").is_empty() {
            causes.push(Cause::required(path, "must not be empty"));
        }
    }
}

fn gates(path: &str, spec: &Value, causes: &mut Vec<Cause>) {
    for (path, gate) in items(spec, "readinessGates", path) {
        causes.extend(names::qualified(&format!("{path}.conditionType"), text(gate, "conditionType")));
    }
    let mut seen = BTreeSet::new();
    for (path, gate) in items(spec, "schedulingGates", path) {
        let name = text(gate, "name");
        causes.extend(names::qualified(&path, name));
        if !seen.insert(name) {
            causes.push(Cause::duplicate(path, name));
        }
    }
}

/// Names of other things, and of the host.
fn references(path: &str, spec: &Value, causes: &mut Vec<Cause>) {
    let field = |name: &str| format!("{path}.{name}");
    for name in ["serviceAccountName", "nodeName"] {
        if !text(spec, name).is_empty() {
            causes.extend(names::subdomain(&field(name), text(spec, name)));
        }
    }
    causes.extend(between(&spec["activeDeadlineSeconds"], &field("activeDeadlineSeconds"), 1, i32::MAX.into()));
    for name in ["hostname", "subdomain"] {
        if !text(spec, name).is_empty() {
            causes.extend(names::label(&field(name), text(spec, name)));
        }
    }
    let name = text(spec, "hostnameOverride");
    if !name.is_empty() {
        causes.extend(names::subdomain(&field("hostnameOverride"), name));
        if spec["hostNetwork"] == true {
            let why = "may not be specified when hostNetwork is true";
            causes.push(Cause::forbidden(field("hostnameOverride"), why));
        }
    }
}

fn last(path: &str, spec: &Value, causes: &mut Vec<Cause>) {
    for (path, alias) in items(spec, "hostAliases", path) {
        causes.extend(address(text(alias, "ip"), &format!("{path}.ip")));
        for (path, name) in texts(alias, "hostnames", &path) {
            causes.extend(names::subdomain(&path, name));
        }
    }
    if !text(spec, "priorityClassName").is_empty() {
        causes.extend(names::subdomain(&format!("{path}.priorityClassName"), text(spec, "priorityClassName")));
    }
    if let Some(class) = spec["runtimeClassName"].as_str() {
        causes.extend(names::subdomain(&format!("{path}.runtimeClassName"), class));
    }
    causes.extend(one_of(spec, "preemptionPolicy", path, &["PreemptLowerPriority", "Never"]));
    let system = &spec["os"]["name"];
    if let Some(name) = system.as_str().filter(|name| !matches!(*name, "linux" | "windows")) {
        causes.push(Cause::unsupported(format!("{path}.os"), name, &["linux", "windows"]));
    }
}
