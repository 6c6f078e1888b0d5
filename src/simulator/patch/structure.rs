//! Walks over objects that know the schema: which fields an object has, how two
//! objects differ, how an applied configuration merges into a live object, and
//! what is left when owned fields are taken out. The rules are those that
//! server-side apply is defined by.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::field_set::{FieldSet, field};
use crate::simulator::schema::{Field, ListKind, Shape, table};

/// How a shape is walked.
enum Walk<'a> {
    /// One value as a whole: scalars, atomic lists and maps.
    Leaf,
    Fields(&'a str),
    Entries(&'a Shape),
    Items(&'a Shape, &'a ListKind),
}

fn walk(shape: &Shape) -> Walk<'_> {
    match shape {
        Shape::Struct(name) if table().get(name).atomic => Walk::Leaf,
        Shape::Struct(name) => Walk::Fields(name),
        Shape::Map { of, atomic: false } => Walk::Entries(of),
        Shape::List { of, kind: kind @ (ListKind::Set | ListKind::Map(_)), .. } => Walk::Items(of, kind),
        Shape::List { kind: ListKind::Atomic, .. }
        | Shape::Map { atomic: true, .. }
        | Shape::String
        | Shape::Int32
        | Shape::Int64
        | Shape::Number
        | Shape::Boolean
        | Shape::Quantity
        | Shape::IntOrString
        | Shape::Time
        | Shape::MicroTime
        | Shape::Bytes
        | Shape::Any => Walk::Leaf,
    }
}

/// The shape of a struct's field or of a map's entry; `None` if undeclared.
fn field_shape<'a>(walked: &Walk<'a>, name: &str) -> Option<&'a Shape> {
    match walked {
        Walk::Fields(owner) => table().get(owner).fields.get(name).map(|field| &field.shape),
        Walk::Entries(of) => Some(of),
        Walk::Leaf | Walk::Items(..) => None,
    }
}

/// The path element of a list item: its keys, or its value in a set.
pub fn item_element(of: &Shape, kind: &ListKind, item: &Value) -> String {
    let ListKind::Map(keys) = kind else { return format!("v:{item}") };
    let found: BTreeMap<&str, Value> = keys
        .iter()
        .filter_map(|key| {
            let field = || of.fields().and_then(|known| known.fields.get(key));
            let zero = |field: &Field| field.always.then(|| field.shape.zero());
            let default = || field().and_then(|field| field.default.clone().or_else(|| zero(field)));
            item.get(key).cloned().or_else(default).map(|value| (key.as_str(), value))
        })
        .collect();
    format!("k:{}", serde_json::to_string(&found).unwrap_or_default())
}

fn is_hollow(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => false,
    }
}

/// The fields that a configuration names (its future owner's set).
#[must_use]
pub fn field_set(shape: &Shape, value: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    match (walk(shape), value) {
        (Walk::Items(of, kind), Value::Array(items)) => {
            for (element, same) in by_element(of, kind, items) {
                // Of items that share their keys nobody owns more than the fact.
                let mut child = if let [only] = same.as_slice() { field_set(of, only) } else { FieldSet::default() };
                child.member = true;
                set.children.insert(element, child);
            }
        }
        (walked @ (Walk::Fields(_) | Walk::Entries(_)), Value::Object(entries)) => {
            for (name, value) in entries {
                let Some(shape) = field_shape(&walked, name) else { continue };
                let mut child = field_set(shape, value);
                child.member |= is_hollow(Some(value)) && !value.is_array() || matches!(walked, Walk::Entries(_));
                if !child.is_empty() {
                    set.children.insert(field(name), child);
                }
            }
        }
        (Walk::Leaf | Walk::Fields(_) | Walk::Entries(_) | Walk::Items(..), _) => set.member = !value.is_null(),
    }
    set
}

/// The difference between two objects.
#[derive(Debug, Default)]
pub struct Comparison {
    pub added: FieldSet,
    pub modified: FieldSet,
    pub removed: FieldSet,
}

/// Compares an object before and after.
#[must_use]
pub fn compare(shape: &Shape, before: &Value, after: &Value) -> Comparison {
    let mut found = Comparison::default();
    compare_at(shape, Some(before), Some(after), &mut Vec::new(), &mut found);
    found
}

fn compare_at(
    shape: &Shape,
    before: Option<&Value>,
    after: Option<&Value>,
    at: &mut Vec<String>,
    found: &mut Comparison,
) {
    let walked = walk(shape);
    if matches!(walked, Walk::Leaf) || is_hollow(before) && is_hollow(after) {
        match (before, after) {
            (None, Some(_)) => found.added.insert(at),
            (Some(_), None) => found.removed.insert(at),
            (Some(before), Some(after)) if before != after => found.modified.insert(at),
            _ => {}
        }
        return;
    }
    if let Walk::Items(of, kind) = walked {
        compare_items((of, kind), before, after, at, found);
    } else {
        for (element, shape, before, after) in pairs(&walked, before, after) {
            at.push(element);
            compare_at(shape, before, after, at, found);
            at.pop();
        }
    }
    match (before, after) {
        (None, Some(_)) => found.added.insert(at),
        (Some(_), None) => found.removed.insert(at),
        _ => {}
    }
}

/// The items of a list by their path elements, in order of appearance.
fn by_element<'v>(of: &Shape, kind: &ListKind, items: &'v [Value]) -> Vec<(String, Vec<&'v Value>)> {
    let mut out: Vec<(String, Vec<&Value>)> = Vec::new();
    for item in items {
        let element = item_element(of, kind, item);
        match out.iter_mut().find(|(known, _)| *known == element) {
            Some((_, same)) => same.push(item),
            None => out.push((element, vec![item])),
        }
    }
    out
}

/// Items that share their keys are compared together and as a whole.
fn compare_items(
    (of, kind): (&Shape, &ListKind),
    before: Option<&Value>,
    after: Option<&Value>,
    at: &mut Vec<String>,
    found: &mut Comparison,
) {
    let read = |list: Option<&Value>| -> Vec<Value> { list.and_then(Value::as_array).cloned().unwrap_or_default() };
    let (before, after) = (read(before), read(after));
    let (before, after) = (by_element(of, kind, &before), by_element(of, kind, &after));
    let fresh = after.iter().filter(|(element, _)| !before.iter().any(|(known, _)| known == element));
    for (element, _) in before.iter().chain(fresh) {
        let same = |list: &[(String, Vec<&Value>)]| -> Vec<Value> {
            let found = list.iter().find(|(known, _)| known == element);
            found.map(|(_, same)| same.iter().copied().cloned().collect()).unwrap_or_default()
        };
        let (old, new) = (same(&before), same(&after));
        at.push(element.clone());
        match (old.len() > 1, new.len() > 1) {
            (false, false) => compare_at(of, old.first(), new.first(), at, found),
            (true, true) if old != new => found.modified.insert(at),
            (true, true) => {}
            (true, false) => {
                compare_at(of, None, new.first(), at, found);
                found.removed.insert(at);
            }
            (false, true) => {
                compare_at(of, old.first(), None, at, found);
                found.added.insert(at);
            }
        }
        at.pop();
    }
}

type Pair<'s, 'v> = (String, &'s Shape, Option<&'v Value>, Option<&'v Value>);

/// The children of two values, matched by path element.
fn pairs<'s, 'v>(walked: &Walk<'s>, before: Option<&'v Value>, after: Option<&'v Value>) -> Vec<Pair<'s, 'v>> {
    let mut out: Vec<Pair<'s, 'v>> = Vec::new();
    let mut index = BTreeMap::new();
    for (is_after, value) in [(false, before), (true, after)] {
        let Some(value) = value else { continue };
        for (element, shape, child) in children(walked, value) {
            let position = *index.entry(element.clone()).or_insert_with(|| {
                out.push((element, shape, None, None));
                out.len() - 1
            });
            if let Some(pair) = out.get_mut(position) {
                if is_after { pair.3 = Some(child) } else { pair.2 = Some(child) }
            }
        }
    }
    out
}

fn children<'s, 'v>(walked: &Walk<'s>, value: &'v Value) -> Vec<(String, &'s Shape, &'v Value)> {
    match (walked, value) {
        (Walk::Items(of, kind), Value::Array(items)) => {
            items.iter().map(|item| (item_element(of, kind, item), *of, item)).collect()
        }
        (Walk::Fields(_) | Walk::Entries(_), Value::Object(entries)) => entries
            .iter()
            .filter_map(|(name, value)| field_shape(walked, name).map(|shape| (field(name), shape, value)))
            .collect(),
        (Walk::Leaf | Walk::Fields(_) | Walk::Entries(_) | Walk::Items(..), _) => Vec::new(),
    }
}

/// The live object with an applied configuration merged in.
#[must_use]
pub fn merge(shape: &Shape, live: Option<&Value>, applied: Option<&Value>) -> Option<Value> {
    let walked = walk(shape);
    if matches!(walked, Walk::Leaf) || is_hollow(live) && is_hollow(applied) {
        return applied.or(live).cloned();
    }
    match walked {
        Walk::Items(of, kind) => Some(Value::Array(merge_items(of, kind, live, applied))),
        Walk::Fields(_) | Walk::Entries(_) => {
            let mut out = Map::new();
            for (element, shape, live, applied) in pairs(&walked, live, applied) {
                if let Some(value) = merge(shape, live, applied) {
                    out.insert(element.trim_start_matches("f:").to_owned(), value);
                }
            }
            (!out.is_empty()).then_some(Value::Object(out))
        }
        Walk::Leaf => None,
    }
}

/// Items keep the order of the configuration; items that only the live list
/// has stay before the shared item that they stood before.
fn merge_items(of: &Shape, kind: &ListKind, live: Option<&Value>, applied: Option<&Value>) -> Vec<Value> {
    let empty = Vec::new();
    let live = live.and_then(Value::as_array).unwrap_or(&empty);
    let applied = applied.and_then(Value::as_array).unwrap_or(&empty);
    let wanted: Vec<String> = applied.iter().map(|item| item_element(of, kind, item)).collect();
    // Of items that share their keys none is merged with the wanted one.
    let mut shared: BTreeMap<String, Option<&Value>> = BTreeMap::new();
    // Which shared item each item of the live list stands before.
    let mut lonely: Vec<(usize, &Value)> = Vec::new();
    let mut passed = 0;
    for item in live {
        let element = item_element(of, kind, item);
        if let Some(position) = wanted.iter().position(|one| *one == element) {
            passed = passed.max(position + 1);
            shared.entry(element).and_modify(|first| *first = None).or_insert(Some(item));
        } else {
            lonely.push((passed, item));
        }
    }
    let mut out = Vec::with_capacity(applied.len() + lonely.len());
    let mut lonely = lonely.into_iter().peekable();
    for (position, (item, element)) in applied.iter().zip(&wanted).enumerate() {
        while let Some((_, earlier)) = lonely.next_if(|(before, _)| *before <= position) {
            out.push(earlier.clone());
        }
        out.extend(merge(of, shared.get(element).copied().flatten(), Some(item)));
    }
    out.extend(lonely.map(|(_, item)| item.clone()));
    out
}

/// The object without these paths.
#[must_use]
pub fn remove(shape: &Shape, value: &Value, paths: &FieldSet) -> Option<Value> {
    match (walk(shape), value) {
        (Walk::Items(of, kind), Value::Array(items)) => {
            let left: Vec<Value> =
                items.iter().filter_map(|item| remove_child(of, item, &item_element(of, kind, item), paths)).collect();
            (!left.is_empty()).then_some(Value::Array(left))
        }
        (walked @ (Walk::Fields(_) | Walk::Entries(_)), Value::Object(entries)) => {
            let mut left = Map::new();
            for (name, value) in entries {
                let kept = match field_shape(&walked, name) {
                    Some(shape) => remove_child(shape, value, &field(name), paths),
                    None => Some(value.clone()),
                };
                left.extend(kept.map(|value| (name.clone(), value)));
            }
            (!left.is_empty()).then_some(Value::Object(left))
        }
        (Walk::Leaf | Walk::Fields(_) | Walk::Entries(_) | Walk::Items(..), _) => Some(value.clone()),
    }
}

fn remove_child(shape: &Shape, value: &Value, element: &str, paths: &FieldSet) -> Option<Value> {
    match paths.below(element) {
        Some(below) if below.member => None,
        Some(below) if !below.is_empty() => remove(shape, value, below),
        _ => Some(value.clone()),
    }
}

/// Makes every struct field on the way to a path a member itself, so that sets
/// of configurations and sets of changes can be compared.
#[must_use]
pub fn with_named_fields(shape: &Shape, set: &FieldSet) -> FieldSet {
    let walked = walk(shape);
    let mut out = FieldSet { member: set.member, children: BTreeMap::new() };
    for (element, below) in &set.children {
        let child_shape = match &walked {
            Walk::Items(of, _) => Some(*of),
            Walk::Fields(_) | Walk::Entries(_) => {
                element.strip_prefix("f:").and_then(|name| field_shape(&walked, name))
            }
            Walk::Leaf => None,
        };
        let mut child = child_shape.map_or_else(|| below.clone(), |shape| with_named_fields(shape, below));
        child.member |= matches!(walked, Walk::Fields(_)) && !below.children.is_empty();
        out.children.insert(element.clone(), child);
    }
    out
}
