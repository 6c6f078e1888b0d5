//! Sets, their revisions, Services and budgets, Secrets and ConfigMaps.

use jiff::Timestamp;
use serde_json::Value;

use super::age;
use super::format::{NONE, count, items, labels, name, or, some_of, text};

pub fn secret(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), text(&object["type"]).into(), count(&object["data"]).into(), age::cell(object, now)]
}

pub fn config_map(object: &Value, now: Timestamp) -> Vec<Value> {
    let data = count(&object["data"]) + count(&object["binaryData"]);
    vec![name(object), data.into(), age::cell(object, now)]
}

pub fn stateful_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(0);
    let ready = object["status"]["readyReplicas"].as_i64().unwrap_or(0);
    let containers = &object["spec"]["template"]["spec"]["containers"];
    let of_each = |field: &str| {
        Value::from(items(containers).map(|container| text(&container[field])).collect::<Vec<_>>().join(","))
    };
    vec![name(object), format!("{ready}/{wanted}").into(), age::cell(object, now), of_each("name"), of_each("image")]
}

/// The `scale` of a set.
pub fn scale(object: &Value, now: Timestamp) -> Vec<Value> {
    let number = |part: &str| Value::from(object[part]["replicas"].as_i64().unwrap_or(0));
    vec![name(object), number("spec"), number("status"), age::cell(object, now)]
}

pub fn revision(object: &Value, now: Timestamp) -> Vec<Value> {
    let controller = items(&object["metadata"]["ownerReferences"]).find(|owner| owner["controller"] == true);
    let controller = controller.map_or_else(
        || NONE.to_owned(),
        |owner| {
            let kind = text(&owner["kind"]).to_lowercase();
            let group = text(&owner["apiVersion"]).rsplit_once('/').map_or("", |(group, _)| group);
            let dot = if group.is_empty() { "" } else { "." };
            format!("{kind}{dot}{group}/{}", text(&owner["name"]))
        },
    );
    let revision = object["revision"].as_i64().unwrap_or(0);
    vec![name(object), controller.into(), revision.into(), age::cell(object, now)]
}

pub fn budget(object: &Value, now: Timestamp) -> Vec<Value> {
    let amount = |value: &Value| match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => "N/A".to_owned(),
    };
    vec![
        name(object),
        amount(&object["spec"]["minAvailable"]).into(),
        amount(&object["spec"]["maxUnavailable"]).into(),
        object["status"]["disruptionsAllowed"].as_i64().unwrap_or(0).into(),
        age::cell(object, now),
    ]
}

pub fn service(object: &Value, now: Timestamp) -> Vec<Value> {
    let spec = &object["spec"];
    let address = items(&spec["clusterIPs"]).next().unwrap_or(&spec["clusterIP"]);
    vec![
        name(object),
        text(&spec["type"]).into(),
        or(address, NONE).into(),
        external(object).into(),
        ports(&spec["ports"]).into(),
        age::cell(object, now),
        labels(&spec["selector"]).into(),
    ]
}

/// Where a Service is reached from outside.
fn external(service: &Value) -> String {
    let spec = &service["spec"];
    let given: Vec<&str> = items(&spec["externalIPs"]).map(text).collect();
    match text(&spec["type"]) {
        "ExternalName" => text(&spec["externalName"]).to_owned(),
        "LoadBalancer" => {
            let entries = items(&service["status"]["loadBalancer"]["ingress"]);
            let balanced = entries.map(|entry| or(&entry["ip"], text(&entry["hostname"])));
            let mut all: Vec<&str> = balanced.filter(|place| !place.is_empty()).collect();
            all.sort_unstable();
            all.extend(given);
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        _ if given.is_empty() => NONE.to_owned(),
        _ => given.join(","),
    }
}

fn ports(ports: &Value) -> String {
    let port = |port: &Value| {
        let protocol = text(&port["protocol"]);
        let number = port["port"].as_i64().unwrap_or(0);
        match port["nodePort"].as_i64().filter(|node| *node > 0) {
            Some(node) => format!("{number}:{node}/{protocol}"),
            None => format!("{number}/{protocol}"),
        }
    };
    let all: Vec<String> = items(ports).map(port).collect();
    if all.is_empty() { NONE.to_owned() } else { all.join(",") }
}

pub fn endpoint_slice(object: &Value, now: Timestamp) -> Vec<Value> {
    let port = |port: &Value| match (port["port"].as_i64(), port["name"].as_str()) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "*".to_owned(),
    };
    let ports: Vec<String> = items(&object["ports"]).map(port).collect();
    let endpoints = items(&object["endpoints"]);
    let addresses: Vec<String> =
        endpoints.flat_map(|one| items(&one["addresses"])).map(|a| text(a).to_owned()).collect();
    vec![
        name(object),
        text(&object["addressType"]).into(),
        some_of(&ports).into(),
        some_of(&addresses).into(),
        age::cell(object, now),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_that_were_given_by_hand_come_last() {
        let external_of = |kind: &str, ingress: Value| {
            external(&json!({
                "spec": {"type": kind, "externalIPs": ["192.0.2.2"]}, "status": {"loadBalancer": {"ingress": ingress}},
            }))
        };
        assert_eq!(external_of("ClusterIP", Value::Null), "192.0.2.2");
        assert_eq!(external_of("LoadBalancer", json!([{"ip": "192.0.2.9"}])), "192.0.2.9,192.0.2.2");
    }
}
