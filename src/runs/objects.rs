//! Objects as a script reads them: without what is different from one look to
//! the next, and without the values of Secrets and of variables in containers: what
//! a script reads stands in the journal.

use serde_json::{Value, json};

use super::reads::ReadError;
use crate::facts::reader::Reader;
use crate::objects::kinds::{ApiKind, ObjectRef};

/// Of the metadata, what stays as it is while nobody writes.
const METADATA: [&str; 6] = ["name", "namespace", "uid", "labels", "annotations", "ownerReferences"];

/// Bytes of a list as JSON: the whole answer is one line of the journal.
const LARGEST: usize = 1 << 20;

/// All of an object once more, as a text.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Annotations of a copy, which the cluster does not have.
const OF_A_COPY: &str = "sandbox.kubectl-stateful/";

/// One object; null if there is none.
pub async fn get(reader: &Reader, object: &ObjectRef) -> Result<Value, ReadError> {
    let found = reader.get(object).await?;
    Ok(found.as_deref().map_or(Value::Null, |found| shown(object.kind, found)))
}

/// All of a kind that have these labels, by name.
pub async fn list(
    reader: &Reader,
    kind: &'static ApiKind,
    namespace: &str,
    labels: Option<&str>,
) -> Result<Vec<Value>, ReadError> {
    let found = reader.list(kind, namespace, labels).await?;
    let all: Vec<Value> = found.iter().map(|object| shown(kind, object)).collect();
    let length: usize = all.iter().map(|object| object.to_string().len()).sum();
    if length > LARGEST {
        return Err(ReadError::TooMuch { kind: kind.plural, count: all.len() });
    }
    Ok(all)
}

fn shown(kind: &ApiKind, object: &Value) -> Value {
    let mut shown = json!({ "apiVersion": kind.api_version(), "kind": kind.kind });
    let kept = |(key, _): &(&String, &Value)| !["apiVersion", "kind", "metadata", "status"].contains(&key.as_str());
    for (key, value) in object.as_object().into_iter().flatten().filter(kept) {
        shown[key] = if is_secret(kind, key) { only_keys(value) } else { value.clone() };
    }
    if ["Pod", "StatefulSet"].contains(&kind.kind) {
        without_values(&mut shown["spec"]);
    }
    shown["metadata"] = metadata(&object["metadata"], kind.kind == "Secret");
    shown
}

/// The value of a variable of a container may be a password.
fn without_values(spec: &mut Value) {
    match spec {
        Value::Object(fields) => {
            for (name, field) in fields {
                if let (Value::Array(variables), "env") = (&mut *field, name.as_str()) {
                    variables
                        .iter_mut()
                        .filter_map(Value::as_object_mut)
                        .for_each(|one| drop(one.shift_remove("value")));
                }
                without_values(field);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_values),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_secret(kind: &ApiKind, key: &str) -> bool {
    kind.kind == "Secret" && ["data", "stringData"].contains(&key)
}

fn only_keys(values: &Value) -> Value {
    values.as_object().into_iter().flatten().map(|(key, _)| (key.clone(), Value::Null)).collect()
}

/// `kubectl apply` keeps the values of a Secret in an annotation once more.
fn metadata(metadata: &Value, of_a_secret: bool) -> Value {
    let mut shown = json!({});
    for key in METADATA {
        let Some(value) = metadata.get(key) else { continue };
        shown[key] = match value {
            Value::Object(_) if key == "annotations" && of_a_secret => continue,
            Value::Object(all) if key == "annotations" => {
                let is_kept = |key: &str| !key.starts_with(OF_A_COPY) && key != APPLIED;
                all.iter().filter(|(key, _)| is_kept(key)).map(|(k, v)| (k.clone(), v.clone())).collect()
            }
            other => other.clone(),
        };
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_by_itself_and_what_is_secret_is_not_shown() {
        let object = json!({
            "metadata": { "name": "a", "uid": "u", "resourceVersion": "7", "managedFields": [], "generation": 2,
                          "creationTimestamp": "2026-01-01T00:00:00Z",
                          "annotations": { "sandbox.kubectl-stateful/x": "1", "mine": "2" } },
            "data": { "password": "aHVudGVyMg==" }, "status": { "x": 1 },
        });
        let map = shown(ApiKind::named("ConfigMap").unwrap(), &object);
        assert_eq!(
            map,
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "password": "aHVudGVyMg==" },
                    "metadata": { "name": "a", "uid": "u", "annotations": { "mine": "2" } } })
        );
        let secret = shown(ApiKind::named("Secret").unwrap(), &object);
        assert_eq!(secret["data"], json!({ "password": null }));
        assert!(secret["metadata"]["annotations"].is_null(), "{secret}");
    }

    #[test]
    fn variables_of_containers_have_names_and_no_values() {
        let from = json!({ "name": "B", "valueFrom": { "secretKeyRef": { "name": "s", "key": "k" } } });
        let pod = json!({ "containers": [{ "name": "c", "env": [{ "name": "A", "value": "hunter2" }, from] }] });
        let metadata = json!({ "name": "a", "annotations": { APPLIED: "hunter2", "mine": "2" } });
        for (kind, spec, at) in [
            ("Pod", pod.clone(), "/spec/containers/0/env"),
            ("StatefulSet", json!({ "template": { "spec": pod } }), "/spec/template/spec/containers/0/env"),
        ] {
            let read = shown(ApiKind::named(kind).unwrap(), &json!({ "metadata": metadata, "spec": spec }));
            assert_eq!(read.pointer(at), Some(&json!([{ "name": "A" }, from])), "{kind}");
            assert!(!read.to_string().contains("hunter2") && read["metadata"]["annotations"]["mine"] == "2", "{read}");
        }
    }
}
