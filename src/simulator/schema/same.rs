//! Whether two values mean the same: amounts may be spelled in several ways.

use serde_json::Value;

use super::{Shape, table};
use crate::simulator::quantity::Quantity;

/// Whether two specs of a kind mean the same.
#[must_use]
pub fn is_same_spec(kind: &str, one: &Value, other: &Value) -> bool {
    let shape = table().kind(kind);
    match shape.fields().and_then(|fields| fields.fields.get("spec")) {
        Some(spec) => is_same(&spec.shape, one, other),
        None => one == other,
    }
}

fn is_same(shape: &Shape, one: &Value, other: &Value) -> bool {
    match (shape, one, other) {
        (Shape::Quantity, Value::String(one), Value::String(other)) => {
            let amount = |text: &str| Quantity::parse(text).map(Quantity::nanos);
            one == other || amount(one).is_some() && amount(one) == amount(other)
        }
        (Shape::Struct(name), Value::Object(one), Value::Object(other)) => {
            let fields = &table().get(name).fields;
            one.len() == other.len()
                && one.iter().all(|(name, value)| match (fields.get(name), other.get(name)) {
                    (Some(field), Some(other)) => is_same(&field.shape, value, other),
                    (None, Some(other)) => value == other,
                    (_, None) => false,
                })
        }
        (Shape::Map { of, .. }, Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| is_same(of, value, other)))
        }
        (Shape::List { of, .. }, Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(of, one, other))
        }
        _ => one == other,
    }
}
