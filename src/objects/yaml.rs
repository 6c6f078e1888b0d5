//! YAML out and in, such that kubectl and the API server read what we mean:
//! `y`, `on` and `1_000` stay text, scripts are `|` blocks, nothing is folded.
//!
//! Not here: the places of keys and values in a manifest (`placed`).
//! Error texts never quote the document, since it may hold a Secret.

mod keys;
#[cfg(test)]
mod tests;
mod write;

use serde_json::{Value, json};
use serde_saphyr::DuplicateKeyPolicy;
use thiserror::Error;

pub use self::keys::{KeyPlace, key_places};
pub use self::write::{to_yaml, to_yaml_documents};

/// Larger texts are refused; the API server itself takes about 3 MiB.
const LARGEST: usize = 8 * 1024 * 1024;

/// Why a text is not YAML that can be trusted. Line and column start at 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{message}", place(*.line, *.column))]
pub struct YamlError {
    pub line: Option<u64>,
    pub column: Option<u64>,
    pub message: String,
}

/// What `-o json` prints: the object itself, or a `List` of several, as kubectl.
#[must_use]
pub fn list(values: &[Value]) -> Value {
    match values {
        [one] => one.clone(),
        several => json!({"apiVersion": "v1", "items": several, "kind": "List", "metadata": {}}),
    }
}

/// All documents of a text; empty ones are left out. Untyped scalars become what
/// kubectl takes them for (`0644` is 420, `yes` is true).
///
/// # Errors
/// Text that is not YAML, duplicate keys, and documents made to explode.
pub fn documents(text: &str) -> Result<Vec<Value>, YamlError> {
    if text.len() > LARGEST {
        let message = format!("the text has more than {LARGEST} bytes");
        return Err(YamlError { line: None, column: None, message });
    }
    let read: Result<Vec<Value>, _> =
        serde_saphyr::from_str_multiple_with_options(text, options(DuplicateKeyPolicy::Error));
    match read {
        Ok(values) => Ok(values.into_iter().filter(|value| !value.is_null()).collect()),
        Err(error) => Err(explained(&error)),
    }
}

pub(super) fn options(duplicate_keys: DuplicateKeyPolicy) -> serde_saphyr::Options {
    serde_saphyr::options! {
        legacy_octal_numbers: true,
        with_snippet: false,
        duplicate_keys: duplicate_keys,
        // An anchor may be used as often as one likes; what comes of one text is limited to
        // more than the API server takes of anything, and that is read in a moment. Who
        // reads a file in pieces limits what comes of them all (`placed`).
        budget: serde_saphyr::budget! { max_depth: 64, flow_nesting_limit: 64, enforce_alias_anchor_ratio: false },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 300_000 },
    }
}

pub(super) fn explained(error: &serde_saphyr::Error) -> YamlError {
    let location = error.location();
    let known = |number: u64| (number > 0).then_some(number);
    let message = match innermost(error) {
        serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key `{}` is there twice", key.escape_debug())
        }
        serde_saphyr::Error::Budget { .. }
        | serde_saphyr::Error::AliasReplayLimitExceeded { .. }
        | serde_saphyr::Error::AliasReplayStackDepthExceeded { .. } => {
            "its aliases or its nesting make it too large to be read".to_owned()
        }
        serde_saphyr::Error::RecursiveReferencesRequireWeakTypes { .. } => {
            "an alias leads back into its own anchor".to_owned()
        }
        other => in_words(without_place(&other.to_string())),
    };
    YamlError {
        line: location.and_then(|at| known(at.line())),
        column: location.and_then(|at| known(at.column())),
        message,
    }
}

/// The error below those that only say through which alias it was met.
fn innermost(error: &serde_saphyr::Error) -> &serde_saphyr::Error {
    match error {
        serde_saphyr::Error::AliasError { error, .. } => innermost(error),
        other => other,
    }
}

/// The parser's words about YAML stay; those about the types that it reads
/// into say nothing to a person.
fn in_words(words: String) -> String {
    const ABOUT_TYPES: &[&str] =
        &["deserialize", "Option<", "struct", "variant", "enum", "invalid type", "policy", "expected a map"];
    match words.as_str() {
        "recursion limit exceeded" => "it is nested too deeply".to_owned(),
        "expected string scalar" | "cannot deserialize null into string; use Option<String>" => {
            "a key must be a plain word".to_owned()
        }
        "YAML merge value must be mapping or sequence of mappings" => "`<<` needs a map, or a list of maps".to_owned(),
        number if number.starts_with("invalid ") && number.len() < 13 => {
            "the value is not what its tag says".to_owned()
        }
        number if number.starts_with("non-finite float") => "the number is not a finite one".to_owned(),
        other if ABOUT_TYPES.iter().any(|word| other.contains(word)) => "this cannot be read as plain YAML".to_owned(),
        _ => words,
    }
}

/// The first line of the parser's text, without the place that we print ourselves.
fn without_place(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default().trim();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let cut = first.rfind(" at line ").unwrap_or(first.len());
    first.get(..cut).unwrap_or(first).to_owned()
}

fn place(line: Option<u64>, column: Option<u64>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: "),
        (Some(line), None) => format!("line {line}: "),
        (None, _) => String::new(),
    }
}
