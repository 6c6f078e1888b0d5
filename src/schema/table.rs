//! The generated table in memory. It is read once and never changes; lookups
//! of unknown types give an empty type, so that a stale table can never panic.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// All types that are reachable from the kinds we serve.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Table {
    /// Kind (`StatefulSet`) to type name (`apps.v1.StatefulSet`).
    pub kinds: BTreeMap<String, String>,
    /// Version of the API (`apps/v1`) to all kinds that Kubernetes has in it.
    #[serde(default)]
    pub versions: BTreeMap<String, BTreeSet<String>>,
    pub types: BTreeMap<String, Type>,
}

/// A Go struct.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Type {
    pub fields: BTreeMap<String, Field>,
    /// Owned and replaced as a whole (`x-kubernetes-map-type: atomic`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub atomic: bool,
    /// What fields that are not declared have, where there may be such.
    #[serde(skip)]
    pub others: Option<Box<Shape>>,
}

/// A field of a struct.
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts about a field")]
#[derive(Debug, Serialize, Deserialize)]
pub struct Field {
    #[serde(rename = "s")]
    pub shape: Shape,
    /// Go writes it out even when it is empty.
    #[serde(default, rename = "always", skip_serializing_if = "is_false")]
    pub always: bool,
    /// Its zero is written as `null`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub null: bool,
    /// A strategic merge patch replaces it as a whole.
    #[serde(default, rename = "whole", skip_serializing_if = "is_false")]
    pub replaced: bool,
    /// Go leaves it out when it is zero, so `0`, `""` and `false` do not survive.
    #[serde(default, rename = "zero", skip_serializing_if = "is_false")]
    pub omits_zero: bool,
    /// Go's name of the type, where it has one that says more than its shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go: Option<String>,
    /// Stands in for a missing list-map key (the protocol of a port).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The only texts that it or its items may be, where there are such.
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
}

/// The shape of a value.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    String,
    Int32,
    Int64,
    Number,
    Boolean,
    Quantity,
    IntOrString,
    Time,
    /// Six digits behind the second, and no fewer.
    MicroTime,
    Bytes,
    /// Anything; kept as it is.
    Any,
    Struct(String),
    /// A struct of a custom resource, which is in no table.
    #[serde(skip)]
    Inline(Box<Type>),
    /// Whatever it is: an object is taken apart, all else is one value.
    #[serde(skip)]
    Deduced,
    List {
        of: Box<Shape>,
        #[serde(default, rename = "type", skip_serializing_if = "ListKind::is_atomic")]
        kind: ListKind,
        /// Merge key of strategic merge; empty for lists of scalars that merge.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        merge: Option<String>,
    },
    Map {
        of: Box<Shape>,
        #[serde(default, skip_serializing_if = "is_false")]
        atomic: bool,
    },
}

/// The form of a text that is more than a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Quantity,
    Bytes,
    Time,
    MicroTime,
}

/// How server-side apply sees a list.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ListKind {
    #[default]
    Atomic,
    Set,
    Map(Vec<String>),
}

impl ListKind {
    fn is_atomic(&self) -> bool {
        *self == Self::Atomic
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

static TABLE: LazyLock<Table> = LazyLock::new(|| serde_json::from_str(include_str!("table.json")).unwrap_or_default());

/// The types of the committed table: every walk through an object asks for one at
/// each struct, and most of their names begin alike.
static BY_NAME: LazyLock<HashMap<&'static str, &'static Type>> =
    LazyLock::new(|| TABLE.types.iter().map(|(name, known)| (name.as_str(), known)).collect());

static NOTHING: LazyLock<Type> = LazyLock::new(Type::default);

/// The committed table.
#[must_use]
pub fn table() -> &'static Table {
    &TABLE
}

impl Type {
    /// The shape of a field; `None` where it is not declared and must be.
    #[must_use]
    pub fn shape_of(&self, name: &str) -> Option<&Shape> {
        self.fields.get(name).map(|field| &field.shape).or(self.others.as_deref())
    }
}

impl Table {
    /// The shape of a kind as a whole.
    #[must_use]
    pub fn kind(&self, kind: &str) -> Shape {
        Shape::Struct(self.kinds.get(kind).cloned().unwrap_or_default())
    }

    /// The type of what says this of itself; `None` if it is in no table.
    #[must_use]
    pub fn object(&self, api_version: &str, kind: &str) -> Option<&Type> {
        let (group, version) = api_version.split_once('/').unwrap_or(("core", api_version));
        let group = group.split('.').next().unwrap_or_default();
        let name = self.kinds.get(kind)?;
        let is_it = *name == format!("{group}.{version}.{kind}") && self.versions.contains_key(api_version);
        self.types.get(name).filter(|_| is_it)
    }

    /// A type by name; an unknown name gives a type without fields.
    #[must_use]
    pub fn get(&'static self, name: &str) -> &'static Type {
        BY_NAME.get(name).copied().unwrap_or(&NOTHING)
    }
}

impl Shape {
    /// The fields, if this is a struct.
    #[must_use]
    pub fn fields(&self) -> Option<&Type> {
        match self {
            Self::Struct(name) => Some(table().get(name)),
            Self::Inline(of) => Some(of),
            Self::String
            | Self::Int32
            | Self::Int64
            | Self::Number
            | Self::Boolean
            | Self::Quantity
            | Self::IntOrString
            | Self::Time
            | Self::MicroTime
            | Self::Bytes
            | Self::Any
            | Self::Deduced
            | Self::List { .. }
            | Self::Map { .. } => None,
        }
    }

    /// The form that a text of this shape has to have, where it has one.
    #[must_use]
    pub const fn written(&self) -> Option<Written> {
        match self {
            Self::Quantity => Some(Written::Quantity),
            Self::Bytes => Some(Written::Bytes),
            Self::Time => Some(Written::Time),
            Self::MicroTime => Some(Written::MicroTime),
            Self::String
            | Self::Int32
            | Self::Int64
            | Self::Number
            | Self::Boolean
            | Self::IntOrString
            | Self::Any
            | Self::Deduced
            | Self::Inline(_)
            | Self::Struct(_)
            | Self::List { .. }
            | Self::Map { .. } => None,
        }
    }

    /// What Go writes for an empty value of this shape in an `always` field.
    #[must_use]
    pub fn zero(&self) -> Value {
        match self {
            Self::Struct(name) => Value::Object(
                table()
                    .get(name)
                    .fields
                    .iter()
                    .filter(|(_, field)| field.always && !field.omits_zero)
                    .map(|(name, field)| (name.clone(), if field.null { Value::Null } else { field.shape.zero() }))
                    .collect(),
            ),
            Self::Inline(_) => Value::Object(Map::new()),
            Self::String | Self::Bytes => Value::from(""),
            Self::Int32 | Self::Int64 | Self::Number | Self::IntOrString => Value::from(0),
            Self::Boolean => Value::from(false),
            Self::Quantity => Value::from("0"),
            Self::Time | Self::MicroTime | Self::Any | Self::Deduced | Self::List { .. } | Self::Map { .. } => {
                Value::Null
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::kinds::KINDS;

    #[test]
    fn the_table_describes_every_kind_that_is_served() {
        for kind in KINDS {
            let fields = table().kind(kind.kind).fields().map(|known| known.fields.contains_key("metadata"));
            assert_eq!(fields, Some(true), "{}", kind.kind);
        }
    }

    #[test]
    fn container_ports_merge_by_number_and_protocol() {
        let ports = &table().get("core.v1.Container").fields["ports"].shape;
        let Shape::List { kind: ListKind::Map(keys), .. } = ports else { panic!("ports are a keyed list") };
        assert_eq!(keys, &["containerPort", "protocol"]);
        assert_eq!(table().get("core.v1.ContainerPort").fields["protocol"].default, Some(Value::from("TCP")));
    }
}
