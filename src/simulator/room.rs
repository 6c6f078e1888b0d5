//! How large an object may be: etcd takes no request of more than 1.5 MiB, and
//! what it is sent is protobuf, in which the fields of structs have no names.

use serde_json::Value;

use super::schema::{Shape, table};
use super::status::Refusal;
use super::writer::Writer;
use crate::objects::kinds::ApiKind;

const MOST_BYTES: usize = 1_572_864;

/// How deep an object may be nested: the file of a sandbox is read to a depth of
/// 128, and a line of it has levels of its own.
pub const DEEPEST: usize = 100;

/// What a field or an item costs beside its content: number, type and length.
const FRAME: usize = 3;

/// Whether there is room for an object that is to be stored.
///
/// # Errors
/// 500 in the words of etcd; 501 for what is nested too deeply, which a real
/// server would take.
pub fn check(writer: &Writer, object: &Value) -> Result<(), Refusal> {
    if depth(object) > DEEPEST {
        return Err(Refusal::not_simulated("objects that are nested so deeply"));
    }
    if writer.dry_run || fits(writer.kind, object) {
        return Ok(());
    }
    Err(Refusal::internal("etcdserver: request is too large"))
}

/// How many maps and lists lie in each other at most.
pub fn depth(value: &Value) -> usize {
    let below = match value {
        Value::Object(fields) => fields.values().map(depth).max(),
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
    };
    below.unwrap_or(0) + 1
}

fn fits(kind: &ApiKind, object: &Value) -> bool {
    at_most(object) <= MOST_BYTES || bytes(&table().kind(kind.kind), object) <= MOST_BYTES
}

/// A bound that needs no schema: all names are counted.
fn at_most(value: &Value) -> usize {
    let content = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + at_most(value)).sum(),
        Value::Array(items) => items.iter().map(at_most).sum(),
        Value::String(text) => text.len(),
        Value::Number(_) | Value::Bool(_) | Value::Null => FRAME,
    };
    content + 2 * FRAME
}

/// About what it is in protobuf.
fn bytes(shape: &Shape, value: &Value) -> usize {
    let content = match (shape, value) {
        (Shape::Struct(name), Value::Object(fields)) => {
            let known = table().get(name);
            let of_field = |(name, value)| known.fields.get(name).map_or(0, |field| bytes(&field.shape, value));
            fields.iter().map(of_field).sum()
        }
        (Shape::Map { of, .. }, Value::Object(entries)) => {
            entries.iter().map(|(key, value)| key.len() + 2 * FRAME + bytes(of, value)).sum()
        }
        (Shape::List { of, .. }, Value::Array(items)) => items.iter().map(|item| bytes(of, item)).sum(),
        (_, Value::String(text)) => text.len(),
        (_, Value::Object(_) | Value::Array(_)) => value.to_string().len(),
        (_, Value::Number(_) | Value::Bool(_) | Value::Null) => FRAME,
    };
    content + FRAME
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn is_taken(env: usize, length: usize) -> bool {
        let env = (0..env).map(|one| json!({"name": format!("N{one}"), "value": "x".repeat(length)}));
        let containers = json!([{"name": "main", "image": "nginx", "env": env.collect::<Vec<_>>()}]);
        let set = json!({"spec": {"template": {"spec": {"containers": containers}}}});
        fits(ApiKind::named("StatefulSet").expect("a kind that is served"), &set)
    }

    #[test]
    fn what_etcd_does_not_take_is_refused() {
        assert!(is_taken(20, 70_000));
        assert!(!is_taken(20, 80_000));
        // Names of fields are not sent: as JSON this is 1.7 MB.
        assert!(is_taken(60_000, 1));
    }
}
