//! Variables of containers and where their values come from.

use serde_json::Value;

use crate::simulator::status::Cause;
use crate::simulator::validation::names;
use crate::simulator::validation::read::{items, needed, text};

/// Fields of a pod that a variable can hold.
const FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Fields of a pod that can be asked for at all.
const LABELS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

const RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// The variables of a container.
pub fn variables(path: &str, container: &Value, causes: &mut Vec<Cause>) {
    for (path, variable) in items(container, "env", path) {
        if let Some(cause) = needed(variable, "name", &path) {
            causes.push(cause);
        } else {
            causes.extend(variable_name(&format!("{path}.name"), text(variable, "name")));
        }
        if variable["valueFrom"].is_object() {
            value_from(&format!("{path}.valueFrom"), variable, causes);
        }
    }
}

fn variable_name(field: &str, name: &str) -> Option<Cause> {
    let fits = name.chars().all(|letter| (' '..='~').contains(&letter) && letter != '=');
    let why = "a valid environment variable name must consist only of printable ASCII characters other than '='";
    (!fits).then(|| Cause::invalid(field, &name.into(), why))
}

fn value_from(path: &str, variable: &Value, causes: &mut Vec<Cause>) {
    let source = &variable["valueFrom"];
    let mut count = 0_usize;
    for name in ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] {
        if source[name].is_null() {
            continue;
        }
        count = count.saturating_add(1);
        let path = format!("{path}.{name}");
        match name {
            "fieldRef" => causes.extend(field(&path, &source[name], FIELDS)),
            "resourceFieldRef" => causes.extend(resource(&path, &source[name], false)),
            "configMapKeyRef" | "secretKeyRef" => causes.extend(key(&path, &source[name])),
            _ => {}
        }
    }
    let is_set = !text(variable, "value").is_empty();
    let why = match count {
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        _ if is_set => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    causes.push(Cause::invalid(path, &"".into(), why));
}

/// A field of the pod itself.
pub fn field(path: &str, reference: &Value, known: &[&str]) -> Vec<Cause> {
    let label = text(reference, "fieldPath");
    if label.is_empty() {
        return vec![Cause::required(format!("{path}.fieldPath"), "")];
    }
    let refused = |why: String| vec![Cause::invalid(format!("{path}.fieldPath"), &label.into(), &why)];
    let subscripted = label.strip_suffix("']").and_then(|label| label.split_once("['"));
    if let Some((field, key)) = subscripted {
        return match field {
            "metadata.annotations" => names::qualified(path, &key.to_lowercase()),
            "metadata.labels" => names::qualified(path, key),
            _ => refused(format!("error converting fieldPath: field label does not support subscript: {label}")),
        };
    }
    if !LABELS.contains(&label) {
        return refused(format!("error converting fieldPath: field label not supported: {label}"));
    }
    if known.contains(&label) {
        return Vec::new();
    }
    vec![Cause::unsupported(format!("{path}.fieldPath"), label, known)]
}

/// A resource of a container; files must say of which.
pub fn resource(path: &str, reference: &Value, in_file: bool) -> Vec<Cause> {
    let mut causes = Vec::new();
    let name = text(reference, "resource");
    let is_page = ["requests.hugepages-", "limits.hugepages-"].iter().any(|start| name.starts_with(start));
    if in_file && text(reference, "containerName").is_empty() {
        causes.push(Cause::required(format!("{path}.containerName"), ""));
    } else if name.is_empty() {
        causes.push(Cause::required(format!("{path}.resource"), ""));
    } else if !RESOURCES.contains(&name) && !is_page {
        causes.push(Cause::unsupported(format!("{path}.resource"), name, RESOURCES));
    }
    causes.extend(divisor(path, name, text(reference, "divisor")));
    causes
}

fn divisor(path: &str, name: &str, divisor: &str) -> Option<Cause> {
    const UNITS: &[&str] = &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    if matches!(divisor, "" | "0") {
        return None;
    }
    let (units, kind): (&[&str], _) = match name {
        "limits.cpu" | "requests.cpu" => (&["1m", "1"], "cpu"),
        "limits.memory" | "requests.memory" => (UNITS, "memory"),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => (UNITS, "local ephemeral storage"),
        _ => return None,
    };
    if units.contains(&divisor) {
        return None;
    }
    let list = if kind == "cpu" { units.join(" and ") } else { units.join(", ") };
    let why = format!("only divisor's values {list} are supported with the {kind} resource");
    Some(Cause::invalid(format!("{path}.divisor"), &name.into(), &why))
}

/// A key of a ConfigMap or Secret.
fn key(path: &str, reference: &Value) -> Vec<Cause> {
    let mut causes = names::subdomain(&format!("{path}.name"), text(reference, "name"));
    if let Some(cause) = needed(reference, "key", path) {
        causes.push(cause);
    } else {
        causes.extend(names::data_key(&format!("{path}.key"), text(reference, "key")));
    }
    causes
}

/// Whole ConfigMaps and Secrets as variables.
pub fn sources(path: &str, container: &Value, causes: &mut Vec<Cause>) {
    let list = format!("{path}.envFrom");
    for (path, source) in items(container, "envFrom", path) {
        if !text(source, "prefix").is_empty() {
            causes.extend(variable_name(&format!("{path}.prefix"), text(source, "prefix")));
        }
        let mut count = 0_usize;
        for name in ["configMapRef", "secretRef"].into_iter().filter(|name| !source[*name].is_null()) {
            count = count.saturating_add(1);
            let path = format!("{path}.{name}");
            if let Some(cause) = needed(&source[name], "name", &path) {
                causes.push(cause);
            } else {
                causes.extend(names::prefix(&format!("{path}.name"), text(&source[name], "name")));
            }
        }
        let why = match count {
            0 => "must specify one of: `configMapRef` or `secretRef`",
            1 => continue,
            _ => "may not have more than one field specified at a time",
        };
        causes.push(Cause::invalid(list.as_str(), &"".into(), why));
    }
}
