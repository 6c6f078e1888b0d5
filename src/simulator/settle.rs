//! The spelling of the server: nulls and zeros that Go does not write are left
//! out, what it always writes is put in, quantities and times are rewritten.

use jiff::Timestamp;
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
            Some(entries.into_iter().map(|(key, value)| (key, item(of, value))).collect())
        }
        (Shape::List { of, .. }, Value::Array(items)) => Some(items.into_iter().map(|value| item(of, value)).collect()),
        (Shape::Quantity, Value::String(text)) => Some(Value::String(quantity::canonical(&text).unwrap_or(text))),
        (Shape::Bytes, Value::String(text)) => Some(Value::String(bytes::encoded(&text).unwrap_or(text))),
        (Shape::Time, Value::String(text)) => Some(in_utc(text, 20, "%Y-%m-%dT%H:%M:%SZ").into()),
        (Shape::MicroTime, Value::String(text)) => Some(in_utc(text, 27, "%Y-%m-%dT%H:%M:%S.%6fZ").into()),
        (_, value) => Some(value),
    }
}

/// In a list or a map a null stands for an empty value.
fn item(of: &Shape, value: Value) -> Value {
    settle(of, value).unwrap_or_else(|| of.zero())
}

/// A time as the server writes it; what it wrote itself has this length.
fn in_utc(text: String, length: usize, format: &str) -> String {
    if text.len() == length && text.ends_with('Z') {
        return text;
    }
    text.parse::<Timestamp>().map_or(text, |time| time.strftime(format).to_string())
}

/// What storing does to an object: empty lists become none.
pub fn empty_lists(shape: &Shape, object: &mut Value) {
    let (Shape::Struct(name), Some(fields)) = (shape, object.as_object_mut()) else { return };
    for (name, _) in table().get(name).fields.iter().filter(|(_, field)| field.always && field.null) {
        if let Some(value) = fields.get_mut(name)
            && value.as_array().is_some_and(Vec::is_empty)
        {
            *value = Value::Null;
        }
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
        // An empty list that Go writes is told apart from none until it is stored.
        (Shape::List { .. }, Value::Array(items)) => !items.is_empty() || field.always && field.null,
        (_, Value::String(text)) => !(field.omits_zero && text.is_empty()),
        (_, Value::Number(number)) => !(field.omits_zero && number.as_f64() == Some(0.0)),
        (_, Value::Bool(flag)) => !field.omits_zero || *flag,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_kept_in_utc_and_without_more_digits_than_there_are_places() {
        let settled = |shape: &Shape, text: &str| settle(shape, text.into());
        let cases = [
            (Shape::Time, "2026-11-21T12:00:00+02:00", "2026-11-21T10:00:00Z"),
            (Shape::Time, "2026-11-21T12:00:00.987Z", "2026-11-21T12:00:00Z"),
            (Shape::Time, "2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z"),
            (Shape::MicroTime, "2026-11-21T12:00:00.120000-01:00", "2026-11-21T13:00:00.120000Z"),
        ];
        for (shape, written, kept) in cases {
            assert_eq!(settled(&shape, written), Some(kept.into()), "{written}");
        }
    }
}
