//! What the server itself decides about pods: their first status, and the
//! troubles of nodes that they bear for a while.

use serde_json::{Value, json};

use crate::objects::kinds::ApiKind;
use crate::simulator::quantity::Quantity;

/// The first status of a pod; it says whether gates hold the pod back.
pub fn first_status(pod: &Value) -> Value {
    let mut status = json!({"phase": "Pending", "qosClass": quality(pod)});
    if pod["spec"]["schedulingGates"].as_array().is_some_and(|gates| !gates.is_empty()) {
        status["conditions"] = json!([{
            "type": "PodScheduled", "status": "False", "lastProbeTime": null, "lastTransitionTime": null,
            "reason": "SchedulingGated", "message": "Scheduling is blocked due to non-empty scheduling gates",
        }]);
    }
    status
}

/// `BestEffort`, `Burstable` or `Guaranteed`; amounts of nothing do not count.
/// What the pod says as a whole stands for all of its containers.
pub fn quality(pod: &Value) -> &'static str {
    let whole = &pod["spec"]["resources"];
    let lists = ["containers", "initContainers"].map(|list| pod["spec"][list].as_array());
    let of_containers = lists.into_iter().flatten().flatten().map(|container| &container["resources"]);
    let counted: Vec<&Value> = if whole.is_null() { of_containers.collect() } else { vec![whole] };
    let mut any = false;
    let mut guaranteed = true;
    for resources in counted {
        let amount = |list: &str, name: &str| {
            let written = resources[list][name].as_str().and_then(Quantity::parse).map(Quantity::nanos);
            written.filter(|nanos| *nanos > 0)
        };
        for name in ["cpu", "memory"] {
            let (limit, request) = (amount("limits", name), amount("requests", name));
            any |= limit.is_some() || request.is_some();
            guaranteed &= limit.is_some() && (request.is_none() || request == limit);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// What admission puts into a changed object.
pub fn fill_changed(kind: &ApiKind, old: &Value, new: &mut Value) {
    if kind.kind != "Pod" {
        return;
    }
    tolerate_node_trouble(new);
    for name in ["priority", "preemptionPolicy"] {
        if new["spec"][name].is_null() && !old["spec"][name].is_null() {
            new["spec"][name] = old["spec"][name].clone();
        }
    }
}

/// Every pod bears a lost node for five minutes.
pub fn tolerate_node_trouble(pod: &mut Value) {
    let mut tolerations = pod["spec"]["tolerations"].as_array().cloned().unwrap_or_default();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let is_covered = tolerations.iter().any(|one| {
            (one["key"] == key || one["key"].is_null()) && (one["effect"] == "NoExecute" || one["effect"].is_null())
        });
        if !is_covered {
            tolerations.push(json!({
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
            }));
        }
    }
    pod["spec"]["tolerations"] = Value::Array(tolerations);
}
