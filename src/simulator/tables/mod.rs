//! Objects as tables: what `kubectl get` shows. The server makes the rows, with
//! ages by its own clock; the client only lays them out.
//!
//! Which columns a kind has (`columns.json`) is what a real server says. What
//! stands in them is decided here, one file for each group of kinds.

mod access;
pub(super) mod age;
mod cluster;
mod format;
mod metadata;
mod pods;
mod storage;
mod workloads;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub use metadata::{metadata, metadata_only};

use super::custom::{Columns, Definition};
use super::query::pairs;
use super::status::Refusal;

/// What is known of a custom kind, or of its lists: by API version and kind.
pub type Known<'a> = dyn Fn(&str, &str) -> Option<Arc<Definition>> + 'a;

/// How much of the object goes with its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Include {
    Nothing,
    #[default]
    Metadata,
    Object,
}

/// Reads `includeObject` of a query.
///
/// # Errors
/// 400 for another word.
pub fn include(query: &str) -> Result<Include, Refusal> {
    let given = pairs(query).into_iter().find(|(name, _)| name == "includeObject").map(|(_, value)| value);
    match given.as_deref() {
        None | Some("" | "Metadata") => Ok(Include::Metadata),
        Some("None") => Ok(Include::Nothing),
        Some("Object") => Ok(Include::Object),
        Some(other) => {
            let must = "must be 'Metadata', 'Object', 'None', or empty";
            let why =
                format!("Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: {must}");
            Err(Refusal::bad_request(&why))
        }
    }
}

/// An object or a list as a table, as of `now`. What is neither, such as a
/// `Status`, stays as it is.
#[must_use]
pub fn table(answer: Value, include: Include, known: &Known<'_>, now: Timestamp) -> Value {
    let kind = answer["kind"].as_str().unwrap_or_default();
    if kind == "Status" || !answer["metadata"].is_object() {
        return answer;
    }
    let api_version = answer["apiVersion"].as_str().unwrap_or_default();
    let definition = known(api_version, kind);
    let version = api_version.rsplit('/').next().unwrap_or_default();
    if let Some(version) = definition.as_ref().and_then(|definition| definition.served(version)) {
        return custom_table(&answer, include, &version.columns, now);
    }
    let listed = kind.strip_suffix("List").zip(answer["items"].as_array());
    let (kind, rows, metadata): (_, Vec<Value>, _) = if let Some((kind, items)) = listed {
        let of = |item: &Value| row(&whole(item, api_version, kind), include, now);
        let rows = items.iter().map(of).collect();
        (kind, rows, answer["metadata"].clone())
    } else {
        let version = &answer["metadata"]["resourceVersion"];
        (kind, vec![row(&answer, include, now)], json!({"resourceVersion": version}))
    };
    // What has no columns of its own has no list of rows either.
    let is_plain = rows.is_empty() && matches!(kind, "Role" | "ClusterRole");
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": columns_of(api_version, kind),
        "rows": if is_plain { Value::Null } else { rows.into() },
    })
}

fn custom_table(answer: &Value, include: Include, columns: &Columns, now: Timestamp) -> Value {
    let row = |object: &Value| json!({"cells": columns.cells(object, now), "object": shown(object, include)});
    let (rows, metadata): (Vec<Value>, Value) = match answer["items"].as_array() {
        Some(items) => (items.iter().map(row).collect(), without_empty(&answer["metadata"])),
        None => (vec![row(answer)], json!({"resourceVersion": answer["metadata"]["resourceVersion"]})),
    };
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": columns.headers(), "rows": rows,
    })
}

/// The metadata of a list without an empty place to go on at.
pub(super) fn without_empty(metadata: &Value) -> Value {
    let fields = metadata.as_object().into_iter().flatten().filter(|(_, value)| **value != "");
    Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Items of lists do not say what they are.
fn whole(item: &Value, api_version: &str, kind: &str) -> Value {
    let mut object = Map::new();
    object.insert("kind".to_owned(), kind.into());
    object.insert("apiVersion".to_owned(), api_version.into());
    object.extend(item.as_object().cloned().unwrap_or_default());
    object.into()
}

fn row(object: &Value, include: Include, now: Timestamp) -> Value {
    let mut row = json!({ "cells": cells(object, now) });
    if let Some(conditions) = pods::conditions(object) {
        row["conditions"] = conditions;
    }
    row["object"] = shown(object, include);
    row
}

fn shown(object: &Value, include: Include) -> Value {
    match include {
        Include::Nothing => Value::Null,
        Include::Metadata => metadata(object),
        Include::Object => object.clone(),
    }
}

fn cells(object: &Value, now: Timestamp) -> Vec<Value> {
    match object["kind"].as_str().unwrap_or_default() {
        "Namespace" => cluster::namespace(object, now),
        "Node" => cluster::node(object, now),
        "Event" => cluster::event(object, now),
        "Lease" => cluster::lease(object, now),
        "ResourceQuota" => cluster::quota(object, now),
        "PriorityClass" => cluster::priority(object, now),
        "Secret" => workloads::secret(object, now),
        "ConfigMap" => workloads::config_map(object, now),
        "Service" => workloads::service(object, now),
        "EndpointSlice" => workloads::endpoint_slice(object, now),
        "StatefulSet" => workloads::stateful_set(object, now),
        "Scale" => workloads::scale(object, now),
        "ControllerRevision" => workloads::revision(object, now),
        "PodDisruptionBudget" => workloads::budget(object, now),
        "Pod" => pods::pod(object, now),
        "StorageClass" => storage::class(object, now),
        "PersistentVolume" => storage::volume(object, now),
        "PersistentVolumeClaim" => storage::claim(object, now),
        "VolumeAttachment" => storage::attachment(object, now),
        "Endpoints" => access::endpoints(object, now),
        "RoleBinding" | "ClusterRoleBinding" => access::binding(object, now),
        "Role" | "ClusterRole" | "CustomResourceDefinition" => access::made_at(object),
        "HorizontalPodAutoscaler" => access::autoscaler(object, now),
        _ => vec![format::name(object), age::cell(object, now)],
    }
}

/// `apps/v1/StatefulSet` to its columns, as a real server gives them.
static COLUMNS: LazyLock<BTreeMap<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("columns.json")).unwrap_or_default());

/// The columns of a kind that Kubernetes has itself.
pub(super) fn columns_of(api_version: &str, kind: &str) -> Value {
    COLUMNS.get(&format!("{api_version}/{kind}")).cloned().unwrap_or_else(|| {
        let column = |name: &str, format: &str| {
            json!({"name": name, "type": "string", "format": format, "description": "", "priority": 0})
        };
        json!([column("Name", "name"), column("Age", "")])
    })
}
