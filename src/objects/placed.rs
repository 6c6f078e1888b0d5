//! YAML in, with the place of every key and value: what the rules about files
//! read, so that a finding can point at what is wrong. Of a key that is there
//! twice both are kept; as for kubectl, the last one counts.
//!
//! Error texts never quote the document, since it may hold a Secret.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::{DuplicateKeyPolicy, Spanned};

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

/// All documents of a text that begins at this line of its file; empty ones
/// are left out.
///
/// # Errors
/// Text that is not YAML, and documents made to explode.
pub fn read(text: &str, first_line: u64) -> Result<Vec<Placed>, YamlError> {
    // JSON may be indented with tabs and YAML may not.
    let json = text.trim_start().starts_with(['{', '[']);
    let without_tabs = json.then(|| text.replace('\t', " "));
    let text = without_tabs.as_deref().unwrap_or(text);
    let below = first_line.saturating_sub(1);
    let read: Result<Vec<Placed>, _> =
        serde_saphyr::from_str_multiple_with_options(text, options(DuplicateKeyPolicy::LastWins));
    match read {
        Ok(mut documents) => {
            documents.retain(|document| document.shape != Shape::Null);
            for document in &mut documents {
                document.move_down(below);
            }
            Ok(documents)
        }
        Err(error) => {
            let error = explained(&error);
            Err(YamlError { line: error.line.map(|line| line + below), ..error })
        }
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

    fn move_down(&mut self, lines: u64) {
        self.place.line += lines;
        match &mut self.shape {
            Shape::List(items) => items.iter_mut().for_each(|item| item.move_down(lines)),
            Shape::Map(entries) => entries.iter_mut().for_each(|entry| {
                entry.place.line += lines;
                entry.value.move_down(lines);
            }),
            Shape::Null | Shape::Bool(_) | Shape::Number(_) | Shape::Text(_) => {}
        }
    }
}

impl<'de> Deserialize<'de> for Placed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Spanned::<Shape>::deserialize(deserializer)?;
        Ok(Self { place: place_of(read.referenced), shape: read.value })
    }
}

fn place_of(location: serde_saphyr::Location) -> Place {
    Place { line: location.line(), column: location.column() }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyShape)
    }
}

struct AnyShape;

impl<'de> Visitor<'de> for AnyShape {
    type Value = Shape;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_none<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Shape, E> {
        Ok(Shape::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Shape, E> {
        Ok(Shape::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Shape, E> {
        Ok(Shape::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Shape, E> {
        Ok(Number::from_f64(value).map_or(Shape::Null, Shape::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Shape, E> {
        Ok(Shape::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Shape, E> {
        Ok(Shape::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Shape::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Spanned<String>, Placed>()? {
            entries.push(Entry { key: key.value, place: place_of(key.referenced), value });
        }
        Ok(Shape::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Placed {
        let mut all = read(text, 1).unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    fn spot(placed: &Placed) -> (u64, u64) {
        (placed.place.line, placed.place.column)
    }

    #[test]
    fn keys_and_values_have_their_places_at_every_depth() {
        let root = one("a:\n  b:\n  - c: 1\n    d: 'x'\n");
        let item = &root.at("a.b").unwrap().items()[0];
        assert_eq!(spot(item.get("d").unwrap()), (4, 8));
        let entry = item.entry("d").unwrap();
        assert_eq!((entry.place, entry.value.text()), (Place { line: 4, column: 5 }, Some("x")));
        assert_eq!(item.get("c").and_then(Placed::number), Some(1));
    }

    #[test]
    fn places_count_from_the_start_of_the_file_and_empty_documents_are_left_out() {
        let all = read("# nothing\n---\na: 1\n---\n~\n---\nb: 2\n", 10).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(spot(all[1].get("b").unwrap()), (16, 4));
        assert_eq!(read("a: [", 10).unwrap_err().line, Some(10));
    }

    #[test]
    fn json_has_places_too_also_when_tabs_indent_it() {
        let root = one("{\n\t\"a\": {\n\t\t\"b\": \"x\\ty\"\n\t}\n}\n");
        assert_eq!(root.at("a.b").and_then(Placed::text), Some("x\ty"));
        assert_eq!(spot(root.at("a.b").unwrap()), (3, 8));
    }

    #[test]
    fn both_of_two_equal_keys_are_kept_and_the_last_one_counts() {
        let root = one("a: 1\na: 2\n");
        assert_eq!(root.entries().len(), 2);
        assert_eq!(root.get("a").and_then(Placed::number), Some(2));
        assert_eq!(root.to_value(), serde_json::json!({"a": 2}));
    }

    #[test]
    fn values_are_those_of_the_reader_without_places() {
        let text = "a: &x {b: [1, 2.5, yes, ~, '1']}\nc: *x\n<<: {d: 0644}\n8080: e\ntext: |\n  a\n  \tb\n";
        assert_eq!(vec![one(text).to_value()], super::super::yaml::documents(text).unwrap());
    }

    #[test]
    fn anchors_that_go_round_or_explode_are_refused() {
        assert!(read("a: &a [*a]\n", 1).is_err());
        let mut laughs = "a0: &a0 [x]\n".to_owned();
        for level in 1..12 {
            let many = format!("*a{},", level - 1).repeat(10);
            laughs = format!("{laughs}a{level}: &a{level} [{many}]\n");
        }
        assert!(read(&laughs, 1).is_err());
        assert!(read(&"[".repeat(10_000), 1).is_err());
    }
}
