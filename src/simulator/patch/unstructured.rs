//! How a strategically merged object becomes typed again. The real server does
//! not read it as JSON but field by field, with words of its own for what does
//! not fit, and whole numbers that are too large wrap around.

use serde_json::{Map, Value};

use crate::simulator::document::json_type;
use crate::simulator::schema::{Shape, table};

/// Turns numbers into what their fields hold.
///
/// # Errors
/// The real server's words for the first value that does not fit.
pub fn convert(shape: &Shape, value: &mut Value) -> Result<(), String> {
    if value.is_null() {
        return Ok(());
    }
    match shape {
        Shape::Struct(name) => match value {
            Value::Object(fields) => convert_fields(name, fields),
            other => Err(format!("cannot restore struct from: {}", go_kind(other))),
        },
        Shape::Map { of, .. } => match value {
            Value::Object(entries) => entries.values_mut().try_for_each(|entry| convert(of, entry)),
            other => Err(format!("cannot restore map from {}", go_kind(other))),
        },
        Shape::List { of, .. } => match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| convert(of, item)),
            other => Err(format!("cannot restore slice from {}", go_kind(other))),
        },
        Shape::Bytes if value.is_array() => {
            let mut bytes = value.as_array_mut().into_iter().flatten();
            bytes.try_for_each(|byte| whole(byte, "uint8", |number| number & 0xff))
        }
        Shape::Bytes if !value.is_string() => Err(format!("cannot restore slice from {}", go_kind(value))),
        Shape::Int32 => whole(value, "int32", |number| i64::from(wrapped(number))),
        Shape::Int64 => whole(value, "int64", |number| number),
        Shape::Boolean if !value.is_boolean() => Err("unrecognized type: bool".to_owned()),
        Shape::String if value.is_i64() => Err("cannot convert int64 to string".to_owned()),
        Shape::String if !value.is_string() => Err("unrecognized type: string".to_owned()),
        Shape::String
        | Shape::Boolean
        | Shape::Bytes
        | Shape::Number
        | Shape::Quantity
        | Shape::Inline(_)
        | Shape::Deduced
        | Shape::Any => Ok(()),
        Shape::IntOrString => json_only(value, value.is_string() || value.is_number(), "int32"),
        Shape::Time | Shape::MicroTime => json_only(value, value.is_string(), "string"),
    }
}

/// Types that read themselves from JSON.
fn json_only(value: &Value, fits: bool, wanted: &str) -> Result<(), String> {
    let found = json_type(value);
    if fits { Ok(()) } else { Err(format!("json: cannot unmarshal {found} into Go value of type {wanted}")) }
}

fn convert_fields(name: &str, fields: &mut Map<String, Value>) -> Result<(), String> {
    let known = table().get(name);
    fields.iter_mut().try_for_each(|(name, value)| match known.fields.get(name) {
        Some(field) => convert(&field.shape, value).map_err(|why| match &field.go {
            Some(go) if matches!(field.shape, Shape::String) => why.replace(" to string", &format!(" to {go}")),
            Some(_) | None => why,
        }),
        None => Ok(()),
    })
}

fn whole(value: &mut Value, kind: &str, fit: fn(i64) -> i64) -> Result<(), String> {
    let Value::Number(number) = &*value else { return Err(format!("unrecognized type: {kind}")) };
    if let Some(whole) = number.as_i64() {
        *value = Value::from(fit(whole));
        return Ok(());
    }
    Err(format!("cannot convert float64 to {kind}"))
}

/// The lower half of a number, as Go converts it.
fn wrapped(number: i64) -> i32 {
    let [_, _, _, _, a, b, c, d] = number.to_be_bytes();
    i32::from_be_bytes([a, b, c, d])
}

fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

/// A value as Go prints it with `%v`.
#[must_use]
pub fn go_text(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(go_text).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => go_map(fields),
    }
}

/// A map as Go prints it, sorted by its keys.
#[must_use]
pub fn go_map(map: &Map<String, Value>) -> String {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_by_key(|(name, _)| *name);
    let entries: Vec<String> = entries.into_iter().map(|(name, value)| format!("{name}:{}", go_text(value))).collect();
    format!("map[{}]", entries.join(" "))
}
