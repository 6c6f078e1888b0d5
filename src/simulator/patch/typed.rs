//! Checks an applied configuration against the schema before it is merged.
//! Server-side apply is stricter than other writes, in words of its own.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::simulator::schema::{ListKind, Shape, Type, table};

use super::walk::item_element;

/// What is wrong with a configuration, with the paths.
#[must_use]
pub fn fault(shape: &Shape, value: &Value) -> Option<String> {
    let mut faults = Vec::new();
    fault_at(shape, value, "", &mut faults);
    match faults.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        several => Some(format!("errors:\n  {}", several.join("\n  "))),
    }
}

fn fault_at(shape: &Shape, value: &Value, path: &str, faults: &mut Vec<String>) {
    match (shape, value) {
        (_, Value::Null) | (Shape::Any | Shape::Deduced, _) => {}
        (Shape::Struct(name), Value::Object(fields)) => fields_fault(table().get(name), fields, path, faults),
        (Shape::Inline(of), Value::Object(fields)) => fields_fault(of, fields, path, faults),
        (Shape::Map { of, .. }, Value::Object(entries)) => {
            for (key, value) in entries {
                fault_at(of, value, &format!("{path}.{key}"), faults);
            }
        }
        (Shape::List { of, kind, .. }, Value::Array(items)) => list_fault(of, kind, items, path, faults),
        (Shape::Struct(_) | Shape::Inline(_) | Shape::Map { .. }, other) => {
            faults.push(format!("{path}: expected map, got {}", shown(other)));
        }
        (Shape::List { .. }, other) => faults.push(format!("{path}: expected list, got {}", shown(other))),
        (shape, value) => faults.extend(scalar_fault(shape, value).map(|why| format!("{path}: {why}"))),
    }
}

fn fields_fault(known: &Type, fields: &Map<String, Value>, path: &str, faults: &mut Vec<String>) {
    for (key, value) in fields {
        let path = format!("{path}.{key}");
        let Some(shape) = known.shape_of(key) else {
            faults.push(format!("{path}: field not declared in schema"));
            return;
        };
        fault_at(shape, value, &path, faults);
    }
}

fn list_fault(of: &Shape, kind: &ListKind, items: &[Value], path: &str, faults: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let at = if let Some(why) = no_element(kind, item) {
            faults.push(format!("{path}: element {index}: {why}"));
            return;
        } else if *kind == ListKind::Atomic {
            format!("{path}[{index}]")
        } else {
            let element = item_element(of, kind, item);
            if let ListKind::Map(keys) = kind
                && element == "k:{}"
            {
                let names: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
                let why = "associative list with keys has an element that omits all key fields";
                let more = "(and doesn't have default values for any key fields)";
                faults.push(format!("{path}: element {index}: {why} [{}] {more}", names.join(" ")));
                return;
            }
            let text = super::field_set::path_text(std::slice::from_ref(&element));
            if !seen.insert(element) {
                faults.push(format!("{path}: duplicate entries for key {text}"));
            }
            format!("{path}{text}")
        };
        fault_at(of, item, &at, faults);
    }
}

/// Why an item cannot be told apart from others.
fn no_element(kind: &ListKind, item: &Value) -> Option<&'static str> {
    match (kind, item) {
        (ListKind::Atomic, _) | (ListKind::Map(_), Value::Object(_)) => None,
        (ListKind::Map(_), Value::Null) => Some("associative list with keys may not have a null element"),
        (ListKind::Map(_), _) => Some("associative list with keys may not have non-map elements"),
        (ListKind::Set, Value::Object(_)) => Some("associative list without keys has an element that's a map type"),
        (ListKind::Set, Value::Array(_)) => Some("not supported: associative list with lists as elements"),
        (ListKind::Set, Value::Null) => Some("associative list without keys has an element that's an explicit null"),
        (ListKind::Set, _) => None,
    }
}

fn scalar_fault(shape: &Shape, value: &Value) -> Option<String> {
    match shape {
        Shape::String | Shape::Bytes => (!value.is_string())
            .then(|| format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(value))),
        Shape::Int32 | Shape::Int64 | Shape::Number => {
            (!value.is_number()).then(|| format!("expected numeric (int or float), got {}", go_type(value)))
        }
        Shape::Boolean => (!value.is_boolean()).then(|| format!("expected boolean, got {}", shown(value))),
        Shape::Quantity | Shape::Time | Shape::MicroTime => {
            (value.is_object() || value.is_array()).then(|| format!("expected any scalar, got {}", shown(value)))
        }
        // What is a number or a text is found out when it is read.
        Shape::IntOrString
        | Shape::Any
        | Shape::Deduced
        | Shape::Struct(_)
        | Shape::Inline(_)
        | Shape::List { .. }
        | Shape::Map { .. } => None,
    }
}

/// The name of a value's type in Go.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A value as Go's source would have it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("{}{{{}}}", go_type(value), items.join(", "))
        }
        Value::Object(fields) => {
            let mut entries: Vec<(&String, &Value)> = fields.iter().collect();
            entries.sort_by_key(|(name, _)| *name);
            let entries: Vec<String> =
                entries.into_iter().map(|(name, value)| format!("{name:?}:{}", go_syntax(value))).collect();
            format!("{}{{{}}}", go_type(value), entries.join(", "))
        }
    }
}

fn shown(value: &Value) -> String {
    format!("&{{{}}}", super::unstructured::go_text(value))
}
