//! Makes the table out of the documents that a real server publishes below
//! `/openapi/v3`. A live test runs this again and compares, so the table
//! cannot go stale unnoticed. OpenAPI does not say which scalars Go leaves out
//! when they are zero; `zero_values.json` adds that.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::table::{Field, ListKind, Shape, Table, Type};
use crate::objects::kinds::KINDS;

/// What OpenAPI does not say: fields that Go leaves out when zero, those that
/// it writes as `null`, and types that have a name of their own in Go.
#[derive(Default, serde::Deserialize)]
struct ZeroValues {
    zeros: BTreeMap<String, BTreeSet<String>>,
    nulls: BTreeMap<String, BTreeSet<String>>,
    names: BTreeMap<String, BTreeMap<String, String>>,
}

impl ZeroValues {
    fn zeros(&self, owner: &str, field: &str) -> bool {
        self.zeros.get(owner).is_some_and(|fields| fields.contains(field))
    }

    fn nulls(&self, owner: &str, field: &str) -> bool {
        self.nulls.get(owner).is_some_and(|fields| fields.contains(field))
    }
}

/// The documents that `generate` needs, as paths below `/openapi/v3/`.
pub const DOCUMENTS: &[&str] = &[
    "api/v1",
    "apis/apiextensions.k8s.io/v1",
    "apis/apps/v1",
    "apis/authentication.k8s.io/v1",
    "apis/authorization.k8s.io/v1",
    "apis/autoscaling/v1",
    "apis/autoscaling/v2",
    "apis/batch/v1",
    "apis/coordination.k8s.io/v1",
    "apis/discovery.k8s.io/v1",
    "apis/networking.k8s.io/v1",
    "apis/policy/v1",
    "apis/rbac.authorization.k8s.io/v1",
    "apis/scheduling.k8s.io/v1",
    "apis/storage.k8s.io/v1",
];

/// Marks the variant of an atomic type that is owned field by field.
const GRANULAR: &str = "+granular";

/// Kinds beside our own that manifests may hold.
const OF_MANIFESTS: &[(&str, &str)] = &[
    ("CronJob", "batch.v1.CronJob"),
    ("DaemonSet", "apps.v1.DaemonSet"),
    ("Deployment", "apps.v1.Deployment"),
    ("Ingress", "networking.v1.Ingress"),
    ("Job", "batch.v1.Job"),
    ("LimitRange", "core.v1.LimitRange"),
    ("NetworkPolicy", "networking.v1.NetworkPolicy"),
    ("ReplicaSet", "apps.v1.ReplicaSet"),
];

/// Kinds beside our own that come in as request bodies.
const EXTRA: &[(&str, &str)] = &[
    ("Binding", "core.v1.Binding"),
    ("DeleteOptions", "meta.v1.DeleteOptions"),
    ("Eviction", "policy.v1.Eviction"),
    ("Scale", "autoscaling.v1.Scale"),
    ("LocalSubjectAccessReview", "authorization.v1.LocalSubjectAccessReview"),
    ("SelfSubjectAccessReview", "authorization.v1.SelfSubjectAccessReview"),
    ("SelfSubjectReview", "authentication.v1.SelfSubjectReview"),
    ("SelfSubjectRulesReview", "authorization.v1.SelfSubjectRulesReview"),
    ("SubjectAccessReview", "authorization.v1.SubjectAccessReview"),
];

/// The table for these documents; what they do not describe is left out.
#[must_use]
pub fn generate(documents: &[Value]) -> Value {
    let schemas = collect(documents);
    let zeros: ZeroValues = serde_json::from_str(include_str!("zero_values.json")).unwrap_or_default();
    let mut table = Table { versions: versions(documents), ..Table::default() };
    let mut open = Vec::new();
    for (kind, name) in kinds() {
        if schemas.contains_key(&name) {
            table.kinds.insert(kind, name.clone());
            open.push(name);
        }
    }
    while let Some(name) = open.pop() {
        let plain = name.trim_end_matches(GRANULAR);
        let Some(schema) = schemas.get(plain) else { continue };
        if table.types.contains_key(&name) {
            continue;
        }
        let mut described = describe(schema, &zeros, plain, &mut open);
        described.atomic &= plain == name;
        table.types.insert(name, described);
    }
    serde_json::to_value(table).unwrap_or_default()
}

fn kinds() -> Vec<(String, String)> {
    let ours = KINDS.iter().map(|kind| {
        let group = kind.group.split('.').next().filter(|first| !first.is_empty()).unwrap_or("core");
        (kind.kind.to_owned(), format!("{group}.{}.{}", kind.version, kind.kind))
    });
    let more = OF_MANIFESTS.iter().chain(EXTRA);
    ours.chain(more.map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned()))).collect()
}

/// Lists, and what stands in no file, are among the kinds as well.
fn versions(documents: &[Value]) -> BTreeMap<String, BTreeSet<String>> {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let schemas = documents.iter().filter_map(|document| document["components"]["schemas"].as_object()).flatten();
    for (name, schema) in schemas {
        // What every group has is not told apart by them.
        let of_all = short(name).starts_with("meta.");
        let kinds = schema["x-kubernetes-group-version-kind"].as_array().filter(|_| !of_all).into_iter().flatten();
        for kind in kinds {
            let [group, version, kind] = ["group", "version", "kind"].map(|key| kind[key].as_str().unwrap_or_default());
            let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
            versions.entry(api_version).or_default().insert(kind.to_owned());
        }
    }
    versions
}

fn collect(documents: &[Value]) -> BTreeMap<String, &Value> {
    let mut schemas = BTreeMap::new();
    for document in documents {
        if let Some(found) = document["components"]["schemas"].as_object() {
            schemas.extend(found.iter().map(|(name, schema)| (short(name), schema)));
        }
    }
    schemas
}

/// `io.k8s.api.core.v1.Pod` is `core.v1.Pod` here.
fn short(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    let inner = ["io.k8s.api.", "io.k8s.apimachinery.pkg.apis.", "io.k8s.apiextensions-apiserver.pkg.apis."];
    inner.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name).to_owned()
}

fn describe(schema: &Value, zeros: &ZeroValues, owner: &str, open: &mut Vec<String>) -> Type {
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let fields = properties.iter().map(|(name, property)| {
        let default = &property["default"];
        // A required list has no default, but Go writes it as `null`.
        let is_required_list = property["type"] == "array" && required.iter().any(|one| one == name);
        let field = Field {
            shape: shape(property, open),
            always: is_zero(default) || is_required_list || zeros.nulls(owner, name),
            null: zeros.nulls(owner, name),
            replaced: property["x-kubernetes-patch-strategy"] == "replace",
            go: zeros.names.get(owner).and_then(|names| names.get(name)).cloned(),
            omits_zero: zeros.zeros(owner, name),
            default: (!default.is_null() && !is_zero(default)).then(|| default.clone()),
            one_of: one_of(property),
        };
        (name.clone(), field)
    });
    Type { fields: fields.collect(), atomic: is_atomic(schema), others: None }
}

/// The values of a field, or of the items of a list.
fn one_of(property: &Value) -> Vec<String> {
    let values = property["enum"].as_array().or_else(|| property["items"]["enum"].as_array());
    values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn is_zero(default: &Value) -> bool {
    match default {
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(flag) => !flag,
        Value::Null | Value::Array(_) => false,
    }
}

fn is_atomic(schema: &Value) -> bool {
    schema["x-kubernetes-map-type"] == "atomic"
}

fn shape(property: &Value, open: &mut Vec<String>) -> Shape {
    if let Some(name) = property["$ref"].as_str().or_else(|| property["allOf"][0]["$ref"].as_str()) {
        // An atomic type can be taken apart in some fields (`claimRef`).
        let is_granular = property["x-kubernetes-map-type"] == "granular";
        return reference(&short(name), is_granular, open);
    }
    match property["type"].as_str() {
        Some("array") => Shape::List {
            of: Box::new(shape(&property["items"], open)),
            kind: list_kind(property),
            merge: property["x-kubernetes-patch-strategy"]
                .as_str()
                .filter(|how| how.contains("merge"))
                .map(|_| property["x-kubernetes-patch-merge-key"].as_str().unwrap_or_default().to_owned()),
        },
        Some("object") if property["additionalProperties"].is_object() => {
            Shape::Map { of: Box::new(shape(&property["additionalProperties"], open)), atomic: is_atomic(property) }
        }
        Some("string") if property["format"] == "byte" => Shape::Bytes,
        Some("string") => Shape::String,
        Some("integer") if property["format"] == "int32" => Shape::Int32,
        Some("integer") => Shape::Int64,
        Some("number") => Shape::Number,
        Some("boolean") => Shape::Boolean,
        _ => Shape::Any,
    }
}

fn reference(name: &str, is_granular: bool, open: &mut Vec<String>) -> Shape {
    match name.rsplit('.').next() {
        Some("Quantity") => Shape::Quantity,
        Some("IntOrString") => Shape::IntOrString,
        Some("Time") => Shape::Time,
        Some("MicroTime") => Shape::MicroTime,
        // Of the parts of a schema some can be of several types.
        Some(
            "RawExtension"
            | "FieldsV1"
            | "JSON"
            | "JSONSchemaPropsOrArray"
            | "JSONSchemaPropsOrBool"
            | "JSONSchemaPropsOrStringArray",
        ) => Shape::Any,
        _ => {
            let name = if is_granular { format!("{name}{GRANULAR}") } else { name.to_owned() };
            open.push(name.clone());
            Shape::Struct(name)
        }
    }
}

fn list_kind(property: &Value) -> ListKind {
    match property["x-kubernetes-list-type"].as_str() {
        Some("set") => ListKind::Set,
        Some("map") => {
            let empty = Vec::new();
            let keys = property["x-kubernetes-list-map-keys"].as_array().unwrap_or(&empty);
            ListKind::Map(keys.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => ListKind::Atomic,
    }
}
