//! Strategic merge patch, kubectl's default: lists of objects merge by the key
//! that the schema names, and `$patch`, `$retainKeys`, `$setElementOrder` and
//! `$deleteFromPrimitiveList` say what plain merging cannot.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::unstructured::go_map;
use crate::simulator::schema::Shape;
use crate::simulator::status::Refusal;

const DELETE_PRIMITIVES: &str = "$deleteFromPrimitiveList/";
const ELEMENT_ORDER: &str = "$setElementOrder/";

/// Applies a patch to an object of this shape.
///
/// # Errors
/// 400 for a list item without its merge key or an unknown directive.
pub fn apply(shape: &Shape, object: &Value, patch: &Value) -> Result<Value, Refusal> {
    let Value::Object(patch) = patch else {
        return Err(Refusal::bad_request("error decoding patch: a strategic merge patch must be an object"));
    };
    let live = object.as_object().cloned().unwrap_or_default();
    merge_objects(shape, live, patch).map(Value::Object)
}

/// The patch as the server shows it after it was applied: of what it found
/// nothing to merge with, it has taken out the nulls.
#[must_use]
pub fn spent(object: &Value, patch: &Value) -> Value {
    let Value::Object(fields) = patch else { return patch.clone() };
    let spent = fields.iter().map(|(name, change)| {
        let change = match object.get(name) {
            Some(live) => spent(live, change),
            None if change.is_object() => without_nulls(change),
            None => change.clone(),
        };
        (name.clone(), change)
    });
    Value::Object(spent.collect())
}

fn without_nulls(value: &Value) -> Value {
    let Value::Object(fields) = value else { return value.clone() };
    let left = fields.iter().filter(|(_, value)| !value.is_null());
    Value::Object(left.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
}

fn merge_objects(
    shape: &Shape,
    mut live: Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => return Ok(plain(patch)),
        Some("delete") => return Ok(Map::new()),
        Some("merge") | None => {}
        Some(other) => return Err(Refusal::bad_request(&format!("unknown patch type: {other}"))),
    }
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        let is_kept = |name: &str| name.starts_with('$') || kept.iter().any(|one| one == name);
        if !patch.iter().all(|(name, value)| value.is_null() || is_kept(name)) {
            return Err(Refusal::bad_request("invalid patch format of retainKeys"));
        }
        live.retain(|name, _| kept.iter().any(|one| one == name));
    }
    let before = live.clone();
    for (name, change) in patch {
        if let Some(list) = name.strip_prefix(DELETE_PRIMITIVES) {
            delete_primitives(&mut live, list, change);
        } else if !name.starts_with('$') {
            merge_field(shape, &mut live, name, change)?;
        }
    }
    for (name, order) in patch {
        if let (Some(list), Some(order)) = (name.strip_prefix(ELEMENT_ORDER), order.as_array()) {
            let key = merge_key(shape, list);
            let server = before.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
            if let (Some(key), Some(items)) = (key, live.get_mut(list).and_then(Value::as_array_mut)) {
                *items = arrange(std::mem::take(items), order, &server, key);
            }
        }
    }
    Ok(live)
}

fn merge_field(shape: &Shape, live: &mut Map<String, Value>, name: &str, change: &Value) -> Result<(), Refusal> {
    if change.is_null() {
        live.shift_remove(name);
        return Ok(());
    }
    let field = shape.fields().and_then(|known| known.fields.get(name));
    let inner = match (field, shape) {
        (Some(field), _) => &field.shape,
        (None, Shape::Map { of, .. }) => of,
        // What nobody has a type for cannot be merged with what is there.
        (None, Shape::Any) if are_nested_alike(live.get(name), change) => {
            let message = format!("unable to find api field in struct RawExtension for the json field {name:?}");
            return Err(Refusal::internal(&message));
        }
        (None, _) => &Shape::Any,
    };
    let merged = match (change, inner) {
        _ if field.is_some_and(|field| field.replaced) => change.clone(),
        (Value::Object(change), _) => match live.get(name).and_then(Value::as_object) {
            Some(old) if matches!(inner, Shape::Any) => in_order(merge_objects(inner, old.clone(), change)?.into()),
            Some(old) => Value::Object(merge_objects(inner, old.clone(), change)?),
            // Where nothing is there is nothing to direct.
            None => Value::Object(plain(change)),
        },
        // Where no list is, the patch's is taken as it stands.
        (Value::Array(_), Shape::List { .. }) if live.get(name).is_none_or(Value::is_null) => untold(change),
        (Value::Array(items), Shape::List { of, merge: Some(key), .. }) => {
            let old = live.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
            if key.is_empty() { merge_primitives(&old, items) } else { merge_items(of, key, old, items)? }
        }
        _ => change.clone(),
    };
    live.insert(name.to_owned(), merged);
    Ok(())
}

/// As Go writes what it has no type for.
fn in_order(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<String, Value> =
                fields.into_iter().map(|(name, value)| (name, in_order(value))).collect();
            sorted.into_iter().collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(in_order).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn are_nested_alike(live: Option<&Value>, change: &Value) -> bool {
    live.is_some_and(|live| live.is_object() && change.is_object() || live.is_array() && change.is_array())
}

/// The merge key of a list; empty for lists of scalars, `None` for lists that
/// do not merge.
fn merge_key<'a>(shape: &'a Shape, list: &str) -> Option<&'a str> {
    match shape.fields().and_then(|known| known.fields.get(list)).map(|field| &field.shape) {
        Some(Shape::List { merge: Some(key), .. }) => Some(key),
        _ => None,
    }
}

fn merge_primitives(old: &[Value], items: &[Value]) -> Value {
    let mut seen = BTreeSet::new();
    let merged = old.iter().chain(items).filter(|item| seen.insert(item.to_string())).cloned().collect();
    Value::Array(arrange(merged, items, old, ""))
}

fn merge_items(of: &Shape, key: &str, mut old: Vec<Value>, items: &[Value]) -> Result<Value, Refusal> {
    let server = old.clone();
    if items.iter().any(|item| item["$patch"] == "replace") {
        old.clear();
    }
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, item) in old.iter().enumerate() {
        if let Some(name) = identity(item, key) {
            places.entry(name).or_default().push(place);
        }
    }
    let mut slots: Vec<Option<Value>> = old.into_iter().map(Some).collect();
    for item in items.iter().filter(|item| item["$patch"] != "replace") {
        let Some(change) = item.as_object() else {
            return Err(Refusal::bad_request(&format!("error decoding patch: an item merged by {key:?} is no object")));
        };
        let Some(name) = identity(item, key) else {
            let message = format!("map: {} does not contain declared merge key: {key}", go_map(change));
            return Err(Refusal::internal(&message));
        };
        let first = places.get(&name).and_then(|all| all.first()).and_then(|place| slots.get_mut(*place));
        if change.get("$patch").is_some_and(|directive| directive == "delete") {
            for place in places.remove(&name).unwrap_or_default() {
                if let Some(slot) = slots.get_mut(place) {
                    *slot = None;
                }
            }
        } else if let Some(slot) = first {
            let live = slot.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
            *slot = Some(Value::Object(merge_objects(of, live, change)?));
        } else {
            places.entry(name).or_default().push(slots.len());
            slots.push(Some(Value::Object(plain(change))));
        }
    }
    Ok(Value::Array(arrange(slots.into_iter().flatten().collect(), items, &server, key)))
}

fn delete_primitives(live: &mut Map<String, Value>, list: &str, gone: &Value) {
    if let (Some(items), Some(gone)) = (live.get_mut(list).and_then(Value::as_array_mut), gone.as_array()) {
        items.retain(|item| !gone.contains(item));
    }
}

/// What tells an item of a list from the others: the value of its key, or all
/// of it in a list of scalars.
fn identity(item: &Value, key: &str) -> Option<String> {
    if key.is_empty() { Some(item.to_string()) } else { item.get(key).map(Value::to_string) }
}

/// Where each item stands first.
fn places(list: &[Value], key: &str) -> BTreeMap<String, usize> {
    let mut places = BTreeMap::new();
    for (place, item) in list.iter().enumerate() {
        if let Some(name) = identity(item, key) {
            places.entry(name).or_insert(place);
        }
    }
    places
}

/// Puts items that the patch names in the patch's order. Items that only the
/// server has come after those that they did not stand before.
fn arrange(items: Vec<Value>, order: &[Value], server: &[Value], key: &str) -> Vec<Value> {
    let (order, server) = (places(order, key), places(server, key));
    let place = |places: &BTreeMap<String, usize>, item: &Value| {
        identity(item, key).and_then(|name| places.get(&name).copied())
    };
    let (mut patched, mut lonely): (Vec<Value>, Vec<Value>) =
        items.into_iter().partition(|item| place(&order, item).is_some());
    patched.sort_by_cached_key(|item| place(&order, item));
    lonely.sort_by_cached_key(|item| place(&server, item));
    let mut out = Vec::with_capacity(patched.len() + lonely.len());
    let mut lonely = lonely.into_iter().peekable();
    for item in patched {
        let at = place(&server, &item);
        while let Some(earlier) = lonely.next_if(|one| at.is_some() && place(&server, one) < at) {
            out.push(earlier);
        }
        out.push(item);
    }
    out.extend(lonely);
    out
}

/// A new list of the patch without what it would delete.
fn untold(items: &Value) -> Value {
    let mut fields = Map::from_iter([("items".to_owned(), items.clone())]);
    fields = plain(&fields);
    fields.shift_remove("items").unwrap_or_default()
}

/// A patch as a value, its directives taken out.
fn plain(patch: &Map<String, Value>) -> Map<String, Value> {
    let clean = |value: &Value| match value {
        Value::Object(fields) => Value::Object(plain(fields)),
        other => other.clone(),
    };
    patch
        .iter()
        .filter(|(name, value)| !name.starts_with('$') && !value.is_null())
        .map(|(name, value)| {
            let value = match value {
                Value::Array(items) => items.iter().filter(|item| item["$patch"] != "delete").map(clean).collect(),
                other => clean(other),
            };
            (name.clone(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::schema::table;
    use serde_json::json;

    fn set(containers: &Value) -> Value {
        json!({"spec": {"template": {"spec": {"containers": containers}}}})
    }

    fn patched(containers: &Value, patch: &Value) -> Value {
        let out = apply(&table().kind("StatefulSet"), &set(containers), &set(patch)).expect("applies");
        out["spec"]["template"]["spec"]["containers"].clone()
    }

    #[test]
    fn containers_merge_by_name() {
        let live = json!([{"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}]}, {"name": "b"}]);
        let patch = json!([{"name": "a", "image": "a:2", "env": [{"name": "Y", "value": "2"}]}]);
        let expected = json!([
            {"name": "a", "image": "a:2", "env": [{"name": "Y", "value": "2"}, {"name": "X", "value": "1"}]},
            {"name": "b"},
        ]);
        assert_eq!(patched(&live, &patch), expected);
    }

    #[test]
    fn directives_delete_and_replace_items() {
        let live = json!([{"name": "a"}, {"name": "b"}]);
        assert_eq!(patched(&live, &json!([{"name": "b", "$patch": "delete"}])), json!([{"name": "a"}]));
        assert_eq!(patched(&live, &json!([{"$patch": "replace"}, {"name": "c"}])), json!([{"name": "c"}]));
    }

    #[test]
    fn the_given_order_is_kept() {
        let live = json!({"spec": {"volumes": [{"name": "a"}, {"name": "b"}]}});
        let patch = json!({"spec": {
            "$setElementOrder/volumes": [{"name": "c"}, {"name": "b"}, {"name": "a"}], "volumes": [{"name": "c"}],
        }});
        let out = apply(&table().kind("Pod"), &live, &patch).expect("applies");
        assert_eq!(out["spec"]["volumes"], json!([{"name": "c"}, {"name": "b"}, {"name": "a"}]));
    }

    #[test]
    fn claim_templates_are_replaced_as_a_whole() {
        let live = json!({"spec": {"volumeClaimTemplates": [{"metadata": {"name": "a"}}]}});
        let patch = json!({"spec": {"volumeClaimTemplates": [{"metadata": {"name": "b"}}]}});
        let out = apply(&table().kind("StatefulSet"), &live, &patch).expect("applies");
        assert_eq!(out, patch);
    }

    #[test]
    fn an_item_without_its_key_is_refused() {
        let refused = apply(&table().kind("StatefulSet"), &set(&json!([])), &set(&json!([{"image": "x"}])));
        assert_eq!(refused.expect_err("no name").code, 500);
    }
}
