//! From a request body to an object as the real server would hold it: unknown
//! and duplicate fields are found and dropped, wrong types refused.

use std::fmt;

use serde_json::{Map, Value};

use super::bytes;
use super::document::Node;
use super::quantity;
use super::schema::{Shape, Written, table};
use super::settle::settle;

/// A body that was understood.
#[derive(Debug)]
pub struct Decoded {
    pub value: Value,
    /// `unknown field "spec.x"`, `duplicate field "data.a"`, in document order.
    pub oddities: Vec<String>,
}

/// A value of the wrong type, in Go's words.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistyped(pub String);

/// Reads a body as this shape.
///
/// # Errors
/// `Mistyped` where a value cannot be read into its field.
pub fn decode(shape: &Shape, node: Node) -> Result<Decoded, Mistyped> {
    let mut oddities = Vec::new();
    let name = if let Shape::Struct(name) = shape { name.as_str() } else { "" };
    let place = Place { path: Path::Root, owner: name, go: None };
    let value = read(shape, node, place, &mut oddities)?;
    Ok(Decoded { value: settled(shape, value), oddities })
}

/// The same of a value that is there already. What a write left as it was is
/// as reading it would make it, and is not taken apart.
///
/// # Errors
/// See `decode`.
pub fn decode_value(shape: &Shape, value: Value) -> Result<Decoded, Mistyped> {
    if !is_plain(shape, &value) {
        return decode(shape, value.into());
    }
    Ok(Decoded { value: settled(shape, value), oddities: Vec::new() })
}

fn settled(shape: &Shape, value: Value) -> Value {
    settle(shape, value).unwrap_or_else(|| Value::Object(Map::new()))
}

/// Whether a merge patch leaves an object that was read before as reading it again
/// would make it, but for what is left to settle.
#[must_use]
pub fn is_plain_change(shape: &Shape, change: &Value) -> bool {
    let below = |shape: &Shape, change: &Value| change.is_null() || is_plain_change(shape, change);
    match (shape, change) {
        (Shape::Struct(name), Value::Object(fields)) => {
            let known = &table().get(name).fields;
            fields.iter().all(|(key, change)| known.get(key).is_some_and(|field| below(&field.shape, change)))
        }
        (Shape::Map { of, .. }, Value::Object(entries)) => entries.values().all(|change| below(of, change)),
        (shape, value) => is_plain(shape, value),
    }
}

/// Whether a value is what reading it would make of it, with nothing odd in it.
fn is_plain(shape: &Shape, value: &Value) -> bool {
    match (shape, value) {
        (Shape::Any, _) | (Shape::Number, Value::Number(_)) | (Shape::Boolean, Value::Bool(_)) => true,
        (Shape::Struct(name), Value::Object(fields)) => {
            let known = &table().get(name).fields;
            let is_plain_or_none = |shape: &Shape, value: &Value| value.is_null() || is_plain(shape, value);
            fields.iter().all(|(key, value)| known.get(key).is_some_and(|field| is_plain_or_none(&field.shape, value)))
        }
        (Shape::Map { of, .. }, Value::Object(entries)) => entries.values().all(|value| is_plain(of, value)),
        (Shape::List { of, .. }, Value::Array(items)) => items.iter().all(|item| is_plain(of, item)),
        (Shape::Int64, Value::Number(number)) => number.as_i64().is_some(),
        (Shape::Int32 | Shape::IntOrString, Value::Number(number)) => {
            number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
        }
        (Shape::Quantity, Value::String(text)) => text.trim() == text && malformed(shape, value).is_none(),
        (Shape::String | Shape::Time | Shape::MicroTime | Shape::Bytes | Shape::IntOrString, Value::String(_)) => {
            malformed(shape, value).is_none()
        }
        _ => false,
    }
}

#[derive(Clone, Copy)]
struct Place<'a> {
    path: Path<'a>,
    /// The struct that has the field, as Go's messages name it.
    owner: &'a str,
    /// Go's own name of the type that stands here.
    go: Option<&'a str>,
}

/// The way to a value, written out only where something is wrong there.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// Without the places in lists, which Go's messages leave out.
    fn plain(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Field(Self::Root, name) => (*name).to_owned(),
            Self::Field(above, name) => format!("{}.{name}", above.plain()),
            Self::Item(above, _) => above.plain(),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => out.write_str(name),
            Self::Field(above, name) => write!(out, "{above}.{name}"),
            Self::Item(above, index) => write!(out, "{above}[{index}]"),
        }
    }
}

fn read(shape: &Shape, node: Node, place: Place<'_>, oddities: &mut Vec<String>) -> Result<Value, Mistyped> {
    match (shape, node) {
        (_, Node::Null) => Ok(Value::Null),
        (Shape::Any, node) => Ok(node.value()),
        (Shape::Struct(name), Node::Object(fields)) => read_struct(name, fields, place, oddities),
        (Shape::Map { of, .. }, Node::Object(entries)) => read_map(of, entries, place, oddities),
        // What is no quantity is read as the text of one.
        (Shape::Quantity, Node::Bool(_) | Node::List(_) | Node::Object(_)) => {
            Err(Mistyped(quantity::Fault::Format.text().to_owned()))
        }
        (Shape::Quantity, Node::Text(text)) => {
            let text = Value::from(text.trim());
            malformed(shape, &text).map_or(Ok(text), |why| Err(Mistyped(why)))
        }
        (Shape::List { of, .. }, Node::List(items)) => {
            let mut values = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                let path = Path::Item(&place.path, index);
                let go = place.go.and_then(|go| go.strip_prefix("[]"));
                values.push(match read(of, item, Place { path, go, ..place }, oddities)? {
                    // In a list `null` is an empty text.
                    Value::Null if matches!(**of, Shape::String) => of.zero(),
                    value => value,
                });
            }
            Ok(Value::Array(values))
        }
        (Shape::Bytes, Node::List(items)) => read_bytes(items, place),
        (shape, node) => {
            let value = read_scalar(shape, node).map_err(|kind| mistyped(&kind, shape, place))?;
            malformed(shape, &value).map_or(Ok(value), |why| Err(Mistyped(why)))
        }
    }
}

/// Bytes may also be written as a list of numbers.
fn read_bytes(items: Vec<Node>, place: Place<'_>) -> Result<Value, Mistyped> {
    let byte = |item: Node| match item {
        Node::Null => Ok(0),
        Node::Number(number) => {
            let byte = number.as_u64().and_then(|number| u8::try_from(number).ok());
            byte.ok_or_else(|| format!("number {number}"))
        }
        other => Err(other.json_type().to_owned()),
    };
    let place = Place { go: Some("uint8"), ..place };
    let bytes: Result<Vec<u8>, String> = items.into_iter().map(byte).collect();
    bytes.map(|bytes| Value::from(bytes::written(&bytes))).map_err(|found| mistyped(&found, &Shape::Bytes, place))
}

fn read_struct(
    name: &str,
    fields: Vec<(String, Node)>,
    place: Place<'_>,
    oddities: &mut Vec<String>,
) -> Result<Value, Mistyped> {
    let known = table().get(name);
    let mut out = Map::with_capacity(fields.len());
    for (key, node) in fields {
        let path = Path::Field(&place.path, &key);
        let Some(field) = known.fields.get(&key) else {
            oddities.push(odd("unknown", path));
            continue;
        };
        if out.contains_key(&key) {
            oddities.push(odd("duplicate", path));
        }
        let value = read(&field.shape, node, Place { path, owner: name, go: field.go.as_deref() }, oddities)?;
        out.insert(key, value);
    }
    Ok(Value::Object(out))
}

fn odd(how: &str, path: Path<'_>) -> String {
    format!("{how} field {:?}", path.to_string())
}

fn read_map(
    of: &Shape,
    entries: Vec<(String, Node)>,
    place: Place<'_>,
    oddities: &mut Vec<String>,
) -> Result<Value, Mistyped> {
    let mut out = Map::with_capacity(entries.len());
    for (key, node) in entries {
        let value = match read(of, node, Place { go: None, ..place }, oddities)? {
            // In a map `null` is an empty text, or nothing of something.
            Value::Null if matches!(of, Shape::String | Shape::Bytes | Shape::Quantity) => of.zero(),
            value => value,
        };
        if out.contains_key(&key) {
            oddities.push(odd("duplicate", Path::Field(&place.path, &key)));
        }
        out.insert(key, value);
    }
    Ok(Value::Object(out))
}

/// A scalar, or what was found instead: the JSON type, and the number where
/// another number would do.
fn read_scalar(shape: &Shape, node: Node) -> Result<Value, String> {
    match (shape, node) {
        (
            Shape::String | Shape::Time | Shape::MicroTime | Shape::Bytes | Shape::Quantity | Shape::IntOrString,
            Node::Text(text),
        ) => Ok(Value::String(text)),
        (Shape::Int64, Node::Number(number)) if number.as_i64().is_some() => Ok(Value::Number(number)),
        (Shape::Int32 | Shape::IntOrString, Node::Number(number))
            if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) =>
        {
            Ok(Value::Number(number))
        }
        (Shape::Int32 | Shape::Int64 | Shape::IntOrString, Node::Number(number)) => Err(format!("number {number}")),
        (Shape::Number, Node::Number(number)) => Ok(Value::Number(number)),
        (Shape::Quantity, Node::Number(number)) => Ok(Value::String(number.to_string())),
        (Shape::Boolean, Node::Bool(flag)) => Ok(Value::Bool(flag)),
        (_, Node::Null) => Ok(Value::Null),
        (_, node) => Err(node.json_type().to_owned()),
    }
}

fn mistyped(found: &str, shape: &Shape, place: Place<'_>) -> Mistyped {
    let owner = place.owner.rsplit('.').next().unwrap_or_default();
    let path = place.path.plain();
    let kind = place.go.map_or_else(|| go_type(shape), str::to_owned);
    Mistyped(format!("json: cannot unmarshal {found} into Go struct field {owner}.{path} of type {kind}"))
}

fn go_type(shape: &Shape) -> String {
    match shape {
        Shape::String | Shape::Time | Shape::MicroTime => "string".to_owned(),
        Shape::Int32 | Shape::IntOrString => "int32".to_owned(),
        Shape::Int64 => "int64".to_owned(),
        Shape::Number => "float64".to_owned(),
        Shape::Boolean => "bool".to_owned(),
        Shape::Bytes => "[]uint8".to_owned(),
        Shape::Quantity => "resource.Quantity".to_owned(),
        Shape::Any | Shape::Inline(_) | Shape::Deduced => "interface {}".to_owned(),
        Shape::Struct(name) => {
            let mut parts = name.rsplit('.');
            let (kind, version, group) = (parts.next(), parts.next(), parts.next());
            let package = if group == Some("core") { version } else { group.and(version) };
            format!("{}.{}", package.unwrap_or_default(), kind.unwrap_or_default())
        }
        Shape::List { of, .. } => format!("[]{}", go_type(of)),
        Shape::Map { of, .. } => format!("map[string]{}", go_type(of)),
    }
}

/// A string that does not hold what its field is for, in Go's words.
fn malformed(shape: &Shape, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    match shape.written()? {
        Written::Quantity => quantity::canonical(text).err().map(|fault| fault.text().to_owned()),
        Written::Bytes => bytes::fault(text).map(|at| format!("illegal base64 data at input byte {at}")),
        Written::Time => time_fault(text, "2006-01-02T15:04:05Z07:00"),
        Written::MicroTime => {
            let layout = "2006-01-02T15:04:05.000000Z07:00";
            let fraction = text.get(19..).unwrap_or_default();
            let digits = fraction.strip_prefix('.').unwrap_or_default();
            let count = digits.chars().take_while(char::is_ascii_digit).count();
            if count == 6 {
                return time_fault(text, layout);
            }
            let part = if fraction.is_empty() { text } else { fraction };
            if !text.starts_with(|letter: char| letter.is_ascii_digit()) {
                return time_fault(text, layout);
            }
            Some(format!("parsing time {text:?} as {layout:?}: cannot parse {part:?} as \".000000\""))
        }
    }
}

/// The parts of a time before its fraction, in Go's layout.
const TIME_PARTS: [&str; 11] = ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"];

/// What Go says of a text that is no time.
fn time_fault(text: &str, layout: &str) -> Option<String> {
    let about = format!("parsing time {text:?}");
    let unlike = |rest: &str, part: &str| Some(format!("{about} as {layout:?}: cannot parse {rest:?} as {part:?}"));
    let is_number = |text: &str| text.bytes().all(|letter| letter.is_ascii_digit());
    let mut rest = text;
    for part in TIME_PARTS {
        let Some((taken, after)) = rest.split_at_checked(part.len()) else { return unlike(rest, part) };
        let fits = if is_number(part) { is_number(taken) } else { taken == part };
        if !fits {
            return unlike(rest, part);
        }
        let outside = match part {
            "01" => ("01"..="12").contains(&taken).then_some("").or(Some("month")),
            "15" => (taken < "24").then_some("").or(Some("hour")),
            "04" => (taken < "60").then_some("").or(Some("minute")),
            "05" => (taken < "60").then_some("").or(Some("second")),
            _ => Some(""),
        };
        if let Some(name) = outside.filter(|name| !name.is_empty()) {
            return Some(format!("{about}: {name} out of range"));
        }
        rest = after;
    }
    if let Some(fraction) =
        rest.strip_prefix(['.', ',']).filter(|text| text.starts_with(|one: char| one.is_ascii_digit()))
    {
        rest = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
    }
    if let Some(extra) = rest.strip_prefix('Z') {
        return match extra {
            "" => text.parse::<jiff::Timestamp>().is_err().then(|| format!("{about}: day out of range")),
            extra => Some(format!("{about}: extra text: {extra:?}")),
        };
    }
    match rest.as_bytes() {
        [b'+' | b'-', h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(|letter| letter.is_ascii_digit()) => {
            text.parse::<jiff::Timestamp>().is_err().then(|| format!("{about}: day out of range"))
        }
        _ => unlike(rest, "Z07:00"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_set(text: &str) -> Result<Decoded, Mistyped> {
        decode(&table().kind("StatefulSet"), serde_json::from_str(text).expect("JSON"))
    }

    #[test]
    fn oddities_are_named_in_document_order() {
        let body =
            r#"{"spec":{"x":1,"replicas":1,"replicas":2,"template":{"spec":{"containers":[{"name":"a","foo":1}]}}}}"#;
        let decoded = read_set(body).expect("readable");
        let expected = [
            "unknown field \"spec.x\"",
            "duplicate field \"spec.replicas\"",
            "unknown field \"spec.template.spec.containers[0].foo\"",
        ];
        assert_eq!(decoded.oddities, expected);
        assert_eq!(decoded.value["spec"]["replicas"], 2);
    }

    #[test]
    fn a_wrong_type_is_refused_in_the_words_of_go() {
        let refused = read_set(r#"{"spec":{"replicas":"x"}}"#).expect_err("a string is no number");
        let text = "json: cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32";
        assert_eq!(refused, Mistyped(text.to_owned()));
    }

    #[test]
    fn a_value_is_read_as_its_text_is() {
        let set = |metadata: Value, spec: Value| json!({"kind": "StatefulSet", "metadata": metadata, "spec": spec});
        let named = json!({"name": "web", "labels": {"app": "web"}, "creationTimestamp": "2026-03-01T10:00:00Z"});
        let of_template = |pod: Value| json!({"replicas": 2, "template": {"spec": pod}});
        let cases = [
            (set(named.clone(), of_template(json!({"hostNetwork": false, "containers": [{"name": "a"}]}))), true),
            (set(named.clone(), json!({"replicas": null, "volumeClaimTemplates": []})), true),
            (set(json!({"labels": {"app": null}}), json!({})), false),
            (set(named.clone(), json!({"replicas": "2"})), false),
            (set(named.clone(), json!({"replicas": 1_u64 << 40})), false),
            (set(named.clone(), json!({"other": 1})), false),
            (set(json!({"creationTimestamp": "today"}), json!({})), false),
            (set(named.clone(), of_template(json!({"overhead": {"cpu": " 1"}}))), false),
            (set(named, of_template(json!({"overhead": {"cpu": 1}}))), false),
        ];
        let shape = table().kind("StatefulSet");
        for (value, plain) in cases {
            assert_eq!(is_plain(&shape, &value), plain, "{value}");
            let told = |decoded: Result<Decoded, Mistyped>| {
                decoded.map(|Decoded { value, oddities }| (value.to_string(), oddities))
            };
            assert_eq!(told(decode_value(&shape, value.clone())), told(decode(&shape, value.into())));
        }
    }

    #[test]
    fn what_go_leaves_out_is_left_out() {
        let body = json!({
            "spec": {"minReadySeconds": 0, "replicas": 0, "template": {"spec": {
                "hostNetwork": false, "nodeSelector": {}, "containers": [{
                    "name": "a", "env": [{"name": "E", "value": ""}],
                    "resources": {"limits": {"memory": "1024Mi"}},
                }],
            }}},
        });
        let decoded = decode(&table().kind("StatefulSet"), body.into()).expect("readable").value;
        assert_eq!(decoded["spec"]["replicas"], 0, "a pointer keeps its zero");
        assert!(decoded["spec"].get("minReadySeconds").is_none());
        let pod = &decoded["spec"]["template"]["spec"];
        assert!(pod.get("hostNetwork").is_none() && pod.get("nodeSelector").is_none());
        assert_eq!(pod["containers"][0]["env"], json!([{"name": "E"}]));
        assert_eq!(pod["containers"][0]["resources"], json!({"limits": {"memory": "1Gi"}}));
        assert_eq!(decoded["status"], json!({"replicas": 0, "availableReplicas": 0}));
    }
}
