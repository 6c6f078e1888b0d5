//! JSON merge patch (RFC 7386): objects merge, `null` removes, lists replace.

use serde_json::{Map, Value};

/// Applies a merge patch in place, so that what the patch does not name is not copied.
pub fn apply(object: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        object.clone_from(patch);
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Some(fields) = object.as_object_mut() else { return };
    for (name, change) in changes {
        if change.is_null() {
            fields.shift_remove(name);
        } else {
            apply(fields.entry(name).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_merge_null_removes_and_all_else_replaces() {
        let mut object = json!({"a": {"b": 1, "c": 2}, "d": [1], "e": 1, "f": 1});
        apply(&mut object, &json!({"a": {"b": null, "g": {"h": null, "i": 1}}, "d": [2], "e": {"j": 1}, "f": null}));
        assert_eq!(object, json!({"a": {"c": 2, "g": {"i": 1}}, "d": [2], "e": {"j": 1}}));
    }
}
