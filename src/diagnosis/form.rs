//! What of a manifest has not the form that Kubernetes' schema asks for: fields
//! that it does not know, values of another type, texts that a field cannot be.
//! Custom resources and versions that are gone are in no schema.

use super::manifests::{Document, Manifests};
use super::meant::{Meant, meant};
use super::rules::{is_misplaced, is_placeholder};
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
                    let meant = meant(of, entry, entries, &self.outer());
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

    /// The maps around this one, the nearest first, each with its path.
    fn outer(&self) -> Vec<(String, &'static Type)> {
        let around = self.around.iter().rev().skip(1);
        around.map(|(length, of)| (path_of(self.path.get(..*length).unwrap_or_default()), *of)).collect()
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
