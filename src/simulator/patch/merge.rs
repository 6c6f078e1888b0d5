//! JSON merge patch (RFC 7386): objects merge, `null` removes, lists replace.

use serde_json::{Map, Value};

/// Applies a merge patch.
#[must_use]
pub fn apply(object: &Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut out = object.as_object().cloned().unwrap_or_else(Map::new);
    for (name, change) in changes {
        if change.is_null() {
            out.shift_remove(name);
        } else {
            let merged = apply(out.get(name).unwrap_or(&Value::Null), change);
            out.insert(name.clone(), merged);
        }
    }
    Value::Object(out)
}
