//! Fields that a server newer than our schema gave an object. They are kept
//! through every write, and cannot be changed: what we do not know we can
//! neither check nor default.

use std::borrow::Cow;

use serde_json::Value;

use crate::objects::kinds::ApiKind;
use crate::simulator::schema::{ListKind, Shape, table};

/// Puts the unknown fields of `old` into `new`, where its place is still there.
pub fn keep(shape: &Shape, old: &Value, new: &mut Value) {
    each(shape, old, new, &mut |name, held, new| {
        new.insert(name.to_owned(), held.clone());
    });
}

/// The object without its unknown fields: what a patch is applied to, since
/// the result would else be warned of.
#[must_use]
pub fn without<'a>(kind: &ApiKind, old: &'a Value) -> Cow<'a, Value> {
    let shape = table().kind(kind.kind);
    if is_known(&shape, old) {
        return Cow::Borrowed(old);
    }
    let mut known = old.clone();
    each(&shape, old, &mut known, &mut |name, _, known| {
        known.shift_remove(name);
    });
    Cow::Owned(known)
}

/// Whether an object has fields that the schema has not.
#[must_use]
pub fn is_in(kind: &ApiKind, object: &Value) -> bool {
    !is_known(&table().kind(kind.kind), object)
}

/// Whether the schema has all fields of a value, as it is in nearly all objects.
fn is_known(shape: &Shape, value: &Value) -> bool {
    match (shape, value) {
        (Shape::Struct(name), Value::Object(fields)) => {
            let known = &table().get(name).fields;
            fields.iter().all(|(key, value)| known.get(key).is_some_and(|field| is_known(&field.shape, value)))
        }
        (Shape::Map { of, .. }, Value::Object(entries)) => entries.values().all(|value| is_known(of, value)),
        (Shape::List { of, .. }, Value::Array(items)) => items.iter().all(|item| is_known(of, item)),
        _ => true,
    }
}

type Fields = serde_json::Map<String, Value>;

/// Calls `act` with every unknown field of `old` and the struct of `new` that
/// stands at the same place.
fn each(shape: &Shape, old: &Value, new: &mut Value, act: &mut dyn FnMut(&str, &Value, &mut Fields)) {
    match (shape, old, new) {
        (Shape::Struct(name), Value::Object(old), Value::Object(new)) => {
            let known = table().get(name);
            for (key, held) in old {
                match known.fields.get(key) {
                    None => act(key, held, new),
                    Some(field) => {
                        if let Some(new) = new.get_mut(key) {
                            each(&field.shape, held, new, act);
                        }
                    }
                }
            }
        }
        (Shape::Map { of, .. }, Value::Object(old), Value::Object(new)) => {
            for (key, held) in old {
                if let Some(new) = new.get_mut(key) {
                    each(of, held, new, act);
                }
            }
        }
        (Shape::List { of, kind, merge }, Value::Array(old), Value::Array(new)) => {
            for (place, item) in new.iter_mut().enumerate() {
                if let Some(held) = same(kind, merge.as_deref(), old, place, item) {
                    each(of, held, item, act);
                }
            }
        }
        _ => {}
    }
}

/// The former state of an item: by its keys, or at the same place of a list
/// that has none.
fn same<'a>(kind: &ListKind, merge: Option<&str>, old: &'a [Value], place: usize, item: &Value) -> Option<&'a Value> {
    let keys: Vec<&str> = match kind {
        ListKind::Map(keys) => keys.iter().map(String::as_str).collect(),
        ListKind::Atomic | ListKind::Set => merge.into_iter().collect(),
    };
    if keys.is_empty() {
        return old.get(place);
    }
    old.iter().find(|held| keys.iter().all(|key| held.get(*key) == item.get(*key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(image: &str, extra: &Value) -> Value {
        json!({"kind": "StatefulSet", "spec": {"replicas": 1, "template": {"spec": {"containers": [
            {"name": "log", "image": "log"}, {"name": "db", "image": image, "newer": extra},
        ]}}, "alsoNewer": extra}})
    }

    #[test]
    fn unknown_fields_are_kept_at_their_place_and_follow_the_keys_of_lists() {
        let shape = table().kind("StatefulSet");
        let old = set("a", &json!({"x": [1]}));
        let mut new = json!({"kind": "StatefulSet", "spec": {"replicas": 2, "template": {"spec": {"containers": [
            {"name": "db", "image": "b"},
        ]}}}});
        keep(&shape, &old, &mut new);
        assert_eq!(new["spec"]["alsoNewer"], json!({"x": [1]}));
        assert_eq!(
            new["spec"]["template"]["spec"]["containers"],
            json!([{"name": "db", "image": "b", "newer": {"x": [1]}}])
        );
        let known = without(ApiKind::named("StatefulSet").unwrap(), &old);
        assert!(!known.to_string().contains("ewer"), "{known}");
        assert!(is_known(&shape, &known) && !is_known(&shape, &old));
        assert!(is_in(ApiKind::named("StatefulSet").unwrap(), &old));
    }
}
