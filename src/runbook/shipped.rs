//! The recipes inside the binary. Their headers come from a generated index, so
//! that start-up, help and completion parse no script.

use std::sync::OnceLock;

use serde_json::Value;

use super::diagnostics::Script;
use super::header::{self, Header, Sort};

/// Name and text of each, by name.
pub const RECIPES: &[(&str, &str)] = &[
    ("couchdb", include_str!("../../scripts/recipes/couchdb.rhai")),
    ("generic", include_str!("../../scripts/recipes/generic.rhai")),
];

/// Each recipe's name with its header literal; a test compares it with the scripts.
pub const INDEX: &str = include_str!("../../scripts/recipes/index.json");

/// Name and text of each runbook, by name.
pub const RUNBOOKS: &[(&str, &str)] = &[
    ("purge-volumes", include_str!("../../scripts/runbooks/purge-volumes.rhai")),
    ("restore-volumes", include_str!("../../scripts/runbooks/restore-volumes.rhai")),
    ("retire-leftovers", include_str!("../../scripts/runbooks/retire-leftovers.rhai")),
    ("scale-down", include_str!("../../scripts/runbooks/scale-down.rhai")),
    ("scale-up", include_str!("../../scripts/runbooks/scale-up.rhai")),
];

/// Each runbook's name with its header literal; a test compares it with the scripts.
pub const RUNBOOK_INDEX: &str = include_str!("../../scripts/runbooks/index.json");

/// The names of all scripts of a sort.
pub fn names(sort: Sort) -> Vec<&'static str> {
    let shipped = match sort {
        Sort::Recipe => RECIPES,
        Sort::Runbook => RUNBOOKS,
    };
    shipped.iter().map(|(name, _)| *name).collect()
}

/// The headers of all runbooks, as `headers`.
pub fn runbook_headers() -> &'static [(String, Header)] {
    static HEADERS: OnceLock<Vec<(String, Header)>> = OnceLock::new();
    HEADERS.get_or_init(|| {
        let index: Vec<Value> = serde_json::from_str(RUNBOOK_INDEX).unwrap_or_default();
        let entry = |entry: &Value| {
            let name = entry["name"].as_str()?;
            let script = Script { name, text: "" };
            Some((name.to_owned(), header::read(&entry["runbook"], Sort::Runbook, &script).ok()?))
        };
        index.iter().filter_map(entry).collect()
    })
}

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
    Some((name.to_owned(), header::read(&entry["recipe"], Sort::Recipe, &script).ok()?))
}
