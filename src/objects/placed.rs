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

/// Where one of several values stands: its bytes, and the lines and columns before it.
struct JsonValue {
    bytes: std::ops::Range<usize>,
    line: u64,
    column: u64,
}

impl JsonValue {
    /// The same error, counted from the beginning of the text.
    fn place_in_text(&self, error: YamlError) -> YamlError {
        let columns = if error.line == Some(1) { self.column } else { 0 };
        YamlError {
            line: error.line.map(|line| line + self.line),
            column: error.column.map(|column| column + columns),
            ..error
        }
    }
}

/// Two objects or more with nothing but blanks between them; `None` for anything else.
fn json_values(text: &str) -> Option<Vec<JsonValue>> {
    let (mut values, mut depth, mut quoted, mut escaped) = (Vec::new(), 0_usize, false, false);
    let (mut line, mut column) = (0, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => {
                if depth == 0 {
                    values.push(JsonValue { bytes: at..at, line, column });
                }
                depth += 1;
            }
            '}' | ']' => {
                depth = depth.checked_sub(1)?;
                if let Some(value) = values.last_mut().filter(|_| depth == 0) {
                    value.bytes.end = at + 1;
                }
            }
            _ if depth == 0 && !letter.is_whitespace() => return None,
            _ => {}
        }
        (line, column) = if letter == '\n' { (line + 1, 0) } else { (line, column + 1) };
    }
    (values.len() > 1 && depth == 0).then_some(values)
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

    fn read(text: &str, first_line: u64) -> Result<Vec<Placed>, YamlError> {
        let mut left = MOST;
        super::read(text, first_line, &mut left)
    }

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
    fn json_objects_stand_one_after_the_other_and_keep_their_places() {
        let all = read("{\"a\": \"}\"} {\"b\":\n 1}\n\t{\"c\": {\"d\": [2]}}\n", 10).unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0].get("a").and_then(Placed::text), Some("}"));
        assert_eq!((spot(&all[1]), spot(all[1].get("b").unwrap())), ((10, 12), (11, 2)));
        assert_eq!(spot(&all[2].at("c.d").unwrap().items()[0]), (12, 15));
        for broken in
            ["{\"a\": 1} {\"b\": [}", "{\"a\": 1}, {\"b\": 1}", "{\"a\": 1} b", "{\"a\": 1}}", "{\"a\": 1} {\"b\": \"}"]
        {
            assert!(read(broken, 1).is_err(), "{broken}");
        }
        let place = |text: &str| read(text, 1).map_err(|error| (error.line, error.column)).unwrap_err();
        let alone = place("{\"b\": !!int x}");
        assert_eq!(alone.0, Some(1));
        let columns = |more: u64| alone.1.map(|column| column + more);
        assert_eq!(place("{\"a\": 1} {\"b\": !!int x}"), (Some(1), columns(9)));
        assert_eq!(place("{}\n {\"b\": !!int x}"), (Some(2), columns(1)));
        assert_eq!(place("{} {\"a\": 1,\n\"b\": !!int x}").0, Some(2));
        assert_eq!(place("{} {\"a\": 1,\n\"b\": !!int x}").1, place("{\"a\": 1,\n\"b\": !!int x}").1);
        assert_eq!(read(&"{}".repeat(2000), 1).unwrap().len(), 2000);
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
        let round = read("a: &a [*a]\n", 1).unwrap_err();
        assert_eq!(round.message, "an alias leads back into its own anchor");
        let repeated = |times: usize| format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(5_000), "*a,".repeat(times));
        assert!(read(&repeated(30), 1).is_ok());
        assert!(read(&format!("a: &a x\nb: [{}]\n", "*a,".repeat(500)), 1).is_ok());
        let exploding = read(&repeated(90), 1).unwrap_err();
        assert_eq!(exploding.message, "its aliases or its nesting make it too large to be read");
        let mut laughs = "a0: &a0 [x]\n".to_owned();
        for level in 1..12 {
            let many = format!("*a{},", level - 1).repeat(10);
            laughs = format!("{laughs}a{level}: &a{level} [{many}]\n");
        }
        assert!(read(&laughs, 1).is_err());
        assert!(read(&"[".repeat(10_000), 1).is_err());
    }

    #[test]
    fn many_pieces_of_one_file_do_not_come_to_more_than_one_may() {
        let large = format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(1_000), "*a,".repeat(100));
        let mut left = MOST;
        let taken = (0..20).flat_map(|_| super::read(&large, 7, &mut left)).count();
        assert_eq!((taken, left), (10, 0));
        let refused = super::read("a: 1", 7, &mut left).unwrap_err();
        assert_eq!((refused.line, refused.column), (Some(7), Some(1)));
        assert_eq!(refused.message, "what stands before it makes the file too large to be read");
        let in_a_row = format!("{{\"a\": &a [{}], \"b\": [{}]}} ", "1,".repeat(1_000), "*a,".repeat(100)).repeat(20);
        assert!(read(&in_a_row, 1).is_err());
    }
}
