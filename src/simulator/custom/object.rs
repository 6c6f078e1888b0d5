//! Bodies of custom objects. Go has no struct for them: what they may hold is
//! said by the schema, and only their metadata is read as that of all kinds.

use std::collections::BTreeSet;

use serde_json::Value;

use super::definition::Version;
use super::prune::{fill, prune};
use crate::simulator::body::{self, Read};
use crate::simulator::decode::{Mistyped, decode};
use crate::simulator::document::Node;
use crate::simulator::query::FieldValidation;
use crate::simulator::request::Raw;
use crate::simulator::schema::Shape;
use crate::simulator::status::{Cause, Refusal};

/// Reads a JSON body.
///
/// # Errors
/// 415 for other formats, 400 for what cannot be read.
pub fn body(raw: &Raw, version: &Version, validation: FieldValidation) -> Result<Read, Refusal> {
    if !matches!(raw.content_type.as_str(), "" | "application/json") {
        return Err(Refusal::unsupported_body());
    }
    let kind = &version.kind_name;
    let node = body::document(raw, kind)?;
    let object = node.clone().value();
    let text = |name: &str| object[name].as_str().unwrap_or_default();
    if text("kind").is_empty() {
        let whole = String::from_utf8_lossy(&raw.body);
        return Err(body::unrecognized(&raw.body, kind, &format!("Object 'Kind' is missing in '{whole}'")));
    }
    let (given, wanted) = (text("apiVersion"), version.kind.api_version());
    if given != wanted {
        let why = format!("the API version in the data ({given}) does not match the expected API version ({wanted})");
        return Err(Refusal::bad_request(&why));
    }
    if text("kind") != kind {
        let cause = Cause::invalid("kind", &text("kind").into(), &format!("must be {kind}"));
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        return Err(Refusal::invalid_named(version.kind.group, text("kind"), name, &[cause]));
    }
    read(node, version, validation).map_err(|why| {
        let message = format!("{kind} in version {:?} cannot be handled as a {kind}: {why}", version.name);
        Refusal::bad_request(&message)
    })
}

/// Reads a patched object.
///
/// # Errors
/// 422 with the object in the message.
pub fn patched(object: Value, version: &Version, validation: FieldValidation) -> Result<Read, Refusal> {
    let shown = object.to_string();
    read(object.into(), version, validation).map_err(|why| body::unusable(&shown, &why))
}

/// Reads an object that was merged here.
#[must_use]
pub fn again(object: Value, version: &Version) -> Value {
    read(object.clone().into(), version, FieldValidation::Ignore).map_or(object, |read| read.object)
}

/// Reads a document.
///
/// # Errors
/// What is wrong with its metadata or, with strict validation, which fields are
/// unknown or stand there twice.
pub fn read(node: Node, version: &Version, validation: FieldValidation) -> Result<Read, String> {
    let mut oddities = Vec::new();
    duplicates(&node, "", &mut oddities);
    let meta = match &node {
        Node::Object(fields) => fields.iter().rev().find(|(name, _)| name == "metadata").map(|(_, meta)| meta.clone()),
        _ => None,
    };
    let mut object = node.value();
    if let Some(meta) = meta {
        let shape = Shape::Struct("meta.v1.ObjectMeta".to_owned());
        let decoded = decode(&shape, meta).map_err(|Mistyped(why)| why)?;
        object["metadata"] = decoded.value;
        let unknown = decoded.oddities.iter().filter_map(|oddity| oddity.strip_prefix("unknown field \""));
        oddities.extend(unknown.map(|path| format!("unknown field \"metadata.{path}")));
    }
    oddities.extend(prune(&mut object, &version.schema).into_iter().map(|path| format!("unknown field {path:?}")));
    fill(&mut object, &version.schema);
    match validation {
        FieldValidation::Ignore => Ok(Read { object, warnings: Vec::new() }),
        FieldValidation::Warn => Ok(Read { object, warnings: oddities }),
        FieldValidation::Strict if oddities.is_empty() => Ok(Read { object, warnings: Vec::new() }),
        FieldValidation::Strict => Err(format!("strict decoding error: {}", oddities.join(", "))),
    }
}

/// The keys that stand twice, in the order of the document.
pub fn duplicates(node: &Node, path: &str, found: &mut Vec<String>) {
    match node {
        Node::Object(fields) => {
            let mut seen = BTreeSet::new();
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if !seen.insert(name) {
                    found.push(format!("duplicate field {path:?}"));
                }
                duplicates(value, &path, found);
            }
        }
        Node::List(items) => {
            for (index, item) in items.iter().enumerate() {
                duplicates(item, &format!("{path}[{index}]"), found);
            }
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
    }
}
