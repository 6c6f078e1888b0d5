//! Name, namespace and labels, the same for every kind.

use serde_json::{Map, Value, json};

/// Pairs in the order in which they were given.
pub type Pairs = Vec<(String, String)>;

/// What an object is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    pub name: String,
    /// `None` for cluster-scoped kinds.
    pub namespace: Option<String>,
    pub labels: Pairs,
    pub annotations: Pairs,
}

impl Metadata {
    #[must_use]
    pub fn new(name: &str, namespace: Option<&str>, labels: Pairs) -> Self {
        Self { name: name.to_owned(), namespace: namespace.map(str::to_owned), labels, annotations: Pairs::new() }
    }

    pub(super) fn value(&self) -> Value {
        let mut out = Map::new();
        out.insert("name".to_owned(), json!(self.name));
        if let Some(namespace) = &self.namespace {
            out.insert("namespace".to_owned(), json!(namespace));
        }
        for (field, pairs) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if !pairs.is_empty() {
                out.insert(field.to_owned(), map(pairs));
            }
        }
        Value::Object(out)
    }
}

/// Pairs as an object; the last of two equal keys wins.
pub(super) fn map(pairs: &Pairs) -> Value {
    Value::Object(pairs.iter().map(|(key, value)| (key.clone(), json!(value))).collect())
}

/// `apiVersion`, `kind`, `metadata`, then the rest as given; `null` is left out.
pub(super) fn manifest(api_version: &str, kind: &str, metadata: &Metadata, rest: &[(&str, Value)]) -> Value {
    let mut out = Map::new();
    out.insert("apiVersion".to_owned(), json!(api_version));
    out.insert("kind".to_owned(), json!(kind));
    out.insert("metadata".to_owned(), metadata.value());
    extend(&mut out, rest);
    Value::Object(out)
}

/// An object of the fields that are not `null`.
pub(super) fn object(fields: &[(&str, Value)]) -> Value {
    let mut out = Map::new();
    extend(&mut out, fields);
    Value::Object(out)
}

/// A list, or `null` when there is nothing in it.
pub(super) fn items(items: Vec<Value>) -> Value {
    if items.is_empty() { Value::Null } else { Value::Array(items) }
}

fn extend(out: &mut Map<String, Value>, fields: &[(&str, Value)]) {
    out.extend(
        fields.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| ((*key).to_owned(), value.clone())),
    );
}
