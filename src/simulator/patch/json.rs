//! JSON patch as the server's library reads RFC 6902, which is not to the
//! letter: `replace` puts in what was not there, a test for `null` holds where
//! nothing is, and lists count backwards from -1. Why an operation failed is
//! kept to itself, as on the real server.

use serde_json::{Map, Value};

use crate::simulator::document::json_type;
use crate::simulator::room::{DEEPEST, depth};
use crate::simulator::status::Refusal;

const MOST_OPERATIONS: usize = 10_000;

/// How many bytes one patch may copy.
const MOST_COPIED: usize = 3 * 1024 * 1024;

/// An operation that cannot be done; the whole patch falls with it.
struct Failed;

/// Applies a patch.
///
/// # Errors
/// 400 for a body that is no list of operations, 413 for too many of them, 422
/// when one of them fails.
pub fn apply(object: &Value, patch: &Value) -> Result<Value, Refusal> {
    let operations = operations(patch)?;
    if operations.len() > MOST_OPERATIONS {
        let count = operations.len();
        let why = format!("The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {count}");
        return Err(Refusal::entity_too_large(&why));
    }
    let mut out = object.clone();
    let mut copied = 0;
    for operation in operations {
        run(&mut out, operation, &mut copied).map_err(|Failed| Refusal::unusable_patch())?;
    }
    Ok(out)
}

fn operations(patch: &Value) -> Result<Vec<&Map<String, Value>>, Refusal> {
    let wrong = |why: &str| Refusal::bad_request(&format!("error decoding patch: json: cannot unmarshal {why}"));
    let Value::Array(items) = patch else {
        return Err(wrong(&format!("{} into Go value of type []handlers.jsonPatchOp", json_type(patch))));
    };
    let mut operations = Vec::with_capacity(items.len());
    for item in items {
        let Value::Object(operation) = item else {
            return Err(wrong(&format!("{} into Go value of type handlers.jsonPatchOp", json_type(item))));
        };
        for name in ["op", "path", "from"] {
            if let Some(found) = operation.get(name).filter(|found| !found.is_string() && !found.is_null()) {
                let found = json_type(found);
                return Err(wrong(&format!("{found} into Go struct field jsonPatchOp.{name} of type string")));
            }
        }
        operations.push(operation);
    }
    Ok(operations)
}

/// `copied` counts the bytes that were copied so far.
fn run(document: &mut Value, operation: &Map<String, Value>, copied: &mut usize) -> Result<(), Failed> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str).ok_or(Failed);
    let value = operation.get("value").unwrap_or(&Value::Null);
    match text("op")? {
        "add" => add(document, text("path")?, value.clone()),
        "remove" => take(document, text("path")?).map(drop),
        "replace" => replace(document, text("path")?, value),
        "move" => {
            let moved = take(document, text("from")?)?;
            add(document, text("path")?, moved)
        }
        "copy" => {
            let found = look(document, text("from")?)?;
            *copied = copied.saturating_add(found.to_string().len());
            if *copied > MOST_COPIED {
                return Err(Failed);
            }
            let found = found.clone();
            add(document, text("path")?, found)
        }
        "test" => {
            let path = text("path")?;
            let found = if path.is_empty() { document } else { look(document, path)? };
            if *found == *value { Ok(()) } else { Err(Failed) }
        }
        _ => Err(Failed),
    }
}

/// The list or object that a path ends in, and the last step.
fn container<'a>(document: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), Failed> {
    let mut steps: Vec<String> =
        path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    let last = steps.pop().ok_or(Failed)?;
    let mut at = document;
    for step in steps {
        at = match at {
            Value::Object(fields) => fields.get_mut(&step).ok_or(Failed)?,
            Value::Array(items) => {
                let index = index(&step, items.len())?;
                items.get_mut(index).ok_or(Failed)?
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(Failed),
        };
    }
    Ok((at, last))
}

/// A position in a list of so many items, counted from its end if negative.
fn index(step: &str, length: usize) -> Result<usize, Failed> {
    let number: i64 = step.parse().map_err(|_| Failed)?;
    let length = i64::try_from(length).map_err(|_| Failed)?;
    let index = if number < 0 { number.saturating_add(length) } else { number };
    if index >= length { Err(Failed) } else { usize::try_from(index).map_err(|_| Failed) }
}

/// What stands there; nothing in an object is `null`.
fn look<'a>(document: &'a mut Value, path: &str) -> Result<&'a Value, Failed> {
    match container(document, path)? {
        (Value::Object(fields), name) => Ok(fields.get(&name).unwrap_or(&Value::Null)),
        (Value::Array(items), step) => items.get(index(&step, items.len())?).ok_or(Failed),
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => Err(Failed),
    }
}

fn take(document: &mut Value, path: &str) -> Result<Value, Failed> {
    match container(document, path)? {
        (Value::Object(fields), name) => fields.shift_remove(&name).ok_or(Failed),
        (Value::Array(items), step) => {
            let index = index(&step, items.len())?;
            Ok(items.remove(index))
        }
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => Err(Failed),
    }
}

/// Whether a value that stands at this path makes the document too deep.
fn is_too_deep(path: &str, value: &Value) -> bool {
    path.split('/').count() + depth(value) > DEEPEST
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), Failed> {
    if is_too_deep(path, &value) {
        return Err(Failed);
    }
    match container(document, path)? {
        (Value::Object(fields), name) => {
            fields.insert(name, value);
        }
        (Value::Array(items), step) if step == "-" => items.push(value),
        (Value::Array(items), step) => {
            let index = index(&step, items.len().saturating_add(1))?;
            items.insert(index, value);
        }
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => return Err(Failed),
    }
    Ok(())
}

fn replace(document: &mut Value, path: &str, value: &Value) -> Result<(), Failed> {
    if is_too_deep(path, value) {
        return Err(Failed);
    }
    if path.is_empty() {
        if !value.is_object() && !value.is_array() {
            return Err(Failed);
        }
        *document = value.clone();
        return Ok(());
    }
    match container(document, path)? {
        (Value::Object(fields), name) => {
            fields.insert(name, value.clone());
        }
        (Value::Array(items), step) => {
            let index = index(&step, items.len())?;
            *items.get_mut(index).ok_or(Failed)? = value.clone();
        }
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_), _) => return Err(Failed),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_patch_builds_what_is_too_deep() {
        let deeper = |path: &str| {
            [
                json!({"op": "add", "path": "/b", "value": {}}),
                json!({"op": "move", "from": "/a", "path": path}),
                json!({"op": "move", "from": "/b", "path": "/a"}),
            ]
        };
        let patch = |times| Value::Array(std::iter::repeat_n(deeper("/b/c"), times).flatten().collect());
        let object = json!({"a": {}});
        assert!(apply(&object, &patch(90)).is_ok());
        assert_eq!(apply(&object, &patch(3000)).expect_err("too deep").code, 422);
    }
}
