//! The spelling of the server: nulls and zeros that Go does not write are left
//! out, what it always writes is put in, quantities and times are rewritten.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::bytes;
use super::quantity;
use super::schema::{Field, Shape, Written, table};

/// An object as Go would write it out again: `None` stands for "left out".
#[must_use]
pub fn settle(shape: &Shape, mut value: Value) -> Option<Value> {
    settle_here(shape, &mut value);
    (!value.is_null()).then_some(value)
}

/// The same in its place, where null stands for "left out".
fn settle_here(shape: &Shape, value: &mut Value) {
    match (shape, value) {
        (Shape::Struct(name), Value::Object(fields)) => settle_struct(name, fields),
        (Shape::Map { of, .. }, Value::Object(entries)) => {
            entries.values_mut().for_each(|value| settle_item(of, value));
        }
        (Shape::List { of, .. }, Value::Array(items)) => items.iter_mut().for_each(|value| settle_item(of, value)),
        (shape, Value::String(text)) => {
            if let Some(spelt) = spelling(shape, text) {
                *text = spelt;
            }
        }
        (_, Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {}
    }
}

/// In a list or a map a null stands for an empty value.
fn settle_item(of: &Shape, value: &mut Value) {
    settle_here(of, value);
    if value.is_null() {
        *value = of.zero();
    }
}

/// How the server spells a text, where that can differ.
fn spelling(shape: &Shape, text: &str) -> Option<String> {
    match shape.written()? {
        Written::Quantity => quantity::canonical(text).ok(),
        Written::Bytes => bytes::encoded(text),
        Written::Time => in_utc(text, 20, "%Y-%m-%dT%H:%M:%SZ"),
        Written::MicroTime => in_utc(text, 27, "%Y-%m-%dT%H:%M:%S.%6fZ"),
    }
}

/// A time as the server writes it; what it wrote itself has this length.
fn in_utc(text: &str, length: usize, format: &str) -> Option<String> {
    if text.len() == length && text.ends_with('Z') {
        return None;
    }
    text.parse::<Timestamp>().ok().map(|time| time.strftime(format).to_string())
}

/// What storing does to an object: empty lists become none.
pub fn empty_lists(shape: &Shape, object: &mut Value) {
    let (Shape::Struct(name), Some(fields)) = (shape, object.as_object_mut()) else { return };
    for (name, _) in table().get(name).fields.iter().filter(|(_, field)| field.always && field.null) {
        if let Some(value) = fields.get_mut(name)
            && value.as_array().is_some_and(Vec::is_empty)
        {
            *value = Value::Null;
        }
    }
}

fn settle_struct(name: &str, fields: &mut Map<String, Value>) {
    let known = table().get(name);
    fields.retain(|key, value| {
        let Some(field) = known.fields.get(key) else { return false };
        settle_here(&field.shape, value);
        is_written(name, key, field, value)
    });
    put_in(name, fields);
}

/// Whether Go writes this value of a struct's field.
fn is_written(name: &str, key: &str, field: &Field, value: &Value) -> bool {
    // A volume's empty capacity is refused in other words than none at all,
    // an empty list of managers takes them all away, and one of policies is none.
    let is_told_apart = name == "core.v1.PersistentVolumeSpec" && key == "capacity"
        || name == "meta.v1.ObjectMeta" && key == "managedFields"
        || name == "autoscaling.v2.HPAScalingRules" && key == "policies";
    !value.is_null() && (is_told_apart || is_kept(field, value))
}

/// What Go always writes of a struct.
fn put_in(name: &str, fields: &mut Map<String, Value>) {
    for (key, field) in table().get(name).fields.iter().filter(|(_, field)| field.always && !field.omits_zero) {
        if fields.contains_key(key) {
            continue;
        }
        let zero = if field.null { Value::Null } else { field.shape.zero() };
        if field.null || !zero.is_null() {
            fields.insert(key.clone(), zero);
        }
    }
}

/// Settles what a merge patch changed in an object that was settled before.
pub fn settle_changed(shape: &Shape, value: &mut Value, change: &Value) {
    match (shape, value, change) {
        (Shape::Struct(name), Value::Object(fields), Value::Object(changes)) => {
            let known = table().get(name);
            for (key, change) in changes {
                let (Some(field), Some(value)) = (known.fields.get(key), fields.get_mut(key)) else { continue };
                settle_changed(&field.shape, value, change);
                if !is_written(name, key, field, value) {
                    fields.remove(key);
                }
            }
            put_in(name, fields);
        }
        (Shape::Map { of, .. }, Value::Object(entries), Value::Object(changes)) => {
            for (key, change) in changes {
                if let Some(value) = entries.get_mut(key) {
                    settle_changed(of, value, change);
                }
            }
        }
        (shape, value, _) => settle_here(shape, value),
    }
}

fn is_kept(field: &Field, value: &Value) -> bool {
    match (&field.shape, value) {
        (Shape::Map { .. }, Value::Object(entries)) => !entries.is_empty(),
        // An empty list that Go writes is told apart from none until it is stored.
        (Shape::List { .. }, Value::Array(items)) => !items.is_empty() || field.always && field.null,
        (_, Value::String(text)) => !(field.omits_zero && text.is_empty()),
        (_, Value::Number(number)) => !(field.omits_zero && number.as_f64() == Some(0.0)),
        (_, Value::Bool(flag)) => !field.omits_zero || *flag,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::patch::merge;
    use serde_json::json;

    #[test]
    fn times_are_kept_in_utc_and_without_more_digits_than_there_are_places() {
        let settled = |shape: &Shape, text: &str| settle(shape, text.into());
        let cases = [
            (Shape::Time, "2026-11-21T12:00:00+02:00", "2026-11-21T10:00:00Z"),
            (Shape::Time, "2026-11-21T12:00:00.987Z", "2026-11-21T12:00:00Z"),
            (Shape::Time, "2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z"),
            (Shape::MicroTime, "2026-11-21T12:00:00.120000-01:00", "2026-11-21T13:00:00.120000Z"),
        ];
        for (shape, written, kept) in cases {
            assert_eq!(settled(&shape, written), Some(kept.into()), "{written}");
        }
    }

    #[test]
    fn what_a_patch_changed_is_settled_as_the_whole_is() {
        let volume = json!({"spec": {"capacity": {"storage": "1Gi"}}, "status": {"phase": "Bound"}});
        let service = json!({"spec": {"ports": [{"port": 1, "targetPort": 1}], "selector": {"app": "web"}}});
        let set = json!({"metadata": {"name": "web"}, "spec": {"replicas": 2, "template": {"spec": {
            "nodeSelector": {"disk": "fast"}, "containers": [{"name": "a", "resources": {}}],
        }}}});
        let cases = [
            ("PersistentVolume", &volume, json!({"status": null})),
            ("PersistentVolume", &volume, json!({"status": {"phase": null, "reason": ""}})),
            ("PersistentVolume", &volume, json!({"spec": {"capacity": {"storage": "1073741824"}}})),
            ("PersistentVolume", &volume, json!({"spec": {"capacity": {"storage": null}}})),
            ("Service", &service, json!({"spec": {"ports": [{"port": 2}], "selector": {"app": null}}})),
            (
                "Service",
                &service,
                json!({"spec": null, "metadata": {"creationTimestamp": "2026-11-21T12:00:00+02:00"}}),
            ),
            ("StatefulSet", &set, json!({"spec": {"template": {"spec": {"nodeSelector": {"disk": null}}}}})),
            ("StatefulSet", &set, json!({"spec": {"template": null, "minReadySeconds": 0}})),
            ("StatefulSet", &set, json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}})),
            ("StatefulSet", &set, json!({"metadata": {"annotations": {}, "managedFields": []}})),
        ];
        for (kind, known, change) in cases {
            let shape = table().kind(kind);
            let known = settle(&shape, known.clone()).expect("an object");
            let mut changed = merge::applied(&known, &change, &[]);
            let whole = settle(&shape, changed.clone()).expect("an object");
            settle_changed(&shape, &mut changed, &change);
            assert_eq!(changed, whole, "{change}");
        }
    }
}
