//! Warnings about pods and the pods of templates.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::simulator::quantity::Quantity;

const OLD_ANNOTATIONS: &[(&str, &str)] = &[
    ("scheduler.alpha.kubernetes.io/critical-pod", "v1.16+; use the \"priorityClassName\" field instead"),
    ("security.alpha.kubernetes.io/sysctls", "v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "v1.11+; use the \"sysctls\" field instead"),
];

/// Sources of volumes that are on their way out.
pub const OLD_VOLUMES: &[(&str, &str, &str)] = &[
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

/// So many do not fit into an answer. All ports may be alike, and each is held
/// against those before it.
const MOST: usize = 4096;

const NO_SELECTOR: &str = "labelSelector: a null labelSelector results in matching no pod";

fn items<'a>(value: &'a Value, name: &str, path: &str) -> Vec<(String, &'a Value)> {
    let items = value[name].as_array().into_iter().flatten().enumerate();
    items.map(|(index, item)| (format!("{path}.{name}[{index}]"), item)).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// All warnings about a pod; `prefix` stands before `spec` and `metadata`.
pub fn of_pod(prefix: &str, meta: &Value, spec: &Value) -> Vec<String> {
    let path = format!("{prefix}spec");
    let mut warnings = Vec::new();
    for (at, one) in items(spec, "topologySpreadConstraints", &path) {
        if one["labelSelector"].is_null() {
            warnings.push(format!("{at}.{NO_SELECTOR}"));
        }
    }
    for (key, since) in OLD_ANNOTATIONS {
        if !meta["annotations"][*key].is_null() {
            warnings.push(format!("{prefix}metadata.annotations[{key}]: non-functional in {since}"));
        }
    }
    for (at, volume) in items(spec, "volumes", &path) {
        for (_, shown, why) in OLD_VOLUMES.iter().filter(|(name, ..)| !volume[*name].is_null()) {
            warnings.push(format!("{at}.{shown}: {why}"));
        }
    }
    secrets(spec, &path, &mut warnings);
    let containers: Vec<(String, &Value)> =
        ["initContainers", "containers"].into_iter().flat_map(|list| items(spec, list, &path)).collect();
    for (at, container) in &containers {
        fractions(container, at, &mut warnings);
        hidden_variables(container, at, &mut warnings);
    }
    ports(&containers, &mut warnings);
    if spec["terminationGracePeriodSeconds"].as_i64().is_some_and(|grace| grace < 0) {
        let why = "must be >= 0; negative values are invalid and will be treated as 1";
        warnings.push(format!("{path}.terminationGracePeriodSeconds: {why}"));
    }
    affinity(spec, &path, &mut warnings);
    warnings
}

fn secrets(spec: &Value, path: &str, warnings: &mut Vec<String>) {
    let secrets = items(spec, "imagePullSecrets", path);
    let mut seen = BTreeSet::new();
    for (at, secret) in &secrets {
        let name = text(secret, "name");
        if !seen.insert(name) {
            warnings.push(format!("{at}.name: duplicate name {name:?}"));
        }
    }
    for (at, _) in secrets.iter().filter(|(_, secret)| text(secret, "name").is_empty()) {
        warnings.push(format!("{at}.name: invalid empty name \"\""));
    }
}

/// Bytes do not come in parts.
fn fractions(container: &Value, path: &str, warnings: &mut Vec<String>) {
    for (name, list) in [
        ("memory", "limits"),
        ("memory", "requests"),
        ("ephemeral-storage", "limits"),
        ("ephemeral-storage", "requests"),
    ] {
        let value = text(&container["resources"][list], name);
        if Quantity::parse(value).is_some_and(|amount| amount.nanos() % 1_000_000_000 != 0) {
            let why = format!("fractional byte value {value:?} is invalid, must be an integer");
            warnings.push(format!("{path}.resources.{list}[{name}]: {why}"));
        }
    }
}

fn hidden_variables(container: &Value, path: &str, warnings: &mut Vec<String>) {
    let variables = items(container, "env", path);
    let mut seen = BTreeSet::new();
    for (at, variable) in &variables {
        let name = text(variable, "name");
        let is_again = !seen.insert(name);
        let (value, reference) = (text(variable, "value"), format!("$({name})"));
        let is_fine = variable["valueFrom"].is_null() && value != reference && value.contains(&reference);
        if is_again && !is_fine {
            let why = format!("hides previous definition of {name:?}, which may be dropped when using apply");
            warnings.push(format!("{at}: {why}"));
        }
    }
}

fn ports(containers: &[(String, &Value)], warnings: &mut Vec<String>) {
    let ports: Vec<(String, &Value)> =
        containers.iter().flat_map(|(path, container)| items(container, "ports", path)).collect();
    let number = |port: &Value, name: &str| port[name].as_i64().unwrap_or(0);
    let mut alike: BTreeMap<(i64, &str), Vec<(&str, &Value)>> = BTreeMap::new();
    for (at, port) in &ports {
        let before = alike.entry((number(port, "containerPort"), text(port, "protocol"))).or_default();
        for (before, other) in before.iter() {
            let same = |name: &str| port[name] == other[name];
            let how = if same("hostIP") && same("hostPort") {
                "duplicate"
            } else if number(port, "hostPort") == 0 || number(other, "hostPort") == 0 {
                "overlapping"
            } else if same("hostPort") && port["hostIP"].is_null() != other["hostIP"].is_null() {
                "dangerously ambiguous"
            } else {
                continue;
            };
            warnings.push(format!("{at}: {how} port definition with {before}"));
            if warnings.len() > MOST {
                return;
            }
        }
        before.push((at, port));
    }
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for (at, port) in ports.iter().filter(|(_, port)| !text(port, "name").is_empty()) {
        let name = text(port, "name");
        let first = *names.entry(name).or_insert(at);
        if first != at {
            let why = format!("services and probes that select ports by name will use {first}");
            warnings.push(format!("{at}: duplicate port name {name:?} with {first}, {why}"));
        }
    }
}

fn affinity(spec: &Value, path: &str, warnings: &mut Vec<String>) {
    for name in ["podAffinity", "podAntiAffinity"] {
        let (pods, path) = (&spec["affinity"][name], format!("{path}.affinity.{name}"));
        for (at, term) in items(pods, "requiredDuringSchedulingIgnoredDuringExecution", &path) {
            if term["labelSelector"].is_null() {
                warnings.push(format!("{at}.{NO_SELECTOR}"));
            }
        }
        for (at, term) in items(pods, "preferredDuringSchedulingIgnoredDuringExecution", &path) {
            if term["podAffinityTerm"]["labelSelector"].is_null() {
                warnings.push(format!("{at}.podAffinityTerm.{NO_SELECTOR}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Each held against each other these would take minutes.
    #[test]
    fn a_large_body_is_read_in_one_pass() {
        let count = 100_000;
        let variables: Vec<Value> = (0..count).map(|number| json!({"name": format!("V{number}")})).collect();
        let ports: Vec<Value> = (0..count).map(|number| json!({"containerPort": number, "name": number})).collect();
        let container = json!({"name": "c", "image": "i", "env": variables, "ports": ports});
        let mut pod = json!({"containers": [container]});
        assert!(of_pod("", &Value::Null, &pod).is_empty());
        pod["containers"][0]["env"][count - 1]["name"] = "V0".into();
        assert_eq!(of_pod("", &Value::Null, &pod).len(), 1);
    }

    #[test]
    fn ports_that_are_all_alike_give_no_more_warnings_than_can_be_sent() {
        let ports = vec![json!({"containerPort": 80, "protocol": "TCP"}); 10_000];
        let pod = json!({"containers": [{"name": "c", "image": "i", "ports": ports}]});
        assert_eq!(of_pod("", &Value::Null, &pod).len(), MOST + 1);
    }
}
