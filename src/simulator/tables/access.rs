//! Service accounts, roles, who has them, and the other kinds whose columns
//! need little: Endpoints, autoscalers, definitions of kinds.

use jiff::Timestamp;
use serde_json::Value;

use super::age;
use super::format::{NONE, UNKNOWN, UNSET, items, name, or, text};

/// Kinds whose table says when they were made.
pub fn made_at(object: &Value) -> Vec<Value> {
    vec![name(object), text(&object["metadata"]["creationTimestamp"]).into()]
}

pub fn binding(object: &Value, now: Timestamp) -> Vec<Value> {
    let role = &object["roleRef"];
    let subjects = |kind: &str| {
        let of_kind = items(&object["subjects"]).filter(|subject| subject["kind"] == kind);
        let names = of_kind.map(|subject| match text(&subject["namespace"]) {
            "" => text(&subject["name"]).to_owned(),
            namespace => format!("{namespace}/{}", text(&subject["name"])),
        });
        Value::from(names.collect::<Vec<_>>().join(", "))
    };
    vec![
        name(object),
        format!("{}/{}", text(&role["kind"]), text(&role["name"])).into(),
        age::cell(object, now),
        subjects("User"),
        subjects("Group"),
        subjects("ServiceAccount"),
    ]
}

pub fn endpoints(object: &Value, now: Timestamp) -> Vec<Value> {
    const SHOWN: usize = 3;
    let mut all = Vec::new();
    for subset in items(&object["subsets"]) {
        let addresses = || items(&subset["addresses"]).map(|address| text(&address["ip"]));
        if items(&subset["ports"]).next().is_none() {
            all.extend(addresses().map(str::to_owned));
        }
        for port in items(&subset["ports"]) {
            let number = port["port"].as_i64().unwrap_or(0);
            all.extend(addresses().map(|address| format!("{address}:{number}")));
        }
    }
    let shown = all.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(",");
    let shown = match all.len().saturating_sub(SHOWN) {
        _ if all.is_empty() => NONE.to_owned(),
        0 => shown,
        more => format!("{shown} + {more} more..."),
    };
    vec![name(object), shown.into(), age::cell(object, now)]
}

pub fn autoscaler(object: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let target = &spec["scaleTargetRef"];
    let least = spec["minReplicas"].as_i64().map_or_else(|| UNSET.to_owned(), |least| least.to_string());
    vec![
        name(object),
        format!("{}/{}", text(&target["kind"]), text(&target["name"])).into(),
        metrics(&spec["metrics"]).into(),
        least.into(),
        spec["maxReplicas"].as_i64().unwrap_or(0).into(),
        status["currentReplicas"].as_i64().unwrap_or(0).into(),
        age::cell(object, now),
    ]
}

/// Two of them, and how many more there are. Nobody measures anything here.
fn metrics(metrics: &Value) -> String {
    const SHOWN: usize = 2;
    let all: Vec<String> = items(metrics).map(metric).collect();
    let shown = all.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) {
        _ if all.is_empty() => NONE.to_owned(),
        0 => shown,
        more => format!("{shown} + {more} more..."),
    }
}

fn metric(metric: &Value) -> String {
    let source = match text(&metric["type"]) {
        "Resource" => &metric["resource"],
        "ContainerResource" => &metric["containerResource"],
        "Pods" => &metric["pods"],
        "Object" => &metric["object"],
        "External" => &metric["external"],
        _ => return "<unknown type>".to_owned(),
    };
    let target = &source["target"];
    let wanted = match target["averageUtilization"].as_i64() {
        Some(share) => format!("{share}%"),
        None => or(&target["averageValue"], text(&target["value"])).to_owned(),
    };
    match text(&source["name"]) {
        "" => format!("{UNKNOWN}/{wanted}"),
        name => format!("{name}: {UNKNOWN}/{wanted}"),
    }
}
