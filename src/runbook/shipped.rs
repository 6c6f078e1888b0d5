//! The recipes inside the binary. Their headers come from a generated index, so
//! that start-up, help and completion parse no script.

use std::sync::OnceLock;

use serde_json::Value;

use super::diagnostics::Script;
use super::header::{self, Header};

/// Name and text of each, by name.
pub const RECIPES: &[(&str, &str)] = &[
    ("couchdb", include_str!("../../scripts/recipes/couchdb.rhai")),
    ("generic", include_str!("../../scripts/recipes/generic.rhai")),
];

/// Each recipe's name with its header literal; a test compares it with the scripts.
pub const INDEX: &str = include_str!("../../scripts/recipes/index.json");

/// All headers of the index, read once. What cannot be read is left out; the
/// test of the index keeps that from happening.
pub fn headers() -> &'static [(String, Header)] {
    static HEADERS: OnceLock<Vec<(String, Header)>> = OnceLock::new();
    HEADERS.get_or_init(|| {
        let index: Vec<Value> = serde_json::from_str(INDEX).unwrap_or_default();
        index.iter().filter_map(entry).collect()
    })
}

fn entry(entry: &Value) -> Option<(String, Header)> {
    let name = entry["name"].as_str()?;
    let script = Script { name, text: "" };
    Some((name.to_owned(), header::read(&entry["recipe"], &script).ok()?))
}
