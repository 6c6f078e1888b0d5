//! A schema as server-side apply sees it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::simulator::schema::{Field, ListKind, Shape, Type};

/// The shape of whole objects, which have metadata besides what is declared.
#[must_use]
pub fn of(schema: &Value) -> Shape {
    let is_open = schema["x-kubernetes-preserve-unknown-fields"] == true;
    let mut fields = declared(schema, is_open);
    let known = [
        ("apiVersion", Shape::String),
        ("kind", Shape::String),
        ("metadata", Shape::Struct("meta.v1.ObjectMeta".to_owned())),
    ];
    fields.extend(known.map(|(name, shape)| (name.to_owned(), field(shape))));
    let others = is_open.then(|| Box::new(Shape::Deduced));
    Shape::Inline(Box::new(Type { fields, atomic: false, others }))
}

/// What is below an open schema is open as well.
fn shape(schema: &Value, is_open: bool) -> Shape {
    let is_open = is_open || schema["x-kubernetes-preserve-unknown-fields"] == true;
    match schema["type"].as_str() {
        Some("object") => object(schema, is_open),
        Some("array") => Shape::List {
            of: Box::new(shape(&schema["items"], is_open)),
            kind: match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => ListKind::Set,
                Some("map") => {
                    let keys = schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten();
                    ListKind::Map(keys.filter_map(Value::as_str).map(str::to_owned).collect())
                }
                Some(_) | None => ListKind::Atomic,
            },
            merge: None,
        },
        Some("string") => Shape::String,
        Some("integer" | "number") => Shape::Number,
        Some("boolean") => Shape::Boolean,
        Some(_) | None if schema["x-kubernetes-int-or-string"] == true => Shape::IntOrString,
        Some(_) | None => Shape::Deduced,
    }
}

fn object(schema: &Value, is_open: bool) -> Shape {
    let atomic = schema["x-kubernetes-map-type"] == "atomic";
    let fields = declared(schema, is_open);
    let others = match &schema["additionalProperties"] {
        Value::Object(_) => Some(shape(&schema["additionalProperties"], is_open)),
        Value::Bool(true) => Some(Shape::Deduced),
        Value::Null if is_open || fields.is_empty() => Some(Shape::Deduced),
        _ => None,
    };
    match others {
        Some(of) if fields.is_empty() => Shape::Map { of: Box::new(of), atomic },
        others => Shape::Inline(Box::new(Type { fields, atomic, others: others.map(Box::new) })),
    }
}

fn declared(schema: &Value, is_open: bool) -> BTreeMap<String, Field> {
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let field = |(name, property): (&String, &Value)| {
        let default = Some(&property["default"]).filter(|default| !default.is_null()).cloned();
        (name.clone(), Field { default, ..field(shape(property, is_open)) })
    };
    properties.iter().map(field).collect()
}

fn field(shape: Shape) -> Field {
    let one_of = Vec::new();
    Field { shape, always: false, null: false, replaced: false, omits_zero: false, go: None, default: None, one_of }
}
