//! From what a script returned to JSON. Rhai sorts the keys of its maps; people
//! read a manifest from `apiVersion` on, so the known first keys come first.

use rhai::{Array, Dynamic, Map};
use serde_json::Value;

use super::values::{Params, SecretValue};
use crate::objects::quantity::Quantity;

/// The key of the token that stands for a secret's value.
pub const SECRET: &str = "$secret";

/// These keys come first and in this order, wherever they stand; all others
/// follow in alphabetical order.
const FIRST: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "namespace",
    "labels",
    "annotations",
    "type",
    "image",
    "command",
    "args",
];

/// Deeper than any manifest, shallower than any stack.
const DEPTH: usize = 64;

/// Why a value cannot stand in a manifest.
#[derive(Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Such as `.spec.template`.
    pub path: String,
    pub reason: String,
}

/// Which secrets there are, and whether one may stand where we are.
#[derive(Clone, Copy)]
struct Secrets<'a> {
    names: &'a [String],
    allowed: bool,
}

/// One object. A key or item that is `()` is left out. A secret may stand only
/// directly below `stringData` of a Secret.
///
/// # Errors
/// Functions, ranges, blobs, NaN, secrets elsewhere, and texts that a secret's
/// token was written into.
pub fn object(value: &Dynamic, secrets: &[String]) -> Result<Value, Unfit> {
    let outside = Secrets { names: secrets, allowed: false };
    let Some(map) = value.read_lock::<Map>() else {
        return Err(unfit("", format!("an object is a map, this is {}", article(value))));
    };
    let is_secret = map.get("kind").is_some_and(|kind| kind.to_string() == "Secret");
    let pairs = sorted(&map).into_iter().map(|(key, value)| {
        let path = format!(".{key}");
        match value.read_lock::<Map>() {
            Some(data) if is_secret && key == "stringData" => {
                convert_map(&data, &path, 1, Secrets { names: secrets, allowed: true })
            }
            _ => convert(value, &path, 1, outside),
        }
        .map(|value| (key.to_owned(), value))
    });
    Ok(Value::Object(pairs.collect::<Result<_, _>>()?))
}

/// Any value without secrets, such as an argument of a vocabulary function.
pub fn plain(value: &Dynamic) -> Result<Value, Unfit> {
    convert(value, "", 0, Secrets { names: &[], allowed: false })
}

fn convert(value: &Dynamic, path: &str, depth: usize, secrets: Secrets<'_>) -> Result<Value, Unfit> {
    if depth > DEPTH {
        return Err(unfit(path.get(..80).unwrap_or(path), "it is nested too deeply"));
    }
    if let Some(map) = value.read_lock::<Map>() {
        return convert_map(&map, path, depth, Secrets { allowed: false, ..secrets });
    }
    if let Some(items) = value.read_lock::<Array>() {
        let kept = items.iter().enumerate().filter(|(_, item)| !item.is_unit());
        let inner = Secrets { allowed: false, ..secrets };
        return kept.map(|(at, item)| convert(item, &format!("{path}[{at}]"), depth + 1, inner)).collect();
    }
    if let Some(SecretValue(name)) = value.read_lock::<SecretValue>().as_deref() {
        return if secrets.allowed {
            Ok(serde_json::json!({ SECRET: name }))
        } else {
            Err(unfit(path, format!("the secret `{name}` may stand only under `stringData` of a Secret")))
        };
    }
    scalar(value, path, secrets.names)
}

fn convert_map(map: &Map, path: &str, depth: usize, secrets: Secrets<'_>) -> Result<Value, Unfit> {
    if map.contains_key(SECRET) {
        return Err(unfit(path, format!("the key `{SECRET}` is kept for secrets; use the parameter itself")));
    }
    let kept = sorted(map).into_iter().filter(|(_, value)| !value.is_unit());
    let pairs = kept.map(|(key, value)| {
        convert(value, &format!("{path}.{key}"), depth + 1, secrets).map(|value| (key.to_owned(), value))
    });
    Ok(Value::Object(pairs.collect::<Result<_, _>>()?))
}

fn scalar(value: &Dynamic, path: &str, secrets: &[String]) -> Result<Value, Unfit> {
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(yes) = value.as_bool() {
        return Ok(yes.into());
    }
    if let Ok(number) = value.as_int() {
        return Ok(number.into());
    }
    if let Ok(number) = value.as_float() {
        return serde_json::Number::from_f64(number)
            .map(Value::Number)
            .ok_or_else(|| unfit(path, format!("`{number}` is no number that JSON knows")));
    }
    if let Some(size) = value.read_lock::<Quantity>() {
        return Ok(size.to_string().into());
    }
    if !value.is_string() && !value.is_char() {
        return Err(unfit(path, format!("{} cannot stand in a manifest", article(value))));
    }
    let text = value.to_string();
    match secrets.iter().find(|name| text.contains(&SecretValue((*name).clone()).to_string())) {
        Some(name) => {
            Err(unfit(path, format!("the secret `{name}` was written into a text; refer to its Secret instead")))
        }
        None => Ok(text.into()),
    }
}

fn sorted(map: &Map) -> Vec<(&str, &Dynamic)> {
    let mut pairs: Vec<(&str, &Dynamic)> = map.iter().map(|(key, value)| (key.as_str(), value)).collect();
    pairs.sort_by_key(|(key, _)| (FIRST.iter().position(|first| first == key).unwrap_or(FIRST.len()), *key));
    pairs
}

fn article(value: &Dynamic) -> String {
    if value.is::<Params>() {
        return "`p` with all its answers".to_owned();
    }
    match value.type_name() {
        "()" => "nothing".to_owned(),
        "Fn" => "a function".to_owned(),
        "array" => "a list".to_owned(),
        other => format!("a value of type `{other}`"),
    }
}

fn unfit(path: &str, reason: impl Into<String>) -> Unfit {
    Unfit { path: path.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{broken, make};

    const SECRET: &str = r#"fn objects(p) { [#{ apiVersion: "v1", kind: "Secret", metadata: #{ name: "a" }, "#;

    #[test]
    fn keys_are_ordered_for_people_and_nothing_is_left_out() {
        let made = make(
            r#"fn objects(p) { [(), #{ data: #{ b: "1", a: () }, metadata: #{ labels: #{}, name: "a" }, kind: "ConfigMap",
                apiVersion: "v1" }] }"#,
        );
        let text = serde_json::to_string(&made.unwrap().objects[0]).unwrap();
        assert_eq!(
            text,
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"apps","labels":{}},"data":{"b":"1"}}"#
        );
    }

    #[test]
    fn a_secret_becomes_a_token_below_string_data_and_nowhere_else() {
        let made = make(&format!("{SECRET} stringData: #{{ x: p.password }} }}] }}")).unwrap();
        assert_eq!(made.objects[0]["stringData"]["x"], serde_json::json!({ "$secret": "password" }));
        for place in [
            "data: #{ x: p.password }",
            "type: p.password",
            "stringData: #{ x: #{ y: p.password } }",
            "stringData: #{ x: [p.password] }",
            "stringData: p.password",
            "stringData: #{ x: \"pw=\" + p.password }",
            "stringData: #{ x: `${p.password}` }",
        ] {
            let error = broken(&format!("{SECRET} {place} }}] }}"));
            assert!(error.message().contains("secret `password`"), "{place}: {error}");
        }
        let map = r#"fn objects(p) { [#{ apiVersion: "v1", kind: "ConfigMap", metadata: #{ name: "a" }, stringData: #{ x: p.password } }] }"#;
        assert!(broken(map).message().contains("only under `stringData`"));
        let forged = broken(&format!("{SECRET} stringData: #{{ x: #{{ \"$secret\": \"other\" }} }} }}] }}"));
        assert!(forged.message().contains("kept for secrets"), "{forged}");
    }

    #[test]
    fn what_json_does_not_know_is_refused_with_its_path() {
        for (value, message) in [
            ("|x| x", "`.data.x`: a function cannot"),
            ("0..3", "cannot stand in a manifest"),
            ("0.0 / 0.0", "no number"),
            ("[1, p]", "`.data.x[1]`: `p` with all its answers cannot"),
        ] {
            let error = broken(&format!("{SECRET} data: #{{ x: {value} }} }}] }}"));
            assert!(error.message().contains(message), "{value}: {error}");
        }
        let deep = "fn objects(p) { let m = #{}; for i in 0..200 { m = #{ m: m }; } [#{ kind: m }] }";
        assert!(broken(deep).message().contains("too deeply"));
        assert!(broken("fn objects(p) { [1] }").message().contains("an object is a map"));
        assert!(broken("fn objects(p) { 1 }").message().contains("must return a list"));
    }
}
