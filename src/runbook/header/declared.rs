//! One parameter as a header declares it: a map with the keys of all parameters
//! and those of its type, in which what is obvious may be left out.

use serde_json::{Map, Value};

use super::{Wrong, known_keys, text};
use crate::wizard::parameter::{Answer, Parameter, SecretSource};

const PARAMETER_KEYS: &[&str] = &["name", "type", "prompt", "help", "value", "optional", "quiet", "positional", "when"];

/// The types with their own keys; types that are not listed have none.
const TYPE_KEYS: &[(&str, &[&str])] = &[
    ("text", &["pattern", "words"]),
    ("int", &["min", "max"]),
    ("choice", &["of"]),
    ("name", &["max"]),
    ("list", &["item"]),
    ("bool", &[]),
    ("quantity", &[]),
    ("port", &[]),
    ("absolute_path", &[]),
    ("storage_class", &[]),
    ("volume_class", &[]),
    ("namespace", &[]),
    ("node", &[]),
    ("statefulset", &[]),
    ("duration", &[]),
    ("secret", &[]),
];

/// Reads and checks it.
pub(super) fn parameter(value: &Value) -> Result<Parameter, Wrong> {
    let map = value.as_object().ok_or_else(|| Wrong::new("each of `params` must be a map: `#{ … }`"))?;
    let name = text(map, "name")?.ok_or_else(|| Wrong::new("a parameter has no `name`"))?;
    from_map(map).map_err(|mut wrong| {
        wrong.message = format!("parameter `{name}`: {}", wrong.message);
        wrong.below(&name)
    })
}

fn from_map(map: &Map<String, Value>) -> Result<Parameter, Wrong> {
    let word = text(map, "type")?.ok_or_else(|| Wrong::new("`type` is missing"))?;
    let Some((kind, own)) = TYPE_KEYS.iter().find(|(kind, _)| *kind == word) else {
        let known: Vec<&str> = TYPE_KEYS.iter().map(|(kind, _)| *kind).collect();
        return Err(Wrong::unknown("type", &word, &known));
    };
    known_keys(map, "key", &[PARAMETER_KEYS, own].concat())?;
    for key in ["prompt", "help"] {
        text(map, key)?.ok_or_else(|| Wrong::new(format!("`{key}` is missing")))?;
    }
    for key in ["optional", "quiet", "positional"] {
        if !matches!(map.get(key), None | Some(Value::Null | Value::Bool(_))) {
            return Err(Wrong::new(format!("`{key}` must be true or false")).below(key));
        }
    }
    let mut plain = Map::new();
    for (key, value) in map.iter().filter(|(key, value)| !value.is_null() && !own.contains(&key.as_str())) {
        plain.insert(key.clone(), if key == "when" { condition(value)? } else { value.clone() });
    }
    let settings = settings(kind, map)?;
    let typed = settings.map_or_else(|| Value::from(*kind), |settings| serde_json::json!({ *kind: settings }));
    plain.insert("type".to_owned(), typed);
    // A secret's only possible default is an origin, never a value.
    let secret = if *kind == "secret" { plain.remove("value") } else { None };
    check_default(plain.get("value"))?;
    let mut parameter: Parameter =
        serde_json::from_value(Value::Object(plain)).map_err(|_| Wrong::new("it is no declaration of a parameter"))?;
    match secret.as_ref().map(Value::as_str) {
        None => {}
        Some(Some("generate")) => parameter.value = Some(Answer::Secret(SecretSource::Generate)),
        Some(_) => {
            return Err(Wrong::new("the only default of a secret is \"generate\"").below("value"));
        }
    }
    Ok(parameter)
}

fn check_default(value: Option<&Value>) -> Result<(), Wrong> {
    let good = match value {
        None | Some(Value::Bool(_) | Value::String(_)) => true,
        Some(Value::Number(number)) => number.is_i64(),
        Some(Value::Array(items)) => items.iter().all(Value::is_string),
        Some(Value::Null | Value::Object(_)) => false,
    };
    let wrong = || Wrong::new("a default is text, a whole number, true, false, or a list of texts").below("value");
    if good { Ok(()) } else { Err(wrong()) }
}

/// The settings of a type, with what may be left out because there is one
/// obvious meaning; `None` for a type without any.
fn settings(kind: &str, map: &Map<String, Value>) -> Result<Option<Value>, Wrong> {
    Ok(Some(match kind {
        "text" => match text(map, "pattern")? {
            None => serde_json::json!({}),
            Some(regex) => {
                serde_json::json!({ "pattern": { "regex": regex, "words": text(map, "words")?.unwrap_or_default() } })
            }
        },
        "int" => serde_json::json!({ "min": number(map, "min")?, "max": number(map, "max")? }),
        "name" if !map.contains_key("max") => serde_json::json!({ "max": 63 }),
        "name" => serde_json::json!({ "max": number(map, "max")?.clamp(0, 253) }),
        "list" => serde_json::json!({ "item": item(map)? }),
        "choice" => serde_json::json!({ "of": choices(map)? }),
        _ => return Ok(None),
    }))
}

fn number(map: &Map<String, Value>, key: &str) -> Result<i64, Wrong> {
    match map.get(key) {
        None => Err(Wrong::new(format!("`{key}` is missing"))),
        Some(value) => value.as_i64().ok_or_else(|| Wrong::new(format!("`{key}` must be a whole number")).below(key)),
    }
}

fn item(map: &Map<String, Value>) -> Result<String, Wrong> {
    const ITEMS: &[&str] = &["plain", "key_value", "file"];
    let item = text(map, "item")?.unwrap_or_else(|| "plain".to_owned());
    if ITEMS.contains(&item.as_str()) { Ok(item) } else { Err(Wrong::unknown("item", &item, ITEMS)) }
}

/// `"port"`, `#{ expose: "NodePort" }` or `#{ expose: ["NodePort", "LoadBalancer"] }`.
fn condition(when: &Value) -> Result<Value, Wrong> {
    let wrong = || {
        Wrong::new("`when` must be the name of a parameter, or a map with one parameter and its values").below("when")
    };
    if let Value::String(parameter) = when {
        return Ok(serde_json::json!({ "parameter": parameter, "is": [] }));
    }
    let mut pairs = when.as_object().ok_or_else(wrong)?.iter();
    let (Some((parameter, values)), None) = (pairs.next(), pairs.next()) else { return Err(wrong()) };
    let values = match values {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) if !many.is_empty() => {
            many.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(wrong)).collect::<Result<_, _>>()?
        }
        _ => return Err(wrong()),
    };
    Ok(serde_json::json!({ "parameter": parameter, "is": values }))
}

/// A choice is a value, or a value with a label.
fn choices(map: &Map<String, Value>) -> Result<Vec<Value>, Wrong> {
    let wrong = || {
        let mut wrong = Wrong::new("`of` must be a list of texts, or of maps with `value` and `label`").below("of");
        wrong.hint = Some("write: of: [ \"a\", #{ value: \"b\", label: \"what it means\" } ]".to_owned());
        wrong
    };
    let choice = |choice: &Value| match choice {
        Value::String(value) => Ok(serde_json::json!({ "value": value, "label": "" })),
        Value::Object(fields) => {
            known_keys(fields, "key", &["value", "label"]).map_err(|wrong| wrong.below("of"))?;
            let (Some(value), Some(label)) = (text(fields, "value")?, text(fields, "label")?) else {
                return Err(wrong());
            };
            Ok(serde_json::json!({ "value": value, "label": label }))
        }
        _ => Err(wrong()),
    };
    map.get("of").and_then(Value::as_array).ok_or_else(wrong)?.iter().map(choice).collect()
}
