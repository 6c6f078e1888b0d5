//! Bodies in Kubernetes' protobuf form, which kubectl sends for the kinds that
//! it knows by type (`create`, `auth can-i`): read into JSON, so that nothing
//! else has to know of it. Answers are JSON, which clients take as well.
//!
//! The shapes of types come from the schema; which number a field has on the
//! wire is in `numbers.json`, made from the published definitions.

mod message;
mod numbers;
mod wire;

use serde_json::Value;

pub use numbers::{Numbers, generate};

/// The media type of such bodies.
pub const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

const MAGIC: &[u8] = b"k8s\0";

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("empty data")]
    Empty,
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    NoPrefix,
    #[error("unexpected EOF")]
    Torn,
    #[error("the object has no kind that can be read in this form")]
    UnknownKind,
}

/// Reads a body into JSON.
///
/// # Errors
/// See `Unreadable`.
pub fn to_json(body: &[u8]) -> Result<Value, Unreadable> {
    if body.is_empty() {
        return Err(Unreadable::Empty);
    }
    let envelope = wire::fields(body.strip_prefix(MAGIC).ok_or(Unreadable::NoPrefix)?)?;
    let bytes =
        |number: u64| envelope.iter().rev().find(|field| field.number == number).map(|field| field.value.bytes());
    let about = wire::fields(bytes(1).unwrap_or_default())?;
    let text = |number: u64| {
        let field = about.iter().rev().find(|field| field.number == number);
        field.map(|field| String::from_utf8_lossy(field.value.bytes()).into_owned()).unwrap_or_default()
    };
    let (api_version, kind) = (text(1), text(2));
    let mut object = message::of_kind(&kind, bytes(2).unwrap_or_default())?;
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    Ok(Value::Object(object))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A field with a length: `number`, then these bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }

    fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let about = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field(1, &about), field(2, raw)].concat()
    }

    #[test]
    fn names_maps_and_bytes_are_read() {
        let metadata = [field(1, b"s"), field(3, b"db"), field(8, &[])].concat();
        let entry = [field(1, b"key"), field(2, b"\x00\x01")].concat();
        let secret = [field(1, &metadata), field(2, &entry), field(3, b"Opaque")].concat();
        let read = to_json(&body("v1", "Secret", &secret)).unwrap();
        assert_eq!(
            read,
            json!({
                "metadata": {"name": "s", "namespace": "db", "creationTimestamp": null},
                "data": {"key": "AAE="}, "type": "Opaque", "apiVersion": "v1", "kind": "Secret",
            })
        );
    }

    #[test]
    fn what_is_broken_is_refused_wherever_it_breaks() {
        let metadata = field(1, &field(1, b"name"));
        let whole = body("v1", "ConfigMap", &metadata);
        for end in 0..whole.len() {
            // Shorter ones may still make sense; none may panic.
            let _ = to_json(&whole[..end]);
        }
        assert_eq!(to_json(b"{}"), Err(Unreadable::NoPrefix));
        assert_eq!(to_json(b"k8s\0\x0a\xff"), Err(Unreadable::Torn));
        assert_eq!(to_json(&body("v1", "Chair", &[])), Err(Unreadable::UnknownKind));
        assert_eq!(to_json(&body("v1", "Secret", &[0x0f])), Err(Unreadable::Torn), "a wire type that there is not");
        assert_eq!(to_json(&body("v1", "Secret", &[0xff; 12])), Err(Unreadable::Torn));
    }
}
