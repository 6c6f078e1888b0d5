//! Which fields differ between an object as it is and as it would be. What the
//! server keeps for itself (versions, managed fields, status) does not count.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Such as `.spec.replicas`.
    pub path: String,
    /// Null where there was nothing.
    pub from: Value,
    /// Null where nothing would be left.
    pub to: Value,
}

/// Values up to this many characters are shown.
const SHORT: usize = 40;
/// Lists and maps need more room to say anything.
const SHORT_LIST: usize = 80;

impl fmt::Display for Difference {
    /// `.spec.replicas 1 → 3`; the path alone where the values are not short.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (short(&self.from), short(&self.to)) {
            (Some(from), Some(to)) => write!(out, "{} {from} → {to}", self.path),
            _ => out.write_str(&self.path),
        }
    }
}

/// A number, a word or nothing as text; `None` for what does not fit a line.
fn short(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => value.clone(),
        Value::Array(_) | Value::Object(_) => {
            let text = value.to_string();
            return (text.chars().count() <= SHORT_LIST).then_some(text);
        }
    };
    (text.chars().count() <= SHORT).then_some(text)
}

/// The fields that a manifest or a patch says, with their values where those are short:
/// `.data.a 1, .spec.ports, and 3 more`. What names the object is left out.
pub fn said(manifest: &Value) -> String {
    let mut all = Vec::new();
    leaves("", manifest, &mut all);
    let more = all.len().saturating_sub(MOST_SAID);
    all.truncate(MOST_SAID);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all.join(", ")
}

/// So many fields of a new object are told.
const MOST_SAID: usize = 6;

const NAMES_IT: &[&str] = &[".apiVersion", ".kind", ".metadata.name", ".metadata.namespace"];

fn leaves(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        _ if NAMES_IT.contains(&path) => {}
        Value::Object(fields) if path.is_empty() || !fields.is_empty() => {
            fields.iter().for_each(|(name, value)| leaves(&format!("{path}.{name}"), value, found));
        }
        _ => found.push(short(value).map_or_else(|| path.to_owned(), |text| format!("{path} {text}"))),
    }
}

/// All fields that differ, in the order of the new object.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", before, after, Missing::IsADifference, &mut found);
    found
}

/// The fields that `manifest` asks for and that `object` has otherwise; fields
/// that the manifest leaves out are left alone.
pub fn unmet(object: &Value, manifest: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", object, manifest, Missing::IsFine, &mut found);
    found
}

/// What it means that the new object lacks a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsADifference,
    IsFine,
}

const SERVERS_OWN: &[&str] =
    &[".metadata.managedFields", ".metadata.resourceVersion", ".metadata.generation", ".status"];

fn compare(path: &str, before: &Value, after: &Value, missing: Missing, found: &mut Vec<Difference>) {
    if before == after || SERVERS_OWN.contains(&path) {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let gone = old.keys().filter(|key| missing == Missing::IsADifference && !new.contains_key(*key));
            for key in new.keys().chain(gone) {
                let (old, new) = (old.get(key).unwrap_or(&Value::Null), new.get(key).unwrap_or(&Value::Null));
                compare(&format!("{path}.{key}"), old, new, missing, found);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                compare(&format!("{path}[{index}]"), old, new, missing, found);
            }
        }
        _ => found.push(Difference { path: path.to_owned(), from: before.clone(), to: after.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(found: &[Difference]) -> Vec<&str> {
        found.iter().map(|difference| difference.path.as_str()).collect()
    }

    #[test]
    fn changed_added_and_removed_fields_are_named_and_the_servers_own_are_not() {
        let before = json!({ "metadata": { "resourceVersion": "1", "labels": { "a": "1" } },
                             "spec": { "replicas": 1, "list": [1, 2] }, "status": { "x": 1 } });
        let after = json!({ "metadata": { "resourceVersion": "2" },
                            "spec": { "replicas": 2, "list": [1, 3], "new": true }, "status": { "x": 2 } });
        let found = differences(&before, &after);
        assert_eq!(paths(&found), [".metadata.labels", ".spec.replicas", ".spec.list[1]", ".spec.new"]);
        assert_eq!((&found[1].from, &found[1].to), (&json!(1), &json!(2)));
    }

    #[test]
    fn what_a_manifest_says_is_told_without_what_names_it_and_no_more_than_a_line_holds() {
        let manifest = json!({ "kind": "ConfigMap", "metadata": { "name": "a", "labels": { "l": "1" } },
                               "data": { "b": "2", "c": null, "long": "x".repeat(50) }, "spec": {} });
        assert_eq!(said(&manifest), ".metadata.labels.l 1, .data.b 2, .data.c nothing, .data.long, .spec {}");
        assert_eq!(
            said(&json!((1..=8).map(|n| (format!("k{n}"), n)).collect::<std::collections::BTreeMap<_, _>>())),
            ".k1 1, .k2 2, .k3 3, .k4 4, .k5 5, .k6 6, and 2 more"
        );
    }

    #[test]
    fn short_values_are_shown_and_long_ones_are_not() {
        let shown = |from: Value, to: Value| Difference { path: ".a".to_owned(), from, to }.to_string();
        assert_eq!(shown(json!(1), json!("x")), ".a 1 → x");
        assert_eq!(shown(Value::Null, json!(true)), ".a nothing → true");
        assert_eq!(shown(json!([{ "port": 80 }]), json!([])), ".a [{\"port\":80}] → []");
        assert_eq!(shown(json!(["y".repeat(80)]), json!(1)), ".a");
        assert_eq!(shown(json!("y".repeat(41)), json!(1)), ".a");
    }

    #[test]
    fn a_field_that_the_manifest_leaves_out_is_not_unmet() {
        let object = json!({ "spec": { "replicas": 1, "serviceName": "web", "defaulted": true } });
        let manifest = json!({ "spec": { "replicas": 3, "serviceName": "web" } });
        assert_eq!(paths(&unmet(&object, &manifest)), [".spec.replicas"]);
    }
}
