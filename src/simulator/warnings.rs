//! What the server says in `Warning` headers about objects that it takes: they
//! are valid, and yet not what anybody should want.

use serde_json::Value;

use crate::objects::kinds::ApiKind;

/// Warnings about a new object, or about what became of an old one.
#[must_use]
pub fn of(kind: &ApiKind, old: Option<&Value>, new: &Value) -> Vec<String> {
    match kind.kind {
        "StatefulSet" => of_set(old, new),
        _ => Vec::new(),
    }
}

fn of_set(_old: Option<&Value>, new: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    if new["spec"]["revisionHistoryLimit"].as_i64().is_some_and(|limit| limit < 0) {
        let why = "a negative value retains all historical revisions; a value >= 0 is recommended";
        warnings.push(format!("spec.revisionHistoryLimit: {why}"));
    }
    warnings
}
