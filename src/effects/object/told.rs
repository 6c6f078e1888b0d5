//! What a write changes of what was asked for, and what would put it back. What
//! the server adds by itself (addresses, ports, defaults) is not told: it may
//! come out otherwise in the run than in the plan.

use serde_json::{Map, Value};

use super::super::difference::Difference;

/// Maps of texts, of which each key stands for itself.
const TEXTS: [&str; 4] = [".metadata.labels", ".metadata.annotations", ".data", ".binaryData"];

const SERVERS_OWN: [&str; 4] =
    [".metadata.managedFields", ".metadata.resourceVersion", ".metadata.generation", ".status"];

/// One place of an object before and after a write.
struct Place<'a> {
    path: String,
    before: &'a Value,
    after: &'a Value,
    /// What was asked for there; `None` where nobody asked for anything.
    asked: Option<&'a Value>,
}

/// What is there afterwards, without what the server has added to it.
fn written(place: &Place<'_>) -> Value {
    place.asked.map_or_else(|| place.after.clone(), |asked| as_stored(place.after, asked))
}

/// The fields that were asked for and change, and those that go.
pub(super) fn differences(before: &Value, after: &Value, asked: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    changes(&Place { path: String::new(), before, after, asked: Some(asked) }, &mut |place| {
        found.push(Difference { path: place.path.clone(), from: place.before.clone(), to: written(place) });
    });
    found
}

/// The merge patch that puts back what was there, and what has to be there for that.
pub(super) fn back(before: &Value, after: &Value, asked: &Value) -> (Value, Value) {
    let root = Place { path: String::new(), before, after, asked: Some(asked) };
    let former = tree(&root, &|place| place.before.clone());
    let expected = tree(&root, &written);
    (former.unwrap_or_else(empty), expected.unwrap_or_else(empty))
}

/// What was asked for, as the server has it: it writes amounts in its own way,
/// and adds fields that may come out otherwise the next time.
pub(super) fn as_stored(after: &Value, asked: &Value) -> Value {
    match (after, asked) {
        (Value::Object(after), Value::Object(fields)) => {
            let field = |(key, asked): (&String, &Value)| {
                (key.clone(), as_stored(after.get(key).unwrap_or(&Value::Null), asked))
            };
            Value::Object(fields.iter().map(field).collect())
        }
        (Value::Array(after), Value::Array(items)) if after.len() == items.len() => {
            after.iter().zip(items).map(|(after, asked)| as_stored(after, asked)).collect()
        }
        _ => after.clone(),
    }
}

/// The fields that are otherwise than expected. Null stands for one that is not
/// there, and a map that is not there is an empty one.
pub(super) fn missing(object: &Value, expected: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    look("", object, expected, &mut found);
    found
}

/// The fields that are there and were not, and the lists that have become longer.
pub(super) fn added(object: &Value, former: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    grown("", object, former, &mut found);
    found
}

fn grown(path: &str, object: &Value, former: &Value, found: &mut Vec<Difference>) {
    let more = || Difference { path: path.to_owned(), from: former.clone(), to: object.clone() };
    match (object, former) {
        (Value::Object(fields), _) if former.is_object() || TEXTS.contains(&path) => {
            for (name, value) in fields {
                grown(&format!("{path}.{name}"), value, former.get(name).unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(items), Value::Array(all)) => {
            if items.len() > all.len() {
                found.push(more());
            } else {
                items.iter().zip(all).for_each(|(item, former)| grown(path, item, former, found));
            }
        }
        (Value::Null, _) => {}
        (_, Value::Null) => found.push(more()),
        _ => {}
    }
}

/// Whether a merge patch changes nothing of it, to the letter: a list is replaced
/// whole, and so are the fields that its items have beyond those of the patch.
pub(super) fn says(object: &Value, patch: &Value) -> bool {
    match (object, patch) {
        (Value::Object(_) | Value::Null, Value::Object(fields)) => {
            fields.iter().all(|(name, value)| says(object.get(name).unwrap_or(&Value::Null), value))
        }
        _ => object == patch,
    }
}

/// What puts back what was there, without what others have added: a map of texts that
/// came whole goes whole only if it holds nothing but what it came with.
pub(super) fn leaving_theirs(object: &Value, patch: &Value, expected: &Value) -> Value {
    match (object, patch, expected) {
        (Value::Object(found), Value::Null, Value::Object(ours))
            if ours.values().all(Value::is_string) && found.keys().any(|key| !ours.contains_key(key)) =>
        {
            ours.keys().map(|key| (key.clone(), Value::Null)).collect()
        }
        (_, Value::Object(fields), _) => {
            let inner = |of: &Value, name: &str| of.get(name).cloned().unwrap_or_default();
            let field = |(name, patch): (&String, &Value)| {
                (name.clone(), leaving_theirs(&inner(object, name), patch, &inner(expected, name)))
            };
            fields.iter().map(field).collect()
        }
        _ => patch.clone(),
    }
}

fn look(path: &str, object: &Value, expected: &Value, found: &mut Vec<Difference>) {
    match (object, expected) {
        (Value::Object(_) | Value::Null, Value::Object(fields)) => {
            for (name, value) in fields {
                look(&format!("{path}.{name}"), object.get(name).unwrap_or(&Value::Null), value, found);
            }
        }
        (Value::Array(items), Value::Array(all)) if items.len() == all.len() => {
            let mut within = Vec::new();
            items.iter().zip(all).for_each(|(item, expected)| look(path, item, expected, &mut within));
            if !within.is_empty() {
                found.push(Difference { path: path.to_owned(), from: object.clone(), to: expected.clone() });
            }
        }
        _ if object == expected => {}
        _ => found.push(Difference { path: path.to_owned(), from: object.clone(), to: expected.clone() }),
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

fn changes(place: &Place<'_>, tell: &mut impl FnMut(&Place<'_>)) {
    match inner(place) {
        Some(places) => places.iter().for_each(|(_, place)| changes(place, tell)),
        None if is_change(place) => tell(place),
        None => {}
    }
}

fn tree(place: &Place<'_>, value: &impl Fn(&Place<'_>) -> Value) -> Option<Value> {
    let Some(places) = inner(place) else { return is_change(place).then(|| value(place)) };
    let fields: Map<String, Value> =
        places.iter().filter_map(|(key, place)| Some((key.clone(), tree(place, value)?))).collect();
    (!fields.is_empty()).then_some(Value::Object(fields))
}

/// What was asked for and is otherwise than before, or what is there no more.
fn is_change(place: &Place<'_>) -> bool {
    let is_told = place.asked.is_some() || place.after.is_null();
    is_told && place.before != place.after && !SERVERS_OWN.contains(&place.path.as_str())
}

/// The places within a map. One that comes or goes as a whole is one place, but
/// for texts by key.
fn inner<'a>(place: &Place<'a>) -> Option<Vec<(String, Place<'a>)>> {
    let is_texts = TEXTS.contains(&place.path.as_str());
    let fields = |value: &'a Value| match value {
        Value::Object(map) => Some(Some(map)),
        Value::Null if is_texts => Some(None),
        _ => None,
    };
    let (before, after) = (fields(place.before)?, fields(place.after)?);
    if before.is_none() && after.is_none() {
        return None;
    }
    let asked = place.asked.and_then(Value::as_object);
    let names = asked.into_iter().chain(after).chain(before).flat_map(Map::keys);
    let mut known: Vec<&String> = Vec::new();
    names.for_each(|name| {
        if !known.contains(&name) {
            known.push(name);
        }
    });
    let value =
        |map: Option<&'a Map<String, Value>>, name: &str| map.and_then(|map| map.get(name)).unwrap_or(&Value::Null);
    let at = |name: &String| {
        let path = format!("{}.{name}", place.path);
        let asked = asked.and_then(|map| map.get(name));
        (name.clone(), Place { path, before: value(before, name), after: value(after, name), asked })
    };
    Some(known.into_iter().map(at).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_asked_for_and_what_goes_is_told_and_what_the_server_adds_is_not() {
        let before = json!({ "data": { "a": "1", "b": "2", "c": "3" }, "spec": { "type": "ClusterIP" } });
        let after = json!({ "data": { "a": "9", "c": "3" }, "spec": { "type": "NodePort", "policy": "made up" },
                            "status": { "x": 1 } });
        let asked = json!({ "data": { "a": "9" }, "spec": { "type": "NodePort" } });
        let told: Vec<String> = differences(&before, &after, &asked).iter().map(ToString::to_string).collect();
        assert_eq!(told, [".data.a 1 → 9", ".data.b 2 → nothing", ".spec.type ClusterIP → NodePort"]);
        let (former, expected) = back(&before, &after, &asked);
        assert_eq!(former, json!({ "data": { "a": "1", "b": "2" }, "spec": { "type": "ClusterIP" } }));
        assert_eq!(expected, json!({ "data": { "a": "9", "b": null }, "spec": { "type": "NodePort" } }));
    }

    #[test]
    fn labels_that_come_go_again_one_by_one_and_lists_are_put_back_whole() {
        let before = json!({ "metadata": {}, "spec": { "ports": [{ "port": 80 }] } });
        let after = json!({ "metadata": { "labels": { "a.b/c": "1" } },
                            "spec": { "ports": [{ "port": 81, "nodePort": 30001 }] } });
        let asked = json!({ "metadata": { "labels": { "a.b/c": "1" } }, "spec": { "ports": [{ "port": 81 }] } });
        let (former, expected) = back(&before, &after, &asked);
        assert_eq!(
            former,
            json!({ "metadata": { "labels": { "a.b/c": null } }, "spec": { "ports": [{ "port": 80 }] } })
        );
        assert_eq!(expected, asked);
        assert_eq!(back(&before, &before, &json!({ "spec": {} })).0, json!({}));
    }

    #[test]
    fn what_the_server_adds_to_the_items_of_a_list_is_not_told() {
        let ports = |port: Value| json!({ "spec": { "ports": [port] } });
        let asked = ports(json!({ "port": 81 }));
        let told = |after: &Value| differences(&ports(json!({ "port": 80 })), after, &asked);
        let plain = told(&ports(json!({ "port": 81 })));
        assert_eq!(told(&ports(json!({ "port": 81, "nodePort": 30001 }))), plain);
        assert_ne!(told(&ports(json!({ "port": 82, "nodePort": 30001 }))), plain);
    }

    #[test]
    fn a_list_whose_items_have_more_is_not_what_a_patch_says() {
        let ports = |port: Value| json!({ "spec": { "ports": [port] } });
        let (more, less) = (ports(json!({ "port": 80, "name": "web" })), ports(json!({ "port": 80 })));
        assert!(missing(&more, &less).is_empty() && !says(&more, &less) && says(&less, &less));
        assert!(says(&json!({ "a": 1 }), &json!({ "b": null, "c": { "d": null } })));
    }

    #[test]
    fn keys_of_others_stay_in_a_map_that_came_whole() {
        let patch = json!({ "spec": { "selector": null, "type": "ClusterIP" } });
        let expected = json!({ "spec": { "selector": { "a": "1" }, "type": "NodePort" } });
        let left = |selector: Value| leaving_theirs(&json!({ "spec": { "selector": selector } }), &patch, &expected);
        assert_eq!(left(json!({ "a": "1" })), patch);
        assert_eq!(left(Value::Null), patch);
        let selector = &left(json!({ "a": "1", "b": "2" }))["spec"]["selector"];
        assert_eq!(*selector, json!({ "a": null }));
    }

    #[test]
    fn keys_and_items_that_were_not_there_are_told() {
        let former = json!({ "data": { "a": "1" }, "spec": { "ports": [{ "port": 80 }], "type": "ClusterIP" } });
        let paths = |object: &Value| added(object, &former).into_iter().map(|field| field.path).collect::<Vec<_>>();
        let other = json!({ "data": { "a": "2" }, "spec": { "ports": [{ "port": 81 }] } });
        assert_eq!(paths(&other), [""; 0]);
        let more = json!({ "data": { "a": "1", "b": "2" }, "binaryData": { "c": "" },
                           "spec": { "ports": [{ "port": 80 }, { "port": 81 }], "selector": { "x": "y" } } });
        assert_eq!(paths(&more), [".data.b", ".binaryData.c", ".spec.ports", ".spec.selector"]);
    }

    #[test]
    fn amounts_are_expected_as_the_server_writes_them() {
        let after = json!({ "spec": { "hard": { "cpu": "1" }, "metrics": [{ "value": "1", "type": "Resource" }] } });
        let asked = json!({ "spec": { "hard": { "cpu": "1000m" }, "metrics": [{ "value": "1000m" }] } });
        let stored = json!({ "spec": { "hard": { "cpu": "1" }, "metrics": [{ "value": "1" }] } });
        assert_eq!(as_stored(&after, &asked), stored);
        assert_eq!(back(&json!({ "spec": {} }), &after, &asked).1["spec"]["metrics"], stored["spec"]["metrics"]);
    }

    #[test]
    fn a_map_that_is_not_there_is_an_empty_one_and_items_of_lists_may_have_more() {
        let expected = json!({ "metadata": { "labels": { "a": null } }, "spec": { "ports": [{ "port": 81 }] } });
        let object = json!({ "metadata": {}, "spec": { "ports": [{ "port": 81, "nodePort": 30001 }] } });
        assert_eq!(missing(&object, &expected), []);
        let nothing = json!({ "items": [{ "labels": { "a": null } }], "data": { "b": { "c": null } } });
        assert_eq!(missing(&json!({ "items": [{ "port": 81 }] }), &nothing), []);
        let other = json!({ "metadata": { "labels": { "a": "1" } }, "spec": { "ports": [{ "port": 82 }] } });
        let paths: Vec<String> = missing(&other, &expected).into_iter().map(|field| field.path).collect();
        assert_eq!(paths, [".metadata.labels.a", ".spec.ports"]);
    }
}
