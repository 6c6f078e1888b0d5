//! JSON merge patch (RFC 7386): objects merge, `null` removes, lists replace.

use serde_json::{Map, Value};

/// What a merge patch makes of an object. What the patch replaces is not copied, nor
/// is the field that `left_out` leads to.
#[must_use]
pub fn applied(object: &Value, patch: &Value, left_out: &[&str]) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let nothing = Map::new();
    let fields = object.as_object().unwrap_or(&nothing);
    let mut merged = Map::with_capacity(fields.len());
    for (name, value) in fields {
        let below = left_out.split_first().filter(|(first, _)| *first == name).map(|(_, below)| below);
        let made = match (changes.get(name), below) {
            (Some(Value::Null), _) | (_, Some([])) => continue,
            (None, Some(below)) if value.is_object() => applied(value, &Value::Object(Map::new()), below),
            (None, _) => value.clone(),
            (Some(change), below) => applied(value, change, below.unwrap_or_default()),
        };
        merged.insert(name.clone(), made);
    }
    for (name, change) in changes.iter().filter(|(name, change)| !change.is_null() && !fields.contains_key(*name)) {
        merged.insert(name.clone(), applied(&Value::Null, change, &[]));
    }
    Value::Object(merged)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_merge_null_removes_and_all_else_replaces() {
        let object = json!({"a": {"b": 1, "c": 2}, "d": [1], "e": 1, "f": 1});
        let patch = json!({"a": {"b": null, "g": {"h": null, "i": 1}}, "d": [2], "e": {"j": 1}, "f": null});
        assert_eq!(applied(&object, &patch, &[]), json!({"a": {"c": 2, "g": {"i": 1}}, "d": [2], "e": {"j": 1}}));
        assert_eq!(applied(&object, &json!([null]), &[]), json!([null]));
    }

    #[test]
    fn what_is_left_out_is_missing_at_its_place_alone() {
        let object = json!({"metadata": {"name": "a", "m": [1], "n": {"m": 2}}, "m": 3});
        let left = |patch: Value| applied(&object, &patch, &["metadata", "m"]);
        let kept = json!({"metadata": {"name": "a", "n": {"m": 2}}, "m": 3});
        assert_eq!(left(json!({})), kept);
        assert_eq!(left(json!({"metadata": {"name": "a"}})), kept);
        assert_eq!(left(json!({"metadata": null})), json!({"m": 3}));
        assert_eq!(applied(&json!({"metadata": 1}), &json!({}), &["metadata", "m"]), json!({"metadata": 1}));
    }
}
