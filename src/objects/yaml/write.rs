//! YAML out: strings in the style in which every reader gives them back.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};
use serde_saphyr::{LitStr, SerializerOptions};

/// One document, keys in the order of the value, ending in a line break.
#[must_use]
pub fn to_yaml(value: &Value) -> String {
    let options = serde_saphyr::ser_options! {
        prefer_block_scalars: false,
        compact_list_indent: true,
        folded_wrap_chars: 1_000_000_000,
    };
    emit(value, options)
}

/// Several documents with `---` between them.
#[must_use]
pub fn to_yaml_documents(values: &[Value]) -> String {
    values.iter().map(to_yaml).collect::<Vec<_>>().join("---\n")
}

fn emit(value: &Value, options: SerializerOptions) -> String {
    // JSON is the form of last resort: every YAML reader takes it.
    serde_saphyr::to_string_with_options(&Emitted(value), options).unwrap_or_else(|_| format!("{value}\n"))
}

/// A value that picks the `|` style for each string that is safe in it.
struct Emitted<'a>(&'a Value);

impl Serialize for Emitted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if is_block(text) => LitStr(text).serialize(serializer),
            Value::Array(items) => emit_items(items, serializer),
            Value::Object(entries) => emit_entries(entries, serializer),
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain.serialize(serializer),
        }
    }
}

fn emit_items<S: Serializer>(items: &[Value], serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = serializer.serialize_seq(Some(items.len()))?;
    for item in items {
        out.serialize_element(&Emitted(item))?;
    }
    out.end()
}

fn emit_entries<S: Serializer>(entries: &Map<String, Value>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = serializer.serialize_map(Some(entries.len()))?;
    for (key, value) in entries {
        out.serialize_entry(key, &Emitted(value))?;
    }
    out.end()
}

/// Whether every YAML reader gives this text back from a `|` block. Found by
/// measuring six readers on strings made to break them.
fn is_block(text: &str) -> bool {
    let Some(body) = text.contains('\n').then(|| text.strip_suffix('\n').unwrap_or(text)) else {
        return false;
    };
    !text.starts_with([' ', '\t', '\n'])
        && !body.ends_with('\n')
        && body.lines().all(|line| !line.ends_with([' ', '\t']))
        && !text
            .chars()
            .any(|c| (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
}
