//! Messages as JSON, by the shapes of the schema.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Number, Value};

use super::Unreadable;
use super::numbers::{FieldNumber, Name, Names, names};
use super::wire::{WireField, WireValue, fields};
use crate::simulator::schema::{Shape, table};

/// Deeper messages are not read; no kind comes close.
const DEEPEST: usize = 64;

/// An object of a kind, without its kind.
///
/// # Errors
/// See `Unreadable`.
pub fn of_kind(kind: &str, raw: &[u8]) -> Result<Map<String, Value>, Unreadable> {
    let name = table().kinds.get(kind).ok_or(Unreadable::UnknownKind)?;
    let names = names(name).ok_or(Unreadable::UnknownKind)?;
    let mut object = Map::new();
    read(raw, name, names, &mut object, 0)?;
    Ok(object)
}

fn read(
    raw: &[u8],
    name: &str,
    names: &Names,
    object: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), Unreadable> {
    if depth > DEEPEST {
        return Err(Unreadable::Torn);
    }
    let shapes = &table().get(name).fields;
    for WireField { number, value } in fields(raw)? {
        match names.get(&FieldNumber(number)) {
            None => {}
            Some(Name::Inline(inner)) => read(value.bytes(), name, inner, object, depth + 1)?,
            Some(Name::Field(field)) => {
                let Some(shape) = shapes.get(field).map(|field| &field.shape) else { continue };
                add(object, field, shape, value, depth)?;
            }
        }
    }
    Ok(())
}

/// Lists and maps come entry by entry.
fn add(
    object: &mut Map<String, Value>,
    field: &str,
    shape: &Shape,
    value: WireValue<'_>,
    depth: usize,
) -> Result<(), Unreadable> {
    match shape {
        Shape::List { of, .. } => {
            let item = single(of, value, depth)?;
            let list = object.entry(field).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(items) = list {
                items.push(item);
            }
        }
        Shape::Map { of, .. } => {
            let entry = fields(value.bytes())?;
            let part = |number: u64| entry.iter().rev().find(|field| field.number == number).map(|field| field.value);
            let key = part(1).map_or(&[][..], WireValue::bytes);
            let item = single(of, part(2).unwrap_or(WireValue::Bytes(&[])), depth)?;
            let map = object.entry(field).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(items) = map {
                items.insert(String::from_utf8_lossy(key).into_owned(), item);
            }
        }
        Shape::String
        | Shape::Int32
        | Shape::Int64
        | Shape::Number
        | Shape::Boolean
        | Shape::Quantity
        | Shape::IntOrString
        | Shape::Time
        | Shape::MicroTime
        | Shape::Bytes
        | Shape::Any
        | Shape::Inline(_)
        | Shape::Deduced
        | Shape::Struct(_) => {
            object.insert(field.to_owned(), single(shape, value, depth)?);
        }
    }
    Ok(())
}

fn single(shape: &Shape, value: WireValue<'_>, depth: usize) -> Result<Value, Unreadable> {
    let text = |bytes: &[u8]| Value::from(String::from_utf8_lossy(bytes).into_owned());
    let inner = |number: u64| {
        let found = fields(value.bytes())?;
        Ok(found.into_iter().rev().find(|field| field.number == number).map(|field| field.value))
    };
    Ok(match shape {
        Shape::String => text(value.bytes()),
        Shape::Int32 | Shape::Int64 => value.number().cast_signed().into(),
        Shape::Number => Number::from_f64(f64::from_bits(value.number())).map_or(Value::Null, Value::Number),
        Shape::Boolean => (value.number() != 0).into(),
        Shape::Bytes => STANDARD.encode(value.bytes()).into(),
        Shape::Quantity => text(inner(1)?.map_or(&[], WireValue::bytes)),
        Shape::IntOrString => match inner(1)?.map(WireValue::number) {
            Some(1) => text(inner(3)?.map_or(&[], WireValue::bytes)),
            Some(_) | None => inner(2)?.map_or(0, WireValue::number).cast_signed().into(),
        },
        Shape::Time | Shape::MicroTime if value.bytes().is_empty() => Value::Null,
        Shape::Time => time(inner(1)?, None).map_or(Value::Null, |time| time.strftime("%FT%TZ").to_string().into()),
        Shape::MicroTime => {
            time(inner(1)?, inner(2)?).map_or(Value::Null, |time| time.strftime("%FT%T.%6fZ").to_string().into())
        }
        // Text in JSON, inside a message of its own.
        Shape::Any => serde_json::from_slice(inner(1)?.map_or(&[], WireValue::bytes)).unwrap_or(Value::Null),
        Shape::Struct(name) => {
            let mut object = Map::new();
            if let Some(names) = names(name) {
                read(value.bytes(), name, names, &mut object, depth + 1)?;
            }
            Value::Object(object)
        }
        Shape::List { .. } | Shape::Map { .. } | Shape::Inline(_) | Shape::Deduced => Value::Null,
    })
}

fn time(seconds: Option<WireValue<'_>>, nanoseconds: Option<WireValue<'_>>) -> Option<Timestamp> {
    let number = |value: Option<WireValue<'_>>| value.map_or(0, WireValue::number).cast_signed();
    Timestamp::new(number(seconds), i32::try_from(number(nanoseconds)).ok()?).ok()
}
