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
    /// It belongs below one of these paths, beside the map that it stands in.
    Beside(Vec<String>),
}

/// What is meant by a field that a map of this type has not, by the fields beside it too.
/// The same word elsewhere says more than a word that is like it here; `around` are the maps
/// around, the nearest first, each with its path.
pub(super) fn meant(
    of: &'static Type,
    entry: &Entry,
    beside: &[Entry],
    around: &[(String, &'static Type)],
) -> Option<Meant> {
    let key = entry.key.as_str();
    if let Some(same) = of.fields.keys().find(|field| field.eq_ignore_ascii_case(key)) {
        return Some(Meant::Spelt(same));
    }
    let takers = of.fields.iter().filter(|(_, field)| takes(&field.shape, &entry.value));
    let known = || takers.clone().map(|(name, _)| name.as_str());
    below_an_empty_one(of, entry, beside)
        .or_else(|| {
            let outer = around.iter().find(|(_, outer)| outer.fields.contains_key(key) && !UNMEANT.contains(&key));
            outer.map(|(path, _)| Meant::Out(path.clone()))
        })
        .or_else(|| inside(of, entry, beside).map(Meant::In))
        .or_else(|| nearby(entry, around).map(Meant::Beside))
        .or_else(|| nearest(key, known()).or_else(|| ending(key, known())).map(Meant::Spelt))
}

/// Below another part of a map around this one.
fn nearby(entry: &Entry, around: &[(String, &'static Type)]) -> Option<Vec<String>> {
    around.iter().find_map(|(path, outer)| {
        let places = inside(outer, entry, &[])?.into_iter();
        Some(places.map(|place| if path.is_empty() { place } else { format!("{path}.{place}") }).collect())
    })
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

/// Nobody writes these into a manifest, or they are seldom the ones that are meant.
const UNMEANT: [&str; 4] = ["status", "ephemeralContainers", "initContainers", "overhead"];

/// What is counted: of these there are amounts, by name.
const RESOURCES: [&str; 4] = ["cpu", "memory", "storage", "ephemeral-storage"];

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

/// The paths below which it could stand, up to three fields further in: those nearest by, and
/// of these the ones that are there.
fn inside(of: &'static Type, entry: &Entry, beside: &[Entry]) -> Option<Vec<String>> {
    let key = entry.key.as_str();
    if COMMON.contains(&key) {
        return None;
    }
    let mut level = vec![(String::new(), of)];
    for _ in 0..3 {
        let mut next = Vec::new();
        let mut found = Vec::new();
        for (path, of) in level {
            for (name, field) in &of.fields {
                if UNMEANT.contains(&name.as_str()) {
                    continue;
                }
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                // Nobody limits a disk.
                let is_wanted = key != "storage" || name != "limits";
                if counts(&field.shape) && RESOURCES.contains(&key) && is_wanted {
                    found.push(path.clone());
                }
                let Some((inner, marks)) = struct_in(&field.shape) else { continue };
                let path = format!("{path}{marks}");
                if inner.fields.get(key).is_some_and(|field| takes(&field.shape, &entry.value)) {
                    found.push(path.clone());
                }
                next.push((path, inner));
            }
        }
        let is_there = |path: &String| beside.iter().any(|other| is_below(path, &other.key));
        if found.iter().any(is_there) {
            found.retain(is_there);
        }
        // Where it could be anywhere, nobody knows where it belongs.
        if !found.is_empty() {
            return (found.len() <= MOST_PLACES).then_some(found);
        }
        level = next;
    }
    None
}

/// A map from resources to amounts.
fn counts(shape: &Shape) -> bool {
    matches!(shape, Shape::Map { of, .. } if matches!(**of, Shape::Quantity))
}

/// The path begins with this key.
fn is_below(path: &str, key: &str) -> bool {
    path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The type of a map, or of those in a list.
fn struct_in(shape: &'static Shape) -> Option<(&'static Type, &'static str)> {
    match shape {
        Shape::List { of, .. } => Some((of.fields()?, "[]")),
        shape => Some((shape.fields()?, "")),
    }
}
