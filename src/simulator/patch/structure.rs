//! What merging and pruning make of objects: how an applied configuration goes
//! into a live object, and what is left when owned fields are taken out. The
//! rules are those that server-side apply is defined by.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::field_set::{FieldSet, field};
use super::walk::{Walk, field_shape, is_hollow, item_element, walk};
use crate::simulator::schema::{ListKind, Shape};

/// The live object with an applied configuration merged in.
#[must_use]
pub fn merge(shape: &Shape, live: Option<&Value>, applied: Option<&Value>) -> Option<Value> {
    let walked = walk(shape, &[live, applied]);
    if matches!(walked, Walk::Leaf) || is_hollow(live) && is_hollow(applied) {
        return applied.or(live).cloned();
    }
    if let Walk::Items(of, kind) = walked {
        return Some(Value::Array(merge_items(of, kind, live, applied)));
    }
    let nothing = Map::new();
    let live = live.and_then(Value::as_object).unwrap_or(&nothing);
    let applied = applied.and_then(Value::as_object).unwrap_or(&nothing);
    let fresh = applied.keys().filter(|name| !live.contains_key(*name));
    let merged = live.keys().chain(fresh).filter_map(|name| {
        let shape = field_shape(&walked, name)?;
        Some((name.clone(), merge(shape, live.get(name), applied.get(name))?))
    });
    let merged: Map<String, Value> = merged.collect();
    (!merged.is_empty()).then_some(Value::Object(merged))
}

/// Items keep the order of the configuration; items that only the live list
/// has stay before the shared item that they stood before.
fn merge_items(of: &Shape, kind: &ListKind, live: Option<&Value>, applied: Option<&Value>) -> Vec<Value> {
    let empty = Vec::new();
    let live = live.and_then(Value::as_array).unwrap_or(&empty);
    let applied = applied.and_then(Value::as_array).unwrap_or(&empty);
    let wanted: Vec<String> = applied.iter().map(|item| item_element(of, kind, item)).collect();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (position, element) in wanted.iter().enumerate() {
        places.entry(element).or_insert(position);
    }
    // Of items that share their keys none is merged with the wanted one.
    let mut shared: BTreeMap<String, Option<&Value>> = BTreeMap::new();
    // Which shared item each item of the live list stands before.
    let mut lonely: Vec<(usize, &Value)> = Vec::new();
    let mut passed = 0;
    for item in live {
        let element = item_element(of, kind, item);
        if let Some(position) = places.get(element.as_str()) {
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
    match (walk(shape, &[Some(value)]), value) {
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
    let walked = walk(shape, &[]);
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
