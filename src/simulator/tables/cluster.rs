//! Namespaces, nodes, events, leases and quotas.

use jiff::Timestamp;
use serde_json::Value;

use super::age;
use super::format::{NONE, UNKNOWN, items, name, or, text};

pub fn namespace(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), text(&object["status"]["phase"]).into(), age::cell(object, now)]
}

pub fn node(object: &Value, now: Timestamp) -> Vec<Value> {
    let (status, info) = (&object["status"], &object["status"]["nodeInfo"]);
    let ready = items(&status["conditions"]).find(|condition| condition["type"] == "Ready");
    let mut state = match ready {
        None => "Unknown".to_owned(),
        Some(condition) if condition["status"] == "True" => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
    };
    if object["spec"]["unschedulable"] == true {
        state.push_str(",SchedulingDisabled");
    }
    let address = |kind: &str| {
        let found = items(&status["addresses"]).find(|address| address["type"] == kind);
        Value::from(found.map_or(NONE, |address| text(&address["address"])))
    };
    vec![
        name(object),
        state.into(),
        roles(&object["metadata"]["labels"]).into(),
        age::cell(object, now),
        text(&info["kubeletVersion"]).into(),
        address("InternalIP"),
        address("ExternalIP"),
        or(&info["osImage"], UNKNOWN).into(),
        kernel(info).into(),
        or(&info["containerRuntimeVersion"], UNKNOWN).into(),
    ]
}

fn kernel(info: &Value) -> String {
    match (or(&info["kernelVersion"], UNKNOWN), text(&info["architecture"])) {
        (kernel, "") => kernel.to_owned(),
        (kernel, architecture) => format!("{kernel} ({architecture})"),
    }
}

fn roles(labels: &Value) -> String {
    let labels = labels.as_object().into_iter().flatten();
    let mut roles: Vec<&str> = labels
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) if !role.is_empty() => Some(role),
            None if key == "kubernetes.io/role" => Some(text(value)).filter(|role| !role.is_empty()),
            Some(_) | None => None,
        })
        .collect();
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { NONE.to_owned() } else { roles.join(",") }
}

pub fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    let since = |time: &Value| age::since(time, now);
    let first = if object["firstTimestamp"].is_string() { &object["firstTimestamp"] } else { &object["eventTime"] };
    let last = if object["lastTimestamp"].is_string() { &object["lastTimestamp"] } else { first };
    let series = &object["series"];
    let (last, count) = if series.is_object() {
        (&series["lastObservedTime"], series["count"].as_i64().unwrap_or(0))
    } else {
        (last, object["count"].as_i64().filter(|count| *count != 0).unwrap_or(1))
    };
    let about = &object["involvedObject"];
    let kind = text(&about["kind"]).to_lowercase();
    let target = match text(&about["name"]) {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    vec![
        since(last).into(),
        text(&object["type"]).into(),
        text(&object["reason"]).into(),
        target.into(),
        text(&about["fieldPath"]).into(),
        source(object).into(),
        text(&object["message"]).trim().into(),
        since(first).into(),
        count.into(),
        name(object),
    ]
}

fn source(event: &Value) -> String {
    let (component, instance) = match text(&event["source"]["component"]) {
        "" => (text(&event["reportingComponent"]), text(&event["reportingInstance"])),
        component => (component, text(&event["source"]["host"])),
    };
    if instance.is_empty() { component.to_owned() } else { format!("{component}, {instance}") }
}

pub fn lease(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), text(&object["spec"]["holderIdentity"]).into(), age::cell(object, now)]
}

pub fn priority(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(object),
        object["value"].as_i64().unwrap_or(0).into(),
        (object["globalDefault"] == true).into(),
        age::cell(object, now),
        text(&object["preemptionPolicy"]).into(),
    ]
}

pub fn quota(object: &Value, now: Timestamp) -> Vec<Value> {
    let status = &object["status"];
    let mut hard: Vec<(&String, &Value)> = status["hard"].as_object().into_iter().flatten().collect();
    hard.sort_by_key(|(resource, _)| *resource);
    let column = |limits: bool| {
        let of = hard.iter().filter(|(resource, _)| resource.starts_with("limits.") == limits);
        let cell = |(resource, hard): &(&String, &Value)| {
            format!("{resource}: {}/{}", or(&status["used"][resource.as_str()], "0"), text(hard))
        };
        Value::from(of.map(cell).collect::<Vec<_>>().join(", "))
    };
    vec![name(object), column(false), column(true), age::cell(object, now)]
}
