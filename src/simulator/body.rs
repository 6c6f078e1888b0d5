//! Request bodies: JSON (and YAML for apply), read against the schema, with
//! the treatment of unknown fields that the caller asked for.

use std::borrow::Cow;

use serde_json::Value;
use serde_saphyr::DuplicateKeyPolicy;

use super::decode::{self, Decoded, Mistyped, decode, decode_value};
use super::document::{Node, json_type};
use super::protobuf::{self, Unreadable};
use super::query::FieldValidation;
use super::request::Raw;
use super::schema::table;
use super::status::{Cause, Refusal};
use crate::objects::kinds::KINDS;

/// How Go names the struct that it looks for a kind in.
const KIND_AND_VERSION: &str =
    r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;

const DELETE_OPTIONS: &str = "DeleteOptions";

/// Where the real server's register of kinds was made.
const SCHEME: &str = "pkg/runtime/scheme.go:111";

/// Kinds in versions that the server can read, but does not take.
const OTHER_VERSIONS: &[(&str, &str)] = &[
    ("StatefulSet", "apps/v1beta1"),
    ("StatefulSet", "apps/v1beta2"),
    ("ControllerRevision", "apps/v1beta1"),
    ("ControllerRevision", "apps/v1beta2"),
    ("PodDisruptionBudget", "policy/v1beta1"),
    ("HorizontalPodAutoscaler", "autoscaling/v1"),
    ("EndpointSlice", "discovery.k8s.io/v1beta1"),
    ("Lease", "coordination.k8s.io/v1beta1"),
    ("StorageClass", "storage.k8s.io/v1beta1"),
    ("VolumeAttachment", "storage.k8s.io/v1beta1"),
    ("Role", "rbac.authorization.k8s.io/v1beta1"),
    ("RoleBinding", "rbac.authorization.k8s.io/v1beta1"),
    ("ClusterRole", "rbac.authorization.k8s.io/v1beta1"),
    ("ClusterRoleBinding", "rbac.authorization.k8s.io/v1beta1"),
    ("Event", "events.k8s.io/v1"),
];

/// An object and the warnings about it.
pub struct Read {
    pub object: Value,
    pub warnings: Vec<String>,
}

/// Reads a JSON body as an object of a kind.
///
/// # Errors
/// 415 for other formats, 400 for what cannot be read or, with strict
/// validation, has unknown or duplicate fields.
pub fn object(raw: &Raw, api_version: &str, kind: &str, validation: FieldValidation) -> Result<Read, Refusal> {
    if raw.content_type == protobuf::MEDIA_TYPE {
        return Err(no_protobuf(raw, kind));
    }
    if !matches!(raw.content_type.as_str(), "" | "application/json") {
        return Err(Refusal::unsupported_body());
    }
    let node = document(raw, kind)?;
    if let Node::Object(fields) = &node {
        check_kind(fields, api_version, kind)?;
    }
    typed(node, api_version, kind, validation)
}

/// Reads a JSON body that must be an object of some kind.
///
/// # Errors
/// 400 for what is none.
pub(super) fn document(raw: &Raw, kind: &str) -> Result<Node, Refusal> {
    let node = parse(raw, kind)?;
    if matches!(node, Node::Object(_)) {
        return Ok(node);
    }
    Err(no_json(&raw.body, kind, &no_object(node.json_type())))
}

/// Reads the body of a DELETE. Any group of the API may name its kind.
///
/// # Errors
/// 415 for other formats, 400 for what cannot be read or is of another kind.
pub fn delete_options(raw: &Raw) -> Result<Value, Refusal> {
    if !matches!(raw.content_type.as_str(), "" | "application/json") {
        return Err(Refusal::unsupported_body());
    }
    let why = |why: &str| Refusal::bad_request(&format!("couldn't get version/kind; json parse error: {why}"));
    let node = parsed(raw).map_err(|error| why(&error))?;
    let Node::Object(fields) = &node else { return Err(why(&no_object(node.json_type()))) };
    let kind = text(fields, "kind").unwrap_or(DELETE_OPTIONS);
    if kind != DELETE_OPTIONS {
        return Err(Refusal::bad_request(&not_registered(kind, text(fields, "apiVersion").unwrap_or("v1"))));
    }
    let read = read(node, "v1", DELETE_OPTIONS, FieldValidation::Ignore);
    read.map(|read| read.object).map_err(|why| Refusal::bad_request(&why))
}

/// Reads a patch or any other JSON body without a schema.
///
/// # Errors
/// 400 for what is no JSON.
pub fn json<'a>(raw: &'a Raw, kind: &str) -> Result<Cow<'a, Value>, Refusal> {
    match &raw.handed {
        Some(value) => Ok(Cow::Borrowed(value.as_ref())),
        None => parse(raw, kind).map(|node| Cow::Owned(node.value())),
    }
}

/// Reads an applied configuration, which may be YAML.
///
/// # Errors
/// 400 for what is neither.
pub fn configuration(raw: &Raw) -> Result<Node, Refusal> {
    if let Ok(node) = parsed(raw) {
        return Ok(node);
    }
    let text = String::from_utf8_lossy(&raw.body);
    // Of keys that stand twice the last one counts, as in Go.
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
    let value: Value = serde_saphyr::from_str_with_options(&text, options)
        .map_err(|error| Refusal::bad_request(&format!("error decoding YAML: {error}")))?;
    Ok(value.into())
}

/// Reads a document as an object of a kind.
///
/// # Errors
/// 400 as for `object`.
pub fn typed(node: Node, api_version: &str, kind: &str, validation: FieldValidation) -> Result<Read, Refusal> {
    read(node, api_version, kind, validation).map_err(|why| mishandled(api_version, kind, kind, &why))
}

fn mishandled(api_version: &str, kind: &str, wanted: &str, why: &str) -> Refusal {
    let version = api_version.rsplit('/').next().unwrap_or_default();
    Refusal::bad_request(&format!("{kind} in version {version:?} cannot be handled as a {wanted}: {why}"))
}

/// Reads a merged object as an object of its kind; what does not fit is left to
/// the caller to tell.
///
/// # Errors
/// The words of the real server's conversion.
pub fn merged(object: Value, api_version: &str, kind: &str) -> Result<Value, String> {
    let read = read_value(object, api_version, kind, FieldValidation::Ignore).map_err(converted)?;
    Ok(read.object)
}

/// What is told of bytes when fields are taken over one by one.
fn converted(why: String) -> String {
    if why.starts_with("illegal base64 data") { format!("error decoding from json: {why}") } else { why }
}

/// Whether a merge patch of an object of this kind needs no reading: it has nothing
/// odd in it, and leaves the kind alone.
#[must_use]
pub fn is_plain_change(change: &Value, kind: &str) -> bool {
    let names_kind = change.get("kind").or_else(|| change.get("apiVersion")).is_some();
    !names_kind && decode::is_plain_change(&table().kind(kind), change)
}

/// Reads a patched object as an object of its kind.
///
/// # Errors
/// 422 with the object (`shown`) in the message, where `object` has 400.
pub fn patched(
    object: Value,
    shown: impl Fn() -> String,
    api_version: &str,
    kind: &str,
    validation: FieldValidation,
) -> Result<Read, Refusal> {
    let fault = match object.as_object() {
        Some(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            other_kind((text("apiVersion"), text("kind")), api_version, kind)
        }
        None => Some(format!("couldn't get version/kind; json parse error: {}", no_object(json_type(&object)))),
    };
    match fault {
        Some(why) => Err(unusable(&shown(), &why)),
        None => read_value(object, api_version, kind, validation).map_err(|why| unusable(&shown(), &why)),
    }
}

/// The same for an object that was merged field by field, with a text for the
/// message.
///
/// # Errors
/// See `patched`.
pub fn restored(
    object: Value,
    shown: impl Fn() -> String,
    api_version: &str,
    kind: &str,
    validation: FieldValidation,
) -> Result<Read, Refusal> {
    read_value(object, api_version, kind, validation).map_err(|why| unusable(&shown(), &converted(why)))
}

/// 422 for a patch whose outcome is no object of its kind.
#[must_use]
pub fn unusable(shown: &str, why: &str) -> Refusal {
    Refusal::invalid_named("", "", "", &[Cause::invalid("patch", &shown.into(), why)])
}

fn read(node: Node, api_version: &str, kind: &str, validation: FieldValidation) -> Result<Read, String> {
    told(decode(&table().kind(kind), node), api_version, kind, validation)
}

fn read_value(object: Value, api_version: &str, kind: &str, validation: FieldValidation) -> Result<Read, String> {
    told(decode_value(&table().kind(kind), object), api_version, kind, validation)
}

/// What was read, with what is told of its oddities.
fn told(
    decoded: Result<Decoded, Mistyped>,
    api_version: &str,
    kind: &str,
    validation: FieldValidation,
) -> Result<Read, String> {
    let Decoded { value, oddities } = decoded.map_err(|Mistyped(why)| why)?;
    let mut object = value;
    if let Some(fields) = object.as_object_mut() {
        fields.insert("kind".to_owned(), kind.into());
        fields.insert("apiVersion".to_owned(), api_version.into());
    }
    match validation {
        FieldValidation::Ignore => Ok(Read { object, warnings: Vec::new() }),
        FieldValidation::Warn => Ok(Read { object, warnings: oddities }),
        FieldValidation::Strict if oddities.is_empty() => Ok(Read { object, warnings: Vec::new() }),
        FieldValidation::Strict => Err(format!("strict decoding error: {}", oddities.join(", "))),
    }
}

fn parse(raw: &Raw, kind: &str) -> Result<Node, Refusal> {
    parsed(raw).map_err(|why| no_json(&raw.body, kind, &why))
}

fn parsed(raw: &Raw) -> Result<Node, String> {
    if let Some(value) = &raw.handed {
        return Ok(Value::clone(value).into());
    }
    serde_json::from_slice(&raw.body)
        .map_err(|error| if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() })
}

/// Why a document that is no object has no kind.
fn no_object(found: &str) -> String {
    format!("json: cannot unmarshal {found} into Go value of type {KIND_AND_VERSION}")
}

fn not_registered(kind: &str, version: &str) -> String {
    format!("no kind {kind:?} is registered for version {version:?} in scheme {SCHEME:?}")
}

/// What a document's last field of this name says, if it says anything.
fn text<'a>(fields: &'a [(String, Node)], name: &str) -> Option<&'a str> {
    fields.iter().rev().find(|(key, _)| key == name).and_then(|(_, value)| match value {
        Node::Text(text) if !text.is_empty() => Some(text.as_str()),
        _ => None,
    })
}

/// Why a body that should have been read from protobuf was not.
fn no_protobuf(raw: &Raw, kind: &str) -> Refusal {
    match protobuf::to_json(&raw.body) {
        Ok(_) | Err(Unreadable::UnknownKind) => Refusal::unsupported_body(),
        Err(why @ (Unreadable::Empty | Unreadable::NoPrefix | Unreadable::Torn)) => {
            unrecognized(&raw.body, kind, &why.to_string())
        }
    }
}

fn no_json(body: &[u8], kind: &str, why: &str) -> Refusal {
    unrecognized(body, kind, &format!("couldn't get version/kind; json parse error: {why}"))
}

/// 400 for a body that is not the object it should be.
pub(super) fn unrecognized(body: &[u8], kind: &str, why: &str) -> Refusal {
    // Bodies of Secrets stay out of messages.
    let shown = if kind == "Secret" { "hidden".to_owned() } else { summary(body) };
    Refusal::bad_request(&format!("the object provided is unrecognized (must be of type {kind}): {why} ({shown})"))
}

/// The beginning of a body, in hexadecimal if it does not look like JSON.
fn summary(body: &[u8]) -> String {
    let start = body.get(..30).unwrap_or(body);
    let more = if start.len() < body.len() { " ..." } else { "" };
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(start)),
        Some(_) => start.iter().fold(String::new(), |text, byte| text + format!("{byte:02x}").as_str()) + more,
    }
}

fn check_kind(fields: &[(String, Node)], api_version: &str, kind: &str) -> Result<(), Refusal> {
    let given = (text(fields, "apiVersion"), text(fields, "kind"));
    let Some(why) = other_kind(given, api_version, kind) else { return Ok(()) };
    let (given_version, given_kind) = (given.0.unwrap_or(api_version), given.1.unwrap_or(kind));
    if OTHER_VERSIONS.contains(&(given_kind, given_version)) {
        return Err(Refusal::bad_request(&format!(
            "the API version in the data ({given_version}) does not match the expected API version ({api_version})"
        )));
    }
    if KINDS.iter().any(|known| known.kind == given_kind && known.api_version() == given_version) {
        // It is read as what it says it is first.
        read(Node::Object(fields.to_vec()), given_version, given_kind, FieldValidation::Ignore)
            .map_err(|why| mishandled(given_version, given_kind, kind, &why))?;
    }
    Err(mishandled(given_version, given_kind, kind, &why))
}

/// Why an object that says this version and kind is not of the wanted one.
fn other_kind(given: (Option<&str>, Option<&str>), api_version: &str, kind: &str) -> Option<String> {
    let (given_version, given_kind) = (given.0.unwrap_or(api_version), given.1.unwrap_or(kind));
    if given_kind == kind && given_version == api_version {
        return None;
    }
    let is_known = KINDS.iter().any(|known| known.kind == given_kind && known.api_version() == given_version);
    if !is_known {
        return Some(not_registered(given_kind, given_version));
    }
    let version = given_version.rsplit('/').next().unwrap_or_default();
    let group = api_version.split_once('/').map_or("core", |(group, _)| group.split('.').next().unwrap_or(group));
    Some(format!("converting ({version}.{given_kind}) to ({group}.{kind}): unknown conversion"))
}
