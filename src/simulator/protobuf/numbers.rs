//! Which field has which number. Generated from the published definitions
//! (`generated.proto`); a Go struct that stands inline in another is a message
//! of its own on the wire.

use std::collections::BTreeMap;
use std::num::ParseIntError;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::simulator::schema::table;

/// A field's number; text in JSON, where keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldNumber(pub u64);

impl TryFrom<String> for FieldNumber {
    type Error = ParseIntError;

    fn try_from(text: String) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl From<FieldNumber> for String {
    fn from(FieldNumber(number): FieldNumber) -> Self {
        number.to_string()
    }
}

/// The fields of a message, by number.
pub type Names = BTreeMap<FieldNumber, Name>;

/// All messages, by the name of their type in the schema.
pub type Numbers = BTreeMap<String, Names>;

/// What a number stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Name {
    Field(String),
    /// Fields of the type itself, in a message of their own.
    Inline(Names),
}

static NUMBERS: LazyLock<Numbers> =
    LazyLock::new(|| serde_json::from_str(include_str!("numbers.json")).unwrap_or_default());

/// The fields of a type; `None` if it is unknown.
#[must_use]
pub fn names(name: &str) -> Option<&'static Names> {
    // What stands behind a `+` is a variant for managers of fields.
    NUMBERS.get(name.split('+').next().unwrap_or_default())
}

/// One field of a definition: its number, its name and its type.
type Declared<'a> = (FieldNumber, &'a str, &'a str);

/// Makes the numbers of all types of the schema from definitions, each with the
/// group and version of its package (`core.v1`).
#[must_use]
pub fn generate(definitions: &[(String, String)]) -> Numbers {
    let mut messages: BTreeMap<String, Vec<Declared<'_>>> = BTreeMap::new();
    for (package, text) in definitions {
        let mut name = None;
        for line in text.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("message ") {
                name = Some(format!("{package}.{}", rest.trim_end_matches(['{', ' '])));
            } else if let (Some(name), Some(field)) = (&name, declared(line)) {
                messages.entry(name.clone()).or_default().push(field);
            }
        }
    }
    let types = table().types.keys().filter(|name| messages.contains_key(*name));
    types.map(|name| (name.clone(), named(name, name, &messages))).collect()
}

fn declared(line: &str) -> Option<Declared<'_>> {
    let (left, number) = line.strip_suffix(';')?.rsplit_once('=')?;
    let (kind, name) = left.trim().rsplit_once(' ')?;
    let kind = kind.trim_start_matches("optional ").trim_start_matches("repeated ");
    Some((FieldNumber(number.trim().parse().ok()?), name, kind))
}

/// The fields of a message that is `of_type` or stands inline in it.
fn named(message: &str, of_type: &str, messages: &BTreeMap<String, Vec<Declared<'_>>>) -> Names {
    let known = &table().get(of_type).fields;
    let package = message.rsplit_once('.').map_or("", |(package, _)| package);
    let name_of = |(number, name, kind): &Declared<'_>| {
        if known.contains_key(*name) {
            return Some((*number, Name::Field((*name).to_owned())));
        }
        let parts: Vec<&str> = kind.trim_start_matches('.').split('.').collect();
        let inner = match parts.as_slice() {
            [name] => format!("{package}.{name}"),
            [.., group, version, name] => format!("{group}.{version}.{name}"),
            _ => return None,
        };
        messages.contains_key(&inner).then(|| (*number, Name::Inline(named(&inner, of_type, messages))))
    };
    messages.get(message).into_iter().flatten().filter_map(name_of).collect()
}
