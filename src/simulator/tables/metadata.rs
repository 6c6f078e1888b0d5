//! Objects without what is in them.

use serde_json::{Value, json};

/// Of one object.
#[must_use]
pub fn metadata(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"],
    })
}

/// Of an object or of each item of a list; what is neither stays as it is.
#[must_use]
pub fn metadata_only(answer: Value) -> Value {
    if answer["kind"] == "Status" || !answer["metadata"].is_object() {
        return answer;
    }
    let Some(items) = answer["items"].as_array() else { return metadata(&answer) };
    json!({
        "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": super::without_empty(&answer["metadata"]),
        "items": items.iter().map(metadata).collect::<Vec<_>>(),
    })
}
