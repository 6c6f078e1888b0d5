//! The OpenAPI documents, as far as kubectl needs them: that PATCH understands
//! `fieldValidation` (apply, patch, replace), and the fields of each kind with
//! their types (explain). What fields are good for is not in the schema; each
//! kind says where that can be read.

use serde_json::{Map, Value, json};

use super::discovery::VERSION;
use super::groups::{Group, groups};
use super::schema::{Field, Shape, table};
use super::store::Store;
use crate::objects::kinds::{ApiKind, KINDS, collection_path};

const NO_TEXTS: &str = "The simulated cluster knows the fields and their types, but not what they are good for: \
                        `kubectl explain` on a real cluster tells.";

/// Which documents there are.
#[must_use]
pub fn index(store: &Store) -> Value {
    let mut paths = json!({"api/v1": {"serverRelativeURL": "/openapi/v3/api/v1"}});
    for Group { name, versions } in groups(store) {
        for version in versions {
            let path = format!("apis/{name}/{version}");
            paths[&path] = json!({ "serverRelativeURL": format!("/openapi/v3/{path}") });
        }
    }
    json!({ "paths": paths })
}

/// The document of a group in a version.
#[must_use]
pub fn document(store: &Store, group: &str, version: &str) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    let custom = store.definitions().of_group(group);
    let custom: Vec<_> = custom.filter_map(|definition| definition.served(version)).collect();
    let kinds = KINDS.iter().filter(|kind| kind.group == group).chain(custom.iter().map(|version| version.kind));
    for kind in kinds {
        let of_kind = json!({"group": kind.group, "version": kind.version, "kind": kind.name()});
        let path = collection_path(kind, if kind.namespaced { "{namespace}" } else { "" });
        let parameters = json!([{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}]);
        let operation =
            |action: &str| json!({"x-kubernetes-action": action, "x-kubernetes-group-version-kind": of_kind});
        let mut patching = operation("patch");
        patching["parameters"] = parameters;
        paths.insert(format!("{path}/{{name}}"), json!({"get": operation("get"), "patch": patching}));
        paths.insert(path, json!({"get": operation("list")}));
        add_kind(kind, &of_kind, &mut schemas);
    }
    for version in custom {
        let mut schema = version.schema.clone();
        let of_kind = json!({"group": group, "version": version.name, "kind": version.kind_name});
        schema["x-kubernetes-group-version-kind"] = json!([of_kind]);
        for (name, kind) in [("apiVersion", "string"), ("kind", "string"), ("metadata", "object")] {
            schema["properties"][name] = json!({ "type": kind });
        }
        schemas.insert(format!("{group}.{}.{}", version.name, version.kind_name), schema);
    }
    json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": VERSION},
        "paths": paths, "components": {"schemas": schemas},
    })
}

fn add_kind(kind: &ApiKind, of_kind: &Value, schemas: &mut Map<String, Value>) {
    let Some(name) = table().kinds.get(kind.kind) else { return };
    add(name, schemas);
    if let Some(schema) = schemas.get_mut(name) {
        schema["description"] = NO_TEXTS.into();
        schema["x-kubernetes-group-version-kind"] = json!([of_kind]);
    }
}

/// A type and all that it refers to.
fn add(name: &str, schemas: &mut Map<String, Value>) {
    if schemas.contains_key(name) {
        return;
    }
    // Types may refer to themselves.
    schemas.insert(name.to_owned(), Value::Null);
    let fields = &table().get(name).fields;
    for Field { shape, .. } in fields.values() {
        if let Some(inner) = struct_in(shape) {
            add(inner, schemas);
        }
    }
    let properties: Map<String, Value> =
        fields.iter().map(|(name, field)| (name.clone(), schema(&field.shape))).collect();
    schemas.insert(name.to_owned(), json!({"type": "object", "properties": properties}));
}

fn struct_in(shape: &Shape) -> Option<&str> {
    match shape {
        Shape::Struct(name) => Some(name),
        Shape::List { of, .. } | Shape::Map { of, .. } => struct_in(of),
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
        | Shape::Inline(_)
        | Shape::Deduced
        | Shape::Any => None,
    }
}

fn schema(shape: &Shape) -> Value {
    match shape {
        Shape::String => json!({"type": "string"}),
        Shape::Int32 => json!({"type": "integer", "format": "int32"}),
        Shape::Int64 => json!({"type": "integer", "format": "int64"}),
        Shape::Number => json!({"type": "number"}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Quantity => json!({"type": "string", "format": "quantity"}),
        Shape::IntOrString => json!({"type": "string", "format": "int-or-string"}),
        Shape::Time | Shape::MicroTime => json!({"type": "string", "format": "date-time"}),
        Shape::Bytes => json!({"type": "string", "format": "byte"}),
        Shape::Any | Shape::Inline(_) | Shape::Deduced => json!({"type": "object"}),
        Shape::Struct(name) => json!({"$ref": format!("#/components/schemas/{name}")}),
        Shape::List { of, .. } => json!({"type": "array", "items": schema(of)}),
        Shape::Map { of, .. } => json!({"type": "object", "additionalProperties": schema(of)}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere_and_every_kind_has_a_schema() {
        let store = Store::default();
        let core = Group { name: String::new(), versions: vec!["v1".to_owned()] };
        for Group { name: group, versions } in groups(&store).into_iter().chain([core]) {
            let document = document(&store, &group, &versions[0]);
            let schemas = document["components"]["schemas"].as_object().unwrap();
            let text = document.to_string();
            for reference in text.split("#/components/schemas/").skip(1) {
                let name = reference.split('"').next().unwrap();
                assert!(schemas.get(name).is_some_and(Value::is_object), "{name} of {group}");
            }
            let kinds = KINDS.iter().filter(|kind| kind.group == group);
            for kind in kinds {
                assert!(text.contains(&format!("\"kind\":\"{}\"", kind.kind)), "{}", kind.kind);
            }
        }
    }
}
