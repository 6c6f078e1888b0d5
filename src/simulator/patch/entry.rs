//! One entry of `metadata.managedFields`: who wrote, how, when, and which
//! fields.

use serde_json::{Map, Value};

use super::field_set::FieldSet;

/// Whose entry it is. Entries of appliers do not depend on the API version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    pub operation: Operation,
    pub manager: String,
    pub api_version: String,
    pub subresource: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    Apply,
    Update,
}

impl Operation {
    fn text(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

impl Owner {
    /// As conflicts name it; appliers without their API version.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{:?}", self.manager);
        if !self.subresource.is_empty() {
            text = format!("{text} with subresource {:?}", self.subresource);
        }
        match self.operation {
            Operation::Apply => text,
            Operation::Update => format!("{text} using {}", self.api_version),
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.operation == other.operation
            && self.manager == other.manager
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub owner: Owner,
    pub time: Option<String>,
    pub set: FieldSet,
}

impl Entry {
    /// Whether it owns the number of pods of a set, or of its scale.
    pub fn has_count(&self) -> bool {
        self.set.below("f:spec").is_some_and(|spec| spec.has("f:replicas"))
    }

    pub fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let operation = match value["operation"].as_str() {
            Some("Apply") => Operation::Apply,
            Some("Update") => Operation::Update,
            _ => return None,
        };
        if value["fieldsType"] != "FieldsV1" || text("apiVersion").is_empty() {
            return None;
        }
        let owner = Owner {
            operation,
            manager: text("manager"),
            api_version: text("apiVersion"),
            subresource: text("subresource"),
        };
        let time = value["time"].as_str().map(str::to_owned);
        Some(Self { owner, time, set: FieldSet::from_fields(&value["fieldsV1"]) })
    }

    pub fn write(&self) -> Value {
        let mut out = Map::new();
        out.insert("manager".to_owned(), Value::from(self.owner.manager.clone()));
        out.insert("operation".to_owned(), Value::from(self.owner.operation.text()));
        out.insert("apiVersion".to_owned(), Value::from(self.owner.api_version.clone()));
        if let Some(time) = &self.time {
            out.insert("time".to_owned(), Value::from(time.clone()));
        }
        out.insert("fieldsType".to_owned(), Value::from("FieldsV1"));
        out.insert("fieldsV1".to_owned(), self.set.to_fields());
        if !self.owner.subresource.is_empty() {
            out.insert("subresource".to_owned(), Value::from(self.owner.subresource.clone()));
        }
        Value::Object(out)
    }
}
