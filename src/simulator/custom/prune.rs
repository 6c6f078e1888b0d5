//! What becomes of an object by its schema: fields that are not declared are
//! dropped, defaults filled in.

use serde_json::{Map, Value};

const META: &[&str] = &["apiVersion", "kind", "metadata"];

/// Drops what is not declared; gives the paths of it, in order.
#[must_use]
pub fn prune(object: &mut Value, schema: &Value) -> Vec<String> {
    let mut dropped = Vec::new();
    prune_at(object, Some(schema), true, "", &mut dropped);
    dropped.sort();
    dropped
}

fn prune_at(value: &mut Value, schema: Option<&Value>, is_root: bool, path: &str, dropped: &mut Vec<String>) {
    let is_open = schema.is_some_and(|schema| schema["x-kubernetes-preserve-unknown-fields"] == true);
    let is_object = is_root || schema.is_some_and(|schema| schema["x-kubernetes-embedded-resource"] == true);
    match value {
        Value::Object(fields) => {
            let empty = Map::new();
            let declared = schema.and_then(|schema| schema["properties"].as_object()).unwrap_or(&empty);
            let others = schema.map(|schema| &schema["additionalProperties"]).filter(|other| is_allowed(other));
            fields.retain(|name, value| {
                if is_object && META.contains(&name.as_str()) {
                    return true;
                }
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match declared.get(name).or(others) {
                    Some(inner) => prune_at(value, Some(inner), false, &path, dropped),
                    None if is_open => {}
                    None => {
                        dropped.push(path);
                        return false;
                    }
                }
                true
            });
        }
        Value::Array(items) => {
            let inner = schema.map(|schema| &schema["items"]).filter(|inner| inner.is_object());
            for (index, item) in items.iter_mut().enumerate() {
                if inner.is_some() || !is_open {
                    prune_at(item, inner, false, &format!("{path}[{index}]"), dropped);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_allowed(others: &Value) -> bool {
    others.is_object() || *others == true
}

/// Fills in defaults. A null that may not be one is dropped, or gives way to
/// the default.
pub fn fill(value: &mut Value, schema: &Value) {
    match value {
        Value::Object(fields) => {
            let empty = Map::new();
            let declared = schema["properties"].as_object().unwrap_or(&empty);
            let others = &schema["additionalProperties"];
            fields.retain(|name, value| {
                let inner = declared.get(name).unwrap_or(others);
                !value.is_null() || !inner.is_object() || inner["nullable"] == true
            });
            for (name, property) in declared {
                if !property["default"].is_null() && !fields.contains_key(name) {
                    fields.insert(name.clone(), property["default"].clone());
                }
            }
            for (name, value) in fields.iter_mut() {
                fill(value, declared.get(name).unwrap_or(others));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, &schema["items"])),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_declared_stays_and_what_is_missing_comes() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "size": {"type": "integer", "default": 3},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "items": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
        }}}});
        let mut object = json!({
            "kind": "W", "metadata": {"name": "x"}, "odd": 1,
            "spec": {"free": {"x": [1]}, "labels": {"a": "b"}, "items": [{"a": "1", "b": 2}], "foo": 1, "size": null},
        });
        assert_eq!(prune(&mut object, &schema), ["odd", "spec.foo", "spec.items[0].b"]);
        fill(&mut object, &schema);
        let spec = json!({"free": {"x": [1]}, "labels": {"a": "b"}, "items": [{"a": "1"}], "size": 3});
        assert_eq!(object, json!({"kind": "W", "metadata": {"name": "x"}, "spec": spec}));
    }
}
