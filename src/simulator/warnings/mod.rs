//! What the server says in `Warning` headers about objects that it takes: they
//! are valid, and yet not what anybody should want.

mod pods;

use serde_json::Value;

use crate::objects::kinds::ApiKind;

/// Warnings about a new object, or about what became of an old one.
#[must_use]
pub fn of(kind: &ApiKind, old: Option<&Value>, new: &Value) -> Vec<String> {
    match kind.kind {
        "StatefulSet" => of_set(old, new),
        "Pod" if old.is_none() => pods::of_pod("", &new["metadata"], &new["spec"]),
        _ => Vec::new(),
    }
}

fn of_set(old: Option<&Value>, new: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let generation = |set: &Value| set["metadata"]["generation"].clone();
    if old.is_none_or(|old| generation(old) != generation(new)) {
        let template = &new["spec"]["template"];
        warnings.extend(pods::of_pod("spec.template.", &template["metadata"], &template["spec"]));
    }
    if new["spec"]["revisionHistoryLimit"].as_i64().is_some_and(|limit| limit < 0) {
        let why = "a negative value retains all historical revisions; a value >= 0 is recommended";
        warnings.push(format!("spec.revisionHistoryLimit: {why}"));
    }
    warnings
}
