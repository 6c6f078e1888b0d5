//! What is never taken along when an object is copied: the values of Secrets
//! and ConfigMaps. Their keys stay, since a container waits for a key. And how
//! a copy says what could not be taken along.

use serde_json::Value;

/// Annotation of an object that a copy made up, because nobody could read it.
pub const ASSUMED: &str = "sandbox.kubectl-stateful/assumed";

/// Empties every value of a Secret or ConfigMap and drops its annotations,
/// where `kubectl apply` keeps the values a second time. Other kinds stay as
/// they are.
pub fn withhold(object: &mut Value) {
    if matches!(object["kind"].as_str(), Some("Secret" | "ConfigMap")) {
        empty(object);
    }
}

/// The same of a Secret alone.
pub fn withhold_secret(object: &mut Value) {
    if object["kind"] == "Secret" {
        empty(object);
    }
}

fn empty(object: &mut Value) {
    for map in ["data", "stringData", "binaryData"] {
        for (_, value) in object.get_mut(map).and_then(Value::as_object_mut).into_iter().flatten() {
            *value = Value::from("");
        }
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("annotations");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_stay_and_no_value_does() {
        let last = r#"{"data":{"password":"aHVudGVyMg=="}}"#;
        for kind in ["Secret", "ConfigMap"] {
            let mut object = json!({
                "apiVersion": "v1", "kind": kind, "immutable": true,
                "metadata": {"name": "a", "labels": {"app": "x"},
                             "annotations": {"kubectl.kubernetes.io/last-applied-configuration": last}},
                "data": {"password": "aHVudGVyMg==", "odd": 7}, "binaryData": {"b": "aHVudGVyMg=="},
                "stringData": {"c": "aHVudGVyMg=="},
            });
            withhold(&mut object);
            assert!(!object.to_string().contains("aHVudGVyMg"), "{object}");
            assert_eq!(object["data"], json!({"password": "", "odd": ""}));
            assert_eq!(object["metadata"], json!({"name": "a", "labels": {"app": "x"}}));
        }
    }

    #[test]
    fn other_kinds_and_misshapen_ones_are_left_alone() {
        for mut object in [json!({"kind": "Pod", "data": {"a": "b"}}), json!({"kind": "Secret", "data": [1]}), json!(3)]
        {
            let before = object.clone();
            withhold(&mut object);
            assert_eq!(object, before);
        }
    }
}
