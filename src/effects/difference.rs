//! Which fields differ between an object as it is and as it would be. What the
//! server keeps for itself (versions, managed fields, status) does not count.

use serde_json::Value;

/// Paths such as `.spec.replicas`, in the order of the new object.
pub fn changed_paths(before: &Value, after: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    compare("", before, after, &mut paths);
    paths
}

const SERVERS_OWN: &[&str] =
    &[".metadata.managedFields", ".metadata.resourceVersion", ".metadata.generation", ".status"];

fn compare(path: &str, before: &Value, after: &Value, paths: &mut Vec<String>) {
    if before == after || SERVERS_OWN.contains(&path) {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let gone = old.keys().filter(|key| !new.contains_key(*key));
            for key in new.keys().chain(gone) {
                let null = Value::Null;
                compare(&format!("{path}.{key}"), old.get(key).unwrap_or(&null), new.get(key).unwrap_or(&null), paths);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                compare(&format!("{path}[{index}]"), old, new, paths);
            }
        }
        _ => paths.push(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changed_added_and_removed_fields_are_named_and_the_servers_own_are_not() {
        let before = json!({ "metadata": { "resourceVersion": "1", "labels": { "a": "1" } },
                             "spec": { "replicas": 1, "list": [1, 2] }, "status": { "x": 1 } });
        let after = json!({ "metadata": { "resourceVersion": "2" },
                            "spec": { "replicas": 2, "list": [1, 3], "new": true }, "status": { "x": 2 } });
        assert_eq!(
            changed_paths(&before, &after),
            [".metadata.labels", ".spec.replicas", ".spec.list[1]", ".spec.new"]
        );
    }
}
