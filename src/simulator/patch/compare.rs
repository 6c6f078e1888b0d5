//! Which fields an object has, and how two objects differ. The rules are those
//! that server-side apply is defined by.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::field_set::{FieldSet, field};
use super::walk::{Walk, field_shape, is_declared, is_hollow, item_element, walk};
use crate::simulator::schema::{ListKind, Shape};

/// The fields that a configuration names (its future owner's set).
#[must_use]
pub fn field_set(shape: &Shape, value: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    match (walk(shape, &[Some(value)]), value) {
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
                child.member |= is_hollow(Some(value)) && !value.is_array() || !is_declared(&walked, name);
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

impl Comparison {
    /// Takes in what differs below a path element.
    fn take(&mut self, element: impl Fn() -> String, below: Self) {
        let Self { added, modified, removed } = below;
        for (set, child) in [(&mut self.added, added), (&mut self.modified, modified), (&mut self.removed, removed)] {
            if !child.is_empty() {
                set.children.insert(element(), child);
            }
        }
    }
}

/// Compares an object before and after.
#[must_use]
pub fn compare(shape: &Shape, before: &Value, after: &Value) -> Comparison {
    compare_at(shape, Some(before), Some(after))
}

fn compare_at(shape: &Shape, before: Option<&Value>, after: Option<&Value>) -> Comparison {
    let mut found = Comparison::default();
    if before == after {
        return found;
    }
    let walked = walk(shape, &[before, after]);
    if matches!(shape, Shape::Deduced)
        && let (Walk::Leaf, Some(old), Some(new)) = (&walked, before, after)
        && old.is_object() != new.is_object()
    {
        // Of an object that is none any more its fields are gone, and the other way round.
        compare_fields(&Walk::Entries(shape), before, after, &mut found);
        found.modified.member = true;
        return found;
    }
    if matches!(walked, Walk::Leaf) || is_hollow(before) && is_hollow(after) {
        found.modified.member = before.is_some() && after.is_some();
    } else if let Walk::Items(of, kind) = walked {
        compare_items((of, kind), before, after, &mut found);
    } else {
        compare_fields(&walked, before, after, &mut found);
    }
    found.added.member = before.is_none();
    found.removed.member = after.is_none();
    found
}

fn compare_fields(walked: &Walk<'_>, before: Option<&Value>, after: Option<&Value>, found: &mut Comparison) {
    let nothing = Map::new();
    let before = before.and_then(Value::as_object).unwrap_or(&nothing);
    let after = after.and_then(Value::as_object).unwrap_or(&nothing);
    let gone = before.iter().map(|(name, old)| (name, Some(old), after.get(name)));
    let fresh = after.iter().filter(|(name, _)| !before.contains_key(*name)).map(|(name, new)| (name, None, Some(new)));
    for (name, old, new) in gone.chain(fresh) {
        if let Some(shape) = field_shape(walked, name) {
            found.take(|| field(name), compare_at(shape, old, new));
        }
    }
}

/// The items of a list by their path elements.
fn by_element<'v>(of: &Shape, kind: &ListKind, items: &'v [Value]) -> BTreeMap<String, Vec<&'v Value>> {
    let mut out: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for item in items {
        out.entry(item_element(of, kind, item)).or_default().push(item);
    }
    out
}

/// Items that share their keys are compared together and as a whole.
fn compare_items(
    (of, kind): (&Shape, &ListKind),
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Comparison,
) {
    let before = by_element(of, kind, items(before));
    let mut after = by_element(of, kind, items(after));
    for (element, old) in before {
        let new = after.remove(&element).unwrap_or_default();
        found.take(|| element.clone(), compare_same(of, &old, &new));
    }
    for (element, new) in after {
        found.take(|| element.clone(), compare_same(of, &[], &new));
    }
}

fn items(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Compares the items of one path element.
fn compare_same(of: &Shape, old: &[&Value], new: &[&Value]) -> Comparison {
    match (old.len() > 1, new.len() > 1) {
        (false, false) => compare_at(of, old.first().copied(), new.first().copied()),
        (true, true) => {
            let mut found = Comparison::default();
            found.modified.member = old != new;
            found
        }
        (true, false) => {
            let mut found = compare_at(of, None, new.first().copied());
            found.removed.member = true;
            found
        }
        (false, true) => {
            let mut found = compare_at(of, old.first().copied(), None);
            found.added.member = true;
            found
        }
    }
}
