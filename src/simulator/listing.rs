//! A list as it is answered: the objects as they are stored, written out one by
//! one and copied only for who wants to see them differently.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::objects::kinds::ApiKind;

/// Some objects of a kind.
#[derive(Debug)]
pub struct Listing {
    pub of: &'static ApiKind,
    /// The kind of the list.
    pub kind: String,
    /// The revision, and where the next page begins.
    pub meta: Value,
    pub objects: Vec<Arc<Value>>,
}

impl Listing {
    /// The list as a document of its own.
    #[must_use]
    pub fn body(&self) -> Value {
        let items = self.objects.iter().map(|object| match object.as_object() {
            Some(fields) => fields
                .iter()
                .filter(|(name, _)| self.shows(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            None => Value::clone(object),
        });
        let mut body = Map::new();
        body.insert("kind".to_owned(), self.kind.clone().into());
        body.insert("apiVersion".to_owned(), self.of.api_version().into());
        body.insert("metadata".to_owned(), self.meta.clone());
        body.insert("items".to_owned(), items.collect());
        Value::Object(body)
    }

    /// The token of the next page.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        self.meta["continue"].as_str().filter(|token| !token.is_empty())
    }

    /// Items of a list do not repeat their kind, but for custom ones.
    fn shows(&self, field: &str) -> bool {
        self.of.is_custom() || !matches!(field, "kind" | "apiVersion")
    }
}

impl Serialize for Listing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items: Vec<Item<'_>> = self.objects.iter().map(|object| Item { list: self, object }).collect();
        let mut body = serializer.serialize_map(Some(4))?;
        body.serialize_entry("kind", &self.kind)?;
        body.serialize_entry("apiVersion", &self.of.api_version())?;
        body.serialize_entry("metadata", &self.meta)?;
        body.serialize_entry("items", &items)?;
        body.end()
    }
}

struct Item<'a> {
    list: &'a Listing,
    object: &'a Value,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(fields) = self.object.as_object() else { return self.object.serialize(serializer) };
        serializer.collect_map(fields.iter().filter(|(name, _)| self.list.shows(name)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_written_as_the_document_that_it_is() {
        let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}, "spec": {"kind": 1}});
        let of = ApiKind::named("Pod").unwrap();
        let meta = json!({"resourceVersion": "7"});
        let list = Listing { of, kind: "PodList".to_owned(), meta, objects: vec![Arc::new(pod)] };
        assert_eq!(serde_json::to_string(&list).unwrap(), list.body().to_string());
        assert_eq!(list.body()["items"], json!([{"metadata": {"name": "p"}, "spec": {"kind": 1}}]));
    }
}
