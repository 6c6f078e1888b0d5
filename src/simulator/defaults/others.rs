//! Defaults of bindings, autoscalers and definitions of kinds.

use serde_json::{Value, json};

use super::choose::{items, set, set_empty};

const GROUP: &str = "rbac.authorization.k8s.io";

pub fn binding(binding: &mut Value) {
    if binding["roleRef"].is_object() {
        set_empty(&mut binding["roleRef"], "apiGroup", GROUP);
    }
    for subject in items(binding, "subjects") {
        if subject["kind"] == "User" || subject["kind"] == "Group" {
            set_empty(subject, "apiGroup", GROUP);
        }
    }
}

pub fn definition(definition: &mut Value) {
    let spec = &mut definition["spec"];
    let names = &mut spec["names"];
    let kind = names["kind"].as_str().unwrap_or_default().to_owned();
    if names.is_object() && !kind.is_empty() {
        set_empty(names, "singular", kind.to_lowercase());
        set_empty(names, "listKind", format!("{kind}List"));
    }
    set(spec, "conversion", json!({"strategy": "None"}));
}

pub fn autoscaler(autoscaler: &mut Value) {
    let spec = &mut autoscaler["spec"];
    set(spec, "minReplicas", 1);
    let has_metrics = spec["metrics"].as_array().is_some_and(|metrics| !metrics.is_empty());
    if !has_metrics {
        let target = json!({"type": "Utilization", "averageUtilization": 80});
        spec["metrics"] = json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]);
    }
    if spec["behavior"].is_object() {
        let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
        let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
        let behavior = &mut spec["behavior"];
        rules(behavior, "scaleUp", json!([pods, percent]));
        set(&mut behavior["scaleUp"], "stabilizationWindowSeconds", 0);
        rules(behavior, "scaleDown", json!([percent]));
    }
}

fn rules(behavior: &mut Value, direction: &str, policies: Value) {
    set(behavior, direction, json!({}));
    set(&mut behavior[direction], "selectPolicy", "Max");
    set(&mut behavior[direction], "policies", policies);
}
