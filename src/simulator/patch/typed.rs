//! Checks an applied configuration against the schema before it is merged.
//! Server-side apply is stricter than other writes, in words of its own.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::simulator::schema::{ListKind, Shape, Type, table};

use super::walk::item_element;

/// The first thing wrong with a configuration, with its path.
#[must_use]
pub fn fault(shape: &Shape, value: &Value) -> Option<String> {
    fault_at(shape, value, "")
}

fn fault_at(shape: &Shape, value: &Value, path: &str) -> Option<String> {
    match (shape, value) {
        (_, Value::Null) | (Shape::Any | Shape::Deduced, _) => None,
        (Shape::Struct(name), Value::Object(fields)) => fields_fault(table().get(name), fields, path),
        (Shape::Inline(of), Value::Object(fields)) => fields_fault(of, fields, path),
        (Shape::Map { of, .. }, Value::Object(entries)) => {
            entries.iter().find_map(|(key, value)| fault_at(of, value, &format!("{path}.{key}")))
        }
        (Shape::List { of, kind, .. }, Value::Array(items)) => list_fault(of, kind, items, path),
        (Shape::Struct(_) | Shape::Inline(_) | Shape::Map { .. }, other) => {
            Some(format!("{path}: expected map, got {}", shown(other)))
        }
        (Shape::List { .. }, other) => Some(format!("{path}: expected list, got {}", shown(other))),
        (shape, value) => scalar_fault(shape, value).map(|why| format!("{path}: {why}")),
    }
}

fn fields_fault(known: &Type, fields: &Map<String, Value>, path: &str) -> Option<String> {
    fields.iter().find_map(|(key, value)| {
        let path = format!("{path}.{key}");
        match known.shape_of(key) {
            Some(shape) => fault_at(shape, value, &path),
            None => Some(format!("{path}: field not declared in schema")),
        }
    })
}

fn list_fault(of: &Shape, kind: &ListKind, items: &[Value], path: &str) -> Option<String> {
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let at = match kind {
            ListKind::Atomic => format!("{path}[{index}]"),
            ListKind::Set | ListKind::Map(_) => {
                let element = item_element(of, kind, item);
                if element == "k:{}" {
                    let keys = if let ListKind::Map(keys) = kind { keys.as_slice() } else { &[] };
                    let keys: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
                    return Some(format!(
                        "{path}: element {index}: associative list with keys has an element that omits all key \
                         fields [{}] (and doesn't have default values for any key fields)",
                        keys.join(" ")
                    ));
                }
                let text = super::field_set::path_text(std::slice::from_ref(&element));
                if !seen.insert(element) {
                    return Some(format!("{path}: duplicate entries for key {text}"));
                }
                format!("{path}{text}")
            }
        };
        if let Some(fault) = fault_at(of, item, &at) {
            return Some(fault);
        }
    }
    None
}

fn scalar_fault(shape: &Shape, value: &Value) -> Option<String> {
    let (fits, expected) = match shape {
        Shape::String | Shape::Time | Shape::MicroTime | Shape::Bytes => (value.is_string(), "string"),
        Shape::Int32 | Shape::Int64 | Shape::Number => (value.is_number(), "numeric (int or float)"),
        Shape::Boolean => (value.is_boolean(), "boolean"),
        Shape::Quantity | Shape::IntOrString => (value.is_string() || value.is_number(), "scalar"),
        Shape::Any | Shape::Deduced | Shape::Struct(_) | Shape::Inline(_) | Shape::List { .. } | Shape::Map { .. } => {
            (true, "")
        }
    };
    (!fits).then(|| format!("expected {expected}, got {}", found(value)))
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

fn shown(value: &Value) -> String {
    format!("&{{{}}}", super::unstructured::go_text(value))
}
