//! Warnings about pods and the pods of templates.

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
    for (index, (at, secret)) in secrets.iter().enumerate() {
        let name = text(secret, "name");
        if secrets.iter().take(index).any(|(_, other)| text(other, "name") == name) {
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
    for (index, (at, variable)) in variables.iter().enumerate() {
        let name = text(variable, "name");
        let is_again = variables.iter().take(index).any(|(_, other)| text(other, "name") == name);
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
    for (index, (at, port)) in ports.iter().enumerate() {
        for (before, other) in ports.iter().take(index) {
            let same = |name: &str| port[name] == other[name];
            if !same("containerPort") || !same("protocol") {
                continue;
            }
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
        }
    }
    for (index, (at, port)) in ports.iter().enumerate() {
        let name = text(port, "name");
        let first = ports.iter().take(index).find(|(_, other)| !name.is_empty() && text(other, "name") == name);
        if let Some((first, _)) = first {
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
