//! The spelling of the server: nulls and zeros that Go does not write are left
//! out, what it always writes is put in, quantities are rewritten.

use serde_json::{Map, Value};

use super::bytes;
use super::quantity;
use super::schema::{Field, Shape, table};

/// An object as Go would write it out again: `None` stands for "left out".
#[must_use]
pub fn settle(shape: &Shape, value: Value) -> Option<Value> {
    match (shape, value) {
        (_, Value::Null) => None,
        (Shape::Struct(name), Value::Object(fields)) => Some(settle_struct(name, fields)),
        (Shape::Map { of, .. }, Value::Object(entries)) => {
            Some(entries.into_iter().filter_map(|(key, value)| settle(of, value).map(|value| (key, value))).collect())
        }
        (Shape::List { of, .. }, Value::Array(items)) => {
            Some(items.into_iter().filter_map(|item| settle(of, item)).collect())
        }
        (Shape::Quantity, Value::String(text)) => Some(Value::String(quantity::canonical(&text).unwrap_or(text))),
        (Shape::Bytes, Value::String(text)) => Some(Value::String(bytes::encoded(&text).unwrap_or(text))),
        (_, value) => Some(value),
    }
}

fn settle_struct(name: &str, fields: Map<String, Value>) -> Value {
    let known = table().get(name);
    let mut out = Map::new();
    for (key, value) in fields {
        let Some(field) = known.fields.get(&key) else { continue };
        // A volume's empty capacity is refused in other words than none at all,
        // an empty list of managers takes them all away, and one of policies is none.
        let is_told_apart = name == "core.v1.PersistentVolumeSpec" && key == "capacity"
            || name == "meta.v1.ObjectMeta" && key == "managedFields"
            || name == "autoscaling.v2.HPAScalingRules" && key == "policies";
        if let Some(value) = settle(&field.shape, value).filter(|value| is_told_apart || is_kept(field, value)) {
            out.insert(key, value);
        }
    }
    for (key, field) in known.fields.iter().filter(|(_, field)| field.always && !field.omits_zero) {
        if field.null {
            out.entry(key).or_insert(Value::Null);
            continue;
        }
        if !out.contains_key(key) {
            let zero = field.shape.zero();
            if !zero.is_null() {
                out.insert(key.clone(), zero);
            }
        }
    }
    Value::Object(out)
}

fn is_kept(field: &Field, value: &Value) -> bool {
    match (&field.shape, value) {
        (Shape::Map { .. }, Value::Object(entries)) => !entries.is_empty(),
        (Shape::List { .. }, Value::Array(items)) => !items.is_empty(),
        (_, Value::String(text)) => !(field.omits_zero && text.is_empty()),
        (_, Value::Number(number)) => !(field.omits_zero && number.as_f64() == Some(0.0)),
        (_, Value::Bool(flag)) => !field.omits_zero || *flag,
        _ => true,
    }
}
