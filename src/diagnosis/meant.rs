//! What somebody probably meant by a field that is not there: it is spelt
//! otherwise, or belongs further out or further in.

use crate::objects::nearest::nearest;
use crate::objects::placed::{self, Entry, Placed};
use crate::schema::{Shape, Type};

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

/// What is meant by a field that a map of this type has not, by the fields beside it too.
/// The same word elsewhere says more than a word that is like it here; `outer` is the path
/// of a map around that has it.
pub(super) fn meant(
    of: &'static Type,
    entry: &Entry,
    beside: &[Entry],
    outer: impl FnOnce() -> Option<String>,
) -> Option<Meant> {
    let key = entry.key.as_str();
    if let Some(same) = of.fields.keys().find(|field| field.eq_ignore_ascii_case(key)) {
        return Some(Meant::Spelt(same));
    }
    let takers = of.fields.iter().filter(|(_, field)| takes(&field.shape, &entry.value));
    let known = || takers.clone().map(|(name, _)| name.as_str());
    below_an_empty_one(of, entry, beside)
        .or_else(|| outer().map(Meant::Out))
        .or_else(|| inside(of, entry).map(Meant::In))
        .or_else(|| nearest(key, known()).or_else(|| ending(key, known())).map(Meant::Spelt))
}

/// It was to stand below a key before it that has nothing below it.
fn below_an_empty_one(of: &'static Type, entry: &Entry, beside: &[Entry]) -> Option<Meant> {
    let empty = beside.iter().filter(|other| other.value.is_null() && other.place < entry.place);
    let mut empty = empty.filter_map(|other| Some((other, struct_in(&of.fields.get(&other.key)?.shape)?)));
    let (over, (_, marks)) = empty.rfind(|(_, (inner, _))| inner.fields.contains_key(&entry.key))?;
    Some(Meant::In(vec![format!("{}{marks}", over.key)]))
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
