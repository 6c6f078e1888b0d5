//! YAML in, with the place of every key and value: what the rules about files
//! read, so that a finding can point at what is wrong. Of a key that is there
//! twice both are kept; as for kubectl, the last one counts.
//!
//! Error texts never quote the document, since it may hold a Secret.

mod json;
mod shape;
#[cfg(test)]
mod tests;

use serde_json::{Number, Value};
use serde_saphyr::DuplicateKeyPolicy;

use self::json::{JsonValue, json_values};
use super::yaml::{YamlError, explained, options};

/// Where something begins: line and column, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: u64,
    pub column: u64,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    pub place: Place,
    pub shape: Shape,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Placed>),
    Map(Vec<Entry>),
}

/// A key of a map, its value, and where the key stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub place: Place,
    pub value: Placed,
}

/// How many values one file may come to. What is read at once is limited by itself,
/// but a file is read in many pieces.
pub const MOST: usize = 1_000_000;

/// All documents of a text that begins at this line of its file; empty ones
/// are left out. `left` is how many values the file may still come to.
///
/// # Errors
/// Text that is not YAML, and documents made to explode.
pub fn read(text: &str, first_line: u64, left: &mut usize) -> Result<Vec<Placed>, YamlError> {
    // JSON may be indented with tabs and YAML may not.
    let json = text.trim_start().starts_with(['{', '[']);
    let without_tabs = json.then(|| text.replace('\t', " "));
    let text = without_tabs.as_deref().unwrap_or(text);
    let below = first_line.saturating_sub(1);
    let read = match in_one(text, left) {
        // kubectl reads JSON objects one after the other.
        Err(error) if json => json_values(text).map_or(Err(error), |values| one_by_one(text, &values, left)),
        read => read,
    };
    match read {
        Ok(mut documents) => {
            documents.retain(|document| document.shape != Shape::Null);
            for document in &mut documents {
                document.shift(below, 0);
            }
            Ok(documents)
        }
        Err(error) => Err(YamlError { line: error.line.map(|line| line + below), ..error }),
    }
}

fn in_one(text: &str, left: &mut usize) -> Result<Vec<Placed>, YamlError> {
    if *left == 0 {
        let message = "what stands before it makes the file too large to be read".to_owned();
        return Err(YamlError { line: Some(1), column: Some(1), message });
    }
    let read: Vec<Placed> = serde_saphyr::from_str_multiple_with_options(text, options(DuplicateKeyPolicy::LastWins))
        .map_err(|error| explained(&error))?;
    for document in &read {
        document.walk(&mut |_| *left = left.saturating_sub(1));
    }
    Ok(read)
}

fn one_by_one(text: &str, values: &[JsonValue], left: &mut usize) -> Result<Vec<Placed>, YamlError> {
    let mut documents = Vec::new();
    for value in values {
        let read = in_one(text.get(value.bytes.clone()).unwrap_or_default(), left);
        for mut document in read.map_err(|error| value.place_in_text(error))? {
            document.shift(value.line, value.column);
            documents.push(document);
        }
    }
    Ok(documents)
}

impl Place {
    fn shift(&mut self, lines: u64, columns: u64) {
        self.column += if self.line == 1 { columns } else { 0 };
        self.line += lines;
    }
}

impl Placed {
    /// The value of a key; the last one if it is there twice.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The key and its value.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| entry.key == key)
    }

    /// The value behind keys with dots between them, such as `spec.replicas`.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |value, key| value.get(key))
    }

    /// The entries of a map; none of anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.shape {
            Shape::Map(entries) => entries,
            Shape::Null | Shape::Bool(_) | Shape::Number(_) | Shape::Text(_) | Shape::List(_) => &[],
        }
    }

    /// The items of a list; none of anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.shape {
            Shape::List(items) => items,
            Shape::Null | Shape::Bool(_) | Shape::Number(_) | Shape::Text(_) | Shape::Map(_) => &[],
        }
    }

    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Text(text) => Some(text),
            Shape::Null | Shape::Bool(_) | Shape::Number(_) | Shape::List(_) | Shape::Map(_) => None,
        }
    }

    /// A whole number.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match &self.shape {
            Shape::Number(number) => number.as_i64(),
            Shape::Null | Shape::Bool(_) | Shape::Text(_) | Shape::List(_) | Shape::Map(_) => None,
        }
    }

    #[must_use]
    pub fn is_null(&self) -> bool {
        self.shape == Shape::Null
    }

    /// The value alone.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.shape {
            Shape::Null => Value::Null,
            Shape::Bool(value) => Value::Bool(*value),
            Shape::Number(value) => Value::Number(value.clone()),
            Shape::Text(value) => Value::String(value.clone()),
            Shape::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Shape::Map(entries) => {
                Value::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect())
            }
        }
    }

    /// Calls `look` with every value of the tree, the outer one before its parts.
    pub fn walk<'a>(&'a self, look: &mut dyn FnMut(&'a Self)) {
        look(self);
        match &self.shape {
            Shape::List(items) => items.iter().for_each(|item| item.walk(look)),
            Shape::Map(entries) => entries.iter().for_each(|entry| entry.value.walk(look)),
            Shape::Null | Shape::Bool(_) | Shape::Number(_) | Shape::Text(_) => {}
        }
    }

    /// By as many lines, and those of the first line by as many columns.
    fn shift(&mut self, lines: u64, columns: u64) {
        self.place.shift(lines, columns);
        match &mut self.shape {
            Shape::List(items) => items.iter_mut().for_each(|item| item.shift(lines, columns)),
            Shape::Map(entries) => entries.iter_mut().for_each(|entry| {
                entry.place.shift(lines, columns);
                entry.value.shift(lines, columns);
            }),
            Shape::Null | Shape::Bool(_) | Shape::Number(_) | Shape::Text(_) => {}
        }
    }
}
