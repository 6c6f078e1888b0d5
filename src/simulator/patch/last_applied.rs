//! The annotation in which kubectl's client-side apply keeps what it applied
//! last. Where kubectl applies on the server's side, the server keeps it in
//! step, so that going back to client-side apply finds no difference.

use serde_json::{Map, Value};

/// The annotation's key.
const KEY: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The field manager of kubectl's server-side apply.
const KUBECTL: &str = "kubectl";

/// Writes an applied configuration, as it was sent, into the annotation of an
/// object that has it.
pub fn keep_in_step<E>(manager: &str, sent: impl FnOnce() -> Result<Value, E>, object: &mut Value) -> Result<(), E> {
    let annotation = object.pointer_mut("/metadata/annotations").and_then(|all| all.get_mut(KEY));
    if let Some(annotation) = annotation.filter(|_| manager == KUBECTL) {
        let mut config = sent()?;
        if let Some(Value::Object(annotations)) = config.pointer_mut("/metadata/annotations") {
            annotations.shift_remove(KEY);
        }
        *annotation = (in_go(&sorted(&config)) + "\n").into();
    }
    Ok(())
}

/// Go writes maps sorted by key.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut pairs: Vec<_> = fields.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(pairs.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Go escapes what could be mistaken for HTML.
fn in_go(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
