//! JSON patch (RFC 6902). A patch that cannot be read is a bad request; one
//! whose operations fail is 422, and like the real server we do not say why.

use serde_json::Value;

use crate::simulator::status::Refusal;

/// Applies a patch.
///
/// # Errors
/// 400 for a body that is no list of operations, 422 when one of them fails.
pub fn apply(object: &Value, patch: &Value) -> Result<Value, Refusal> {
    if !patch.is_array() {
        let found = match patch {
            Value::Object(_) => "object",
            Value::String(_) => "string",
            Value::Number(_) => "number",
            Value::Bool(_) => "bool",
            Value::Null | Value::Array(_) => "null",
        };
        let why = format!("json: cannot unmarshal {found} into Go value of type []handlers.jsonPatchOp");
        return Err(Refusal::bad_request(&format!("error decoding patch: {why}")));
    }
    let patch: json_patch::Patch = serde_json::from_value(patch.clone())
        .map_err(|error| Refusal::bad_request(&format!("error decoding patch: {error}")))?;
    if patch.0.len() > 10_000 {
        let message = format!("The allowed maximum operations in a JSON patch is 10000, got {}", patch.0.len());
        return Err(Refusal::bad_request(&message));
    }
    let mut out = object.clone();
    json_patch::patch(&mut out, &patch).map_err(|_| Refusal::unusable_patch())?;
    Ok(out)
}
