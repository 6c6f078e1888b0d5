//! Services.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names;
use super::read::{address, between, items, one_of, range as range_of, special, text, texts};
use crate::simulator::status::Cause;

const TYPES: &[&str] = &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const ONLY_BALANCERS: &str = "may only be used when `type` is 'LoadBalancer'";
const LONGEST_AFFINITY: i64 = 86_400;

fn is_headless(spec: &Value) -> bool {
    spec["clusterIP"] == "None" || spec["clusterIPs"][0] == "None"
}

/// A whole Service.
pub fn of_service(service: &Value) -> Vec<Cause> {
    let spec = &service["spec"];
    let kind = text(spec, "type");
    let mut causes = Vec::new();
    of_type(kind, spec, &mut causes);
    ports(spec, &mut causes);
    causes.extend(names::labels("spec.selector", &spec["selector"]));
    affinity(spec, &mut causes);
    causes.extend(addresses(service));
    for (path, outside) in texts(spec, "externalIPs", "spec") {
        causes.extend(address(outside, &path).or_else(|| special(outside, &path)));
    }
    if !TYPES.contains(&kind) {
        causes.push(Cause::unsupported("spec.type", kind, TYPES));
    }
    pairs(kind, spec, &mut causes);
    balancer(kind, service, &mut causes);
    traffic(kind, spec, &mut causes);
    causes
}

fn of_type(kind: &str, spec: &Value, causes: &mut Vec<Cause>) {
    if items(spec, "ports", "spec").is_empty() && !is_headless(spec) && kind != "ExternalName" {
        causes.push(Cause::required("spec.ports", ""));
    }
    if is_headless(spec) && matches!(kind, "NodePort" | "LoadBalancer") {
        let why = format!("may not be set to 'None' for {kind} services");
        causes.push(Cause::invalid("spec.clusterIPs[0]", &"None".into(), &why));
    }
    if kind != "ExternalName" {
        return;
    }
    for name in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        let is_given = spec[name].is_string() || spec[name].as_array().is_some_and(|list| !list.is_empty());
        if is_given {
            causes.push(Cause::forbidden(format!("spec.{name}"), "may not be set for ExternalName services"));
        }
    }
    let name = text(spec, "externalName");
    match name.strip_suffix('.').unwrap_or(name) {
        "" => causes.push(Cause::required("spec.externalName", "")),
        name => causes.extend(names::subdomain("spec.externalName", name)),
    }
}

fn ports(spec: &Value, causes: &mut Vec<Cause>) {
    let list = items(spec, "ports", "spec");
    let mut seen = BTreeSet::new();
    for (path, port) in &list {
        let name = text(port, "name");
        let field = format!("{path}.name");
        if name.is_empty() {
            if list.len() > 1 {
                causes.push(Cause::required(field, ""));
            }
        } else {
            causes.extend(names::label(&field, name));
            if !seen.insert(name) {
                causes.push(Cause::duplicate(field, name));
            }
        }
        let number = port["port"].as_i64().unwrap_or(0).into();
        causes.extend(between(&number, &format!("{path}.port"), 1, 65_535));
        causes.extend(one_of(port, "protocol", path, &["SCTP", "TCP", "UDP"]));
        let (field, target) = (format!("{path}.targetPort"), &port["targetPort"]);
        match target.as_str() {
            Some(name) => causes.extend(names::port(&field, name)),
            None => causes.extend(between(target, &field, 1, 65_535)),
        }
        if let Some(protocol) = port["appProtocol"].as_str() {
            causes.extend(names::qualified(&format!("{path}.appProtocol"), protocol));
        }
    }
}

fn affinity(spec: &Value, causes: &mut Vec<Cause>) {
    causes.extend(one_of(spec, "sessionAffinity", "spec", &["ClientIP", "None"]));
    let config = &spec["sessionAffinityConfig"];
    match text(spec, "sessionAffinity") {
        "ClientIP" => {
            let timeout = &config["clientIP"]["timeoutSeconds"];
            let fits = timeout.as_i64().is_none_or(|seconds| (1..=LONGEST_AFFINITY).contains(&seconds));
            if !fits {
                let why = format!("must be greater than 0 and less than {LONGEST_AFFINITY}");
                causes.push(Cause::invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", timeout, &why));
            }
        }
        "None" if !config.is_null() => {
            let why = "must not be set when session affinity is None";
            causes.push(Cause::forbidden("spec.sessionAffinityConfig", why));
        }
        _ => {}
    }
}

/// The addresses of a Service, in both of their fields, and their families.
pub fn addresses(service: &Value) -> Vec<Cause> {
    let spec = &service["spec"];
    let field = "spec.clusterIPs";
    let (list, first) = (texts(spec, "clusterIPs", "spec"), text(spec, "clusterIP"));
    let mut causes = Vec::new();
    if spec["type"] == "ExternalName" {
        return causes;
    }
    match list.first() {
        None if !first.is_empty() => causes.push(Cause::required(field, "")),
        Some((_, listed)) if !first.is_empty() && *listed != first => {
            causes.push(Cause::invalid(field, &spec["clusterIPs"], "first value must match `clusterIP`"));
        }
        Some(_) if first.is_empty() => {
            let why = "must be empty when `clusterIP` is not specified";
            causes.push(Cause::invalid(field, &spec["clusterIPs"], why));
        }
        None | Some(_) => {}
    }
    let mut seen = BTreeSet::new();
    for (path, family) in texts(spec, "ipFamilies", "spec") {
        let known = &["IPv4", "IPv6"];
        if !known.contains(&family) {
            causes.push(Cause::unsupported(path.as_str(), family, known));
        }
        if !seen.insert(family) {
            causes.push(Cause::duplicate(path, family));
        }
    }
    causes.extend(one_of(spec, "ipFamilyPolicy", "spec", &["PreferDualStack", "RequireDualStack", "SingleStack"]));
    for (index, (path, listed)) in list.iter().enumerate() {
        if index > 0 || *listed != "None" {
            causes.extend(address(listed, path));
        } else if list.len() > 1 {
            causes.push(Cause::invalid(field, &spec["clusterIPs"], "'None' must be the first and only value"));
        }
    }
    causes
}

/// No port twice, neither of nodes nor of the Service.
fn pairs(kind: &str, spec: &Value, causes: &mut Vec<Cause>) {
    let list = items(spec, "ports", "spec");
    let node_port = |port: &Value| port["nodePort"].as_i64().filter(|number| *number != 0);
    if kind == "ClusterIP" {
        for (path, _) in list.iter().filter(|(_, port)| node_port(port).is_some()) {
            causes.push(Cause::forbidden(format!("{path}.nodePort"), "may not be used when `type` is 'ClusterIP'"));
        }
    }
    let (mut of_nodes, mut own) = (BTreeSet::new(), BTreeSet::new());
    for (path, port) in &list {
        if let Some(number) = node_port(port).filter(|number| !of_nodes.insert((text(port, "protocol"), *number))) {
            causes.push(repeated(format!("{path}.nodePort"), &number.to_string()));
        }
    }
    for (path, port) in &list {
        let protocol = text(port, "protocol");
        if !own.insert((protocol, port["port"].as_i64())) {
            // The real server shows its own struct.
            let number = &port["port"];
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":{protocol:?},\"AppProtocol\":null,\"Port\":{number},\"TargetPort\":0,\
                 \"NodePort\":0}}"
            );
            causes.push(repeated(path.clone(), &shown));
        }
    }
}

fn repeated(field: String, shown: &str) -> Cause {
    Cause { reason: "FieldValueDuplicate", message: format!("Duplicate value: {shown}"), field }
}

/// Where the ranges stood before they had a field.
const RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// What only a load balancer has.
fn balancer(kind: &str, service: &Value, causes: &mut Vec<Cause>) {
    let spec = &service["spec"];
    let is_balancer = kind == "LoadBalancer";
    let ranges = texts(spec, "loadBalancerSourceRanges", "spec");
    let is_none = ranges.is_empty();
    if !ranges.is_empty() && !is_balancer {
        causes.push(Cause::forbidden("spec.LoadBalancerSourceRanges", ONLY_BALANCERS));
    }
    for (index, (_, range)) in ranges.into_iter().enumerate() {
        causes.extend(range_of(range.trim(), &format!("spec.LoadBalancerSourceRanges[{index}]")));
    }
    if let Some(written) = service["metadata"]["annotations"][RANGES].as_str().filter(|_| is_none) {
        let field = format!("metadata.annotations[{RANGES}]");
        if !is_balancer {
            causes.push(Cause::forbidden(field.as_str(), ONLY_BALANCERS));
        }
        let written = written.trim().split(',').map(str::trim);
        causes.extend(written.filter(|range| !range.is_empty()).filter_map(|range| range_of(range, &field)));
    }
    if !spec["allocateLoadBalancerNodePorts"].is_null() && !is_balancer {
        causes.push(Cause::forbidden("spec.allocateLoadBalancerNodePorts", ONLY_BALANCERS));
    }
    causes.extend(class(kind, spec));
}

fn class(kind: &str, spec: &Value) -> Vec<Cause> {
    match spec["loadBalancerClass"].as_str() {
        None => Vec::new(),
        Some(class) if kind == "LoadBalancer" => names::qualified("spec.loadBalancerClass", class),
        Some(_) => vec![Cause::forbidden("spec.loadBalancerClass", ONLY_BALANCERS)],
    }
}

/// Where traffic goes that comes from inside and outside.
fn traffic(kind: &str, spec: &Value, causes: &mut Vec<Cause>) {
    let has_outer_address = spec["externalIPs"].as_array().is_some_and(|list| !list.is_empty());
    let faces_outwards = matches!(kind, "NodePort" | "LoadBalancer") || kind == "ClusterIP" && has_outer_address;
    let policies = &["Cluster", "Local"];
    let policy = &spec["externalTrafficPolicy"];
    if faces_outwards {
        causes.extend(one_of(spec, "externalTrafficPolicy", "spec", policies));
    } else if !policy.is_null() {
        let why = "may only be set for externally-accessible services";
        causes.push(Cause::invalid("spec.externalTrafficPolicy", policy, why));
    }
    let port = &spec["healthCheckNodePort"];
    let is_checked = kind == "LoadBalancer" && policy == "Local";
    if !is_checked && port.as_i64().unwrap_or(0) != 0 {
        let why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        causes.push(Cause::invalid("spec.healthCheckNodePort", port, why));
    }
    causes.extend(one_of(spec, "internalTrafficPolicy", "spec", policies));
    causes.extend(one_of(spec, "trafficDistribution", "spec", &["PreferClose", "PreferSameZone", "PreferSameNode"]));
}

/// The address stays what it was as long as the Service has one; so does the
/// class of a balancer.
pub fn of_change(old: &Value, new: &Value) -> Vec<Cause> {
    let (before, after) = (&old["spec"], &new["spec"]);
    let mut causes = Vec::new();
    let is_named = before["type"] == "ExternalName" || after["type"] == "ExternalName";
    let stays_headless = is_headless(before) && is_headless(after);
    if !is_named && !stays_headless && !before["clusterIP"].is_null() && before["clusterIPs"] != after["clusterIPs"] {
        causes.push(Cause::invalid("spec.clusterIPs[0]", &after["clusterIPs"], "may not change once set"));
    }
    let is_balancer = |spec: &Value| spec["type"] == "LoadBalancer";
    let (was, class_now) = (&before["loadBalancerClass"], &after["loadBalancerClass"]);
    if is_balancer(before) && is_balancer(after) && was != class_now {
        causes.push(Cause::invalid("spec.loadBalancerClass", class_now, "may not change once set"));
    }
    causes.extend(class(text(after, "type"), after));
    causes
}

/// The status of a Service: only balancers have addresses outside.
pub fn of_status(service: &Value) -> Vec<Cause> {
    let list = items(&service["status"]["loadBalancer"], "ingress", "status.loadBalancer");
    if service["spec"]["type"] != "LoadBalancer" && !list.is_empty() {
        let why = "may only be used when `spec.type` is 'LoadBalancer'";
        return vec![Cause::forbidden("status.loadBalancer.ingress", why)];
    }
    let mut causes = Vec::new();
    for (path, outside) in list {
        let ip = text(outside, "ip");
        if !ip.is_empty() {
            causes.extend(address(ip, &format!("{path}.ip")));
        }
        let name = text(outside, "hostname");
        if !name.is_empty() {
            causes.extend(names::subdomain(&format!("{path}.hostname"), name));
        }
    }
    causes
}
