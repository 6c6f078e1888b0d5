//! How objects are walked that know the schema: which parts of a value have
//! owners of their own, and under which path elements.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::simulator::schema::{Field, ListKind, Shape, Type, table};

/// How a shape is walked.
pub(super) enum Walk<'a> {
    /// One value as a whole: scalars, atomic lists and maps.
    Leaf,
    Fields(&'a Type),
    Entries(&'a Shape),
    Items(&'a Shape, &'a ListKind),
}

/// How these values of a shape are walked; what is not declared goes by them.
#[must_use]
pub(super) fn walk<'a>(shape: &'a Shape, values: &[Option<&Value>]) -> Walk<'a> {
    match shape {
        Shape::Struct(name) => fields_of(table().get(name)),
        Shape::Inline(of) => fields_of(of),
        Shape::Deduced if values.iter().flatten().all(|value| value.is_object() || value.is_null()) => {
            Walk::Entries(&Shape::Deduced)
        }
        Shape::Map { of, atomic: false } => Walk::Entries(of),
        Shape::List { of, kind: kind @ (ListKind::Set | ListKind::Map(_)), .. } => Walk::Items(of, kind),
        Shape::List { kind: ListKind::Atomic, .. }
        | Shape::Map { atomic: true, .. }
        | Shape::String
        | Shape::Int32
        | Shape::Int64
        | Shape::Number
        | Shape::Boolean
        | Shape::Quantity
        | Shape::IntOrString
        | Shape::Time
        | Shape::MicroTime
        | Shape::Bytes
        | Shape::Deduced
        | Shape::Any => Walk::Leaf,
    }
}

fn fields_of(of: &Type) -> Walk<'_> {
    if of.atomic { Walk::Leaf } else { Walk::Fields(of) }
}

/// Whether it is a field of a struct, and not an entry of a map.
#[must_use]
pub(super) fn is_declared(walked: &Walk<'_>, name: &str) -> bool {
    matches!(walked, Walk::Fields(owner) if owner.fields.contains_key(name))
}

/// The shape of a struct's field or of a map's entry; `None` if undeclared.
#[must_use]
pub(super) fn field_shape<'a>(walked: &Walk<'a>, name: &str) -> Option<&'a Shape> {
    match walked {
        Walk::Fields(owner) => owner.shape_of(name),
        Walk::Entries(of) => Some(of),
        Walk::Leaf | Walk::Items(..) => None,
    }
}

/// The path element of a list item: its keys, or its value in a set.
#[must_use]
pub(super) fn item_element(of: &Shape, kind: &ListKind, item: &Value) -> String {
    let ListKind::Map(keys) = kind else { return format!("v:{item}") };
    let found: BTreeMap<&str, Value> = keys
        .iter()
        .filter_map(|key| {
            let field = || of.fields().and_then(|known| known.fields.get(key));
            let zero = |field: &Field| field.always.then(|| field.shape.zero());
            let default = || field().and_then(|field| field.default.clone().or_else(|| zero(field)));
            item.get(key).cloned().or_else(default).map(|value| (key.as_str(), value))
        })
        .collect();
    format!("k:{}", serde_json::to_string(&found).unwrap_or_default())
}

/// Nothing, or a list or an object with nothing in it.
#[must_use]
pub(super) fn is_hollow(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => false,
    }
}
