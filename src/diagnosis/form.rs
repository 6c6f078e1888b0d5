//! What of a manifest has not the form that Kubernetes' schema asks for: fields
//! that it does not know, values of another type, texts that a field cannot be.
//! Custom resources and versions that are gone are in no schema.

use super::manifests::{Document, Manifests};
use super::rules::{is_misplaced, is_placeholder};
use crate::objects::nearest::nearest;
use crate::objects::placed::{self, Entry, Placed};
use crate::objects::quantity::Quantity;
use crate::schema::{Field, Shape, Type, table};

/// Something of another form, and where: `spec.replicas`, empty at the top.
#[derive(Debug)]
pub enum Fault<'a> {
    /// The map at the path has no such field.
    Unknown { path: String, entry: &'a Entry, meant: Option<Meant> },
    /// There stands something of another type.
    Mistyped { path: String, value: &'a Placed, expected: &'static Shape },
    /// A text, but none of those that can stand there.
    OtherText { path: String, value: &'a Placed, allowed: &'static [String] },
    /// A text that is no amount.
    NoAmount { path: String, value: &'a Placed },
    /// A number beyond what the field can hold.
    TooLarge { path: String, value: &'a Placed },
    /// Bytes that are not written in base64.
    NoBytes { path: String, value: &'a Placed },
}

/// What somebody probably meant by a field that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// It is spelt so.
    Spelt(&'static str),
    /// It belongs further out, to the map at this path.
    Out(String),
    /// It belongs further in, below one of these fields.
    In(Vec<String>),
}

/// Everything that has another form, in the order of the input: looked for once, for all rules.
#[must_use]
pub fn faults_in(all: &Manifests) -> Vec<(&Document, Fault<'_>)> {
    let of = |document| faults(document).into_iter().map(move |fault| (document, fault));
    all.documents.iter().flat_map(of).collect()
}

/// In the order of the document.
fn faults(document: &Document) -> Vec<Fault<'_>> {
    let merged = document.root.entries().iter().filter(|entry| entry.key == "kind").count() > 1;
    let of = table().object(document.text("apiVersion"), document.text("kind")).filter(|_| !merged);
    let mut walk = Walk { document, path: Vec::new(), around: Vec::new(), faults: Vec::new() };
    if let Some(of) = of {
        walk.fields(of, document.root.entries());
    }
    walk.faults
}

/// A step from a value to one inside of it.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

struct Walk<'a> {
    document: &'a Document,
    path: Vec<Step<'a>>,
    /// The types of the maps around, with how long their paths are.
    around: Vec<(usize, &'static Type)>,
    faults: Vec<Fault<'a>>,
}

impl<'a> Walk<'a> {
    fn fields(&mut self, of: &'static Type, entries: &'a [Entry]) {
        self.around.push((self.path.len(), of));
        for entry in entries {
            let top = self.path.is_empty();
            match of.fields.get(&entry.key) {
                // Nobody writes what the cluster reports, and its versions differ.
                Some(_) if top && entry.key == "status" => {}
                Some(field) => {
                    self.path.push(Step::Key(&entry.key));
                    self.value(&field.shape, Some(field), &entry.value);
                    self.path.pop();
                }
                // These have a rule of their own.
                None if top && is_misplaced(self.document, &entry.key) || entry.key == "<<" => {}
                None => {
                    let meant = self.meant(of, entry, entries);
                    self.faults.push(Fault::Unknown { path: self.path(), entry, meant });
                }
            }
        }
        self.around.pop();
    }

    fn value(&mut self, shape: &'static Shape, field: Option<&'static Field>, value: &'a Placed) {
        match (shape, &value.shape) {
            (_, placed::Shape::Null) | (Shape::Any | Shape::Deduced, _) => {}
            (_, placed::Shape::Text(text)) if is_placeholder(text) => {}
            (Shape::Struct(_) | Shape::Inline(_), placed::Shape::Map(entries)) => {
                if let Some(of) = shape.fields() {
                    self.fields(of, entries);
                }
            }
            (Shape::Map { of, .. }, placed::Shape::Map(entries)) => {
                for entry in entries {
                    self.path.push(Step::Key(&entry.key));
                    self.value(of, None, &entry.value);
                    self.path.pop();
                }
            }
            (Shape::List { of, .. }, placed::Shape::List(items)) => {
                for (position, item) in items.iter().enumerate() {
                    self.path.push(Step::Item(position));
                    self.value(of, field, item);
                    self.path.pop();
                }
            }
            (shape, _) => self.scalar(shape, field, value),
        }
    }

    fn scalar(&mut self, shape: &'static Shape, field: Option<&'static Field>, value: &'a Placed) {
        let path = || path_of(&self.path);
        let fault = match (shape, &value.shape) {
            (Shape::String, placed::Shape::Text(text)) => {
                let allowed = field.map(|field| field.one_of.as_slice()).unwrap_or_default();
                let fits = text.is_empty() || allowed.is_empty() || allowed.contains(text);
                (!fits).then(|| Fault::OtherText { path: path(), value, allowed })
            }
            (Shape::Quantity, placed::Shape::Text(text)) => {
                Quantity::parse(text.trim()).is_err().then(|| Fault::NoAmount { path: path(), value })
            }
            (Shape::Bytes, placed::Shape::Text(text)) => {
                (!is_base64(text)).then(|| Fault::NoBytes { path: path(), value })
            }
            (Shape::Int32 | Shape::IntOrString, placed::Shape::Number(number)) if is_whole(number) => {
                let held = number.as_f64().is_some_and(|number| number.abs() <= f64::from(i32::MAX));
                (!held).then(|| Fault::TooLarge { path: path(), value })
            }
            (Shape::Int64, placed::Shape::Number(number)) if is_whole(number) => None,
            (Shape::IntOrString | Shape::Time | Shape::MicroTime, placed::Shape::Text(_))
            | (Shape::Number | Shape::Quantity, placed::Shape::Number(_))
            | (Shape::Boolean, placed::Shape::Bool(_)) => None,
            (expected, _) => Some(Fault::Mistyped { path: path(), value, expected }),
        };
        self.faults.extend(fault);
    }

    fn path(&self) -> String {
        path_of(&self.path)
    }

    /// The same word elsewhere says more than a word that is like it here.
    fn meant(&self, of: &'static Type, entry: &Entry, beside: &[Entry]) -> Option<Meant> {
        let key = entry.key.as_str();
        if let Some(same) = of.fields.keys().find(|field| field.eq_ignore_ascii_case(key)) {
            return Some(Meant::Spelt(same));
        }
        // What was to stand below a key that has nothing below it.
        let empty = beside.iter().filter(|other| other.value.is_null() && other.place < entry.place);
        let mut empty = empty.filter_map(|other| Some((other, struct_in(&of.fields.get(&other.key)?.shape)?)));
        if let Some((over, (_, marks))) = empty.rfind(|(_, (inner, _))| inner.fields.contains_key(key)) {
            return Some(Meant::In(vec![format!("{}{marks}", over.key)]));
        }
        let outer = self.around.iter().rev().skip(1).find(|(_, outer)| outer.fields.contains_key(key));
        if let Some((length, _)) = outer {
            let path = path_of(self.path.get(..*length).unwrap_or_default());
            return Some(Meant::Out(path));
        }
        let known =
            || of.fields.iter().filter(|(_, field)| takes(&field.shape, &entry.value)).map(|(name, _)| name.as_str());
        let inner = inside(of, entry).map(Meant::In);
        let inner = inner.or_else(|| nearest(key, known()).map(Meant::Spelt));
        inner.or_else(|| ending(key, known()).map(Meant::Spelt))
    }
}

/// Places of which one is meant.
const MOST_PLACES: usize = 4;

/// Nobody writes these into a manifest.
const SERVERS: [&str; 2] = ["status", "ephemeralContainers"];

/// Words that many maps have as a field: where they stand tells nothing.
const COMMON: [&str; 6] = ["name", "type", "kind", "key", "value", "path"];

/// The only field that ends with this word: `updateStrategy` for `strategy`.
fn ending(key: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let mut letters = key.chars();
    let end: String = letters.next()?.to_uppercase().chain(letters).collect();
    let mut found = known.filter(|name| end.len() > 3 && name.ends_with(&end));
    found.next().filter(|_| found.next().is_none())
}

/// Whether something of this kind can stand there.
const fn takes(shape: &Shape, value: &Placed) -> bool {
    match (shape, &value.shape) {
        (Shape::Any | Shape::Deduced, _) | (_, placed::Shape::Null) => true,
        (Shape::Struct(_) | Shape::Inline(_) | Shape::Map { .. }, shape) => matches!(shape, placed::Shape::Map(_)),
        (Shape::List { .. }, shape) => matches!(shape, placed::Shape::List(_)),
        (_, shape) => !matches!(shape, placed::Shape::Map(_) | placed::Shape::List(_)),
    }
}

/// The paths below which it could stand, up to three fields further in: those nearest by.
fn inside(of: &'static Type, entry: &Entry) -> Option<Vec<String>> {
    let key = entry.key.as_str();
    if COMMON.contains(&key) {
        return None;
    }
    let mut level = vec![(String::new(), of)];
    for _ in 0..3 {
        let mut next = Vec::new();
        let mut found: Vec<(String, &Type)> = Vec::new();
        for (path, of) in level {
            for (name, field) in &of.fields {
                let Some((inner, marks)) = struct_in(&field.shape).filter(|_| !SERVERS.contains(&name.as_str())) else {
                    continue;
                };
                let path = if path.is_empty() { format!("{name}{marks}") } else { format!("{path}.{name}{marks}") };
                // Of init containers and containers the plain ones are meant.
                let is_new = !found.iter().any(|(_, known)| std::ptr::eq(*known, inner));
                if is_new && inner.fields.get(key).is_some_and(|field| takes(&field.shape, &entry.value)) {
                    found.push((path.clone(), inner));
                }
                next.push((path, inner));
            }
        }
        // Where it could be anywhere, nobody knows where it belongs.
        if !found.is_empty() {
            let places = found.into_iter().map(|(path, _)| path).collect::<Vec<_>>();
            return (places.len() <= MOST_PLACES).then_some(places);
        }
        level = next;
    }
    None
}

/// The type of a map, or of those in a list.
fn struct_in(shape: &'static Shape) -> Option<(&'static Type, &'static str)> {
    match shape {
        Shape::List { of, .. } => Some((of.fields()?, "[]")),
        shape => Some((shape.fields()?, "")),
    }
}

/// `1e3` is a whole number, too.
fn is_whole(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// As Go reads it: line breaks are passed over.
fn is_base64(text: &str) -> bool {
    use base64::Engine as _;
    use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
    let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let letters: String = text.chars().filter(|letter| !matches!(letter, '\r' | '\n')).collect();
    GeneralPurpose::new(&base64::alphabet::STANDARD, lenient).decode(letters).is_ok()
}

fn path_of(steps: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) if path.is_empty() => path.push_str(key),
            Step::Key(key) => path.extend([".", key]),
            Step::Item(position) => path.extend(["[", &position.to_string(), "]"]),
        }
    }
    path
}
