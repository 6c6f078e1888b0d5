//! A Secret's manifest holds no values while it travels through the program:
//! a value is the token `{"$secret": "PARAMETER"}` inside `stringData`. Tokens
//! become values in one place, right before the write.
//!
//! Not here: where a value comes from (the wizard knows its origin).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

const TOKEN: &str = "$secret";
const DOCKER: &str = "dockerconfigjson";
const HIDDEN: &str = "(hidden)";

/// The token that stands for the value of a parameter.
#[must_use]
pub fn token(parameter: &str) -> Value {
    json!({ TOKEN: parameter })
}

/// A token for the registry credentials that have a parameter's value as
/// their password, in the format of `kubernetes.io/dockerconfigjson`.
#[must_use]
pub fn docker_config(parameter: &str, server: &str, username: &str, email: Option<&str>) -> Value {
    json!({ TOKEN: parameter, DOCKER: {"server": server, "username": username, "email": email} })
}

/// The parameter that a value stands for, if it is a token.
#[must_use]
pub fn parameter_of(value: &Value) -> Option<&str> {
    value.as_object()?.get(TOKEN)?.as_str()
}

/// The parameters whose values a manifest needs, each once, in order.
#[must_use]
pub fn tokens(manifest: &Value) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (_, value) in entries(manifest, "stringData") {
        if let Some(parameter) = parameter_of(value).filter(|parameter| !out.iter().any(|known| known == parameter)) {
            out.push(parameter.to_owned());
        }
    }
    out
}

/// The manifest as it is sent: `stringData` becomes base64 `data`, tokens become
/// the values that `fetch` gives for their parameter. Other kinds stay as they
/// are.
///
/// # Errors
/// The first error of `fetch`.
pub fn resolve<E>(manifest: &Value, mut fetch: impl FnMut(&str) -> Result<Vec<u8>, E>) -> Result<Value, E> {
    let mut data: Map<String, Value> =
        entries(manifest, "data").map(|(key, value)| (key.clone(), value.clone())).collect();
    for (key, value) in entries(manifest, "stringData") {
        let bytes = match parameter_of(value) {
            Some(parameter) => docker_or_plain(value, fetch(parameter)?),
            None => value.as_str().unwrap_or_default().as_bytes().to_vec(),
        };
        data.insert(key.clone(), Value::String(STANDARD.encode(bytes)));
    }
    let mut resolved = manifest.clone();
    if let Some(object) = resolved.as_object_mut().filter(|_| is_secret(manifest)) {
        object.shift_remove("stringData");
        object.insert("data".to_owned(), Value::Object(data));
    }
    Ok(resolved)
}

/// The manifest as it may be shown: every value of a Secret is hidden, and so
/// is the copy that `kubectl apply` keeps in an annotation. Lists are entered.
#[must_use]
pub fn redact(manifest: &Value) -> Value {
    let mut shown = manifest.clone();
    if let Some(items) = shown.get_mut("items").and_then(Value::as_array_mut) {
        for item in items {
            *item = redact(item);
        }
    }
    if is_secret(manifest) {
        for field in ["data", "stringData"] {
            if let Some(values) = shown.get_mut(field).and_then(Value::as_object_mut) {
                values.values_mut().for_each(|value| *value = Value::String(HIDDEN.to_owned()));
            }
        }
        let annotations = shown.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
        if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
            annotations.shift_remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    shown
}

fn is_secret(manifest: &Value) -> bool {
    manifest["kind"] == "Secret"
}

fn entries<'a>(manifest: &'a Value, field: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let found = if is_secret(manifest) { manifest.get(field).and_then(Value::as_object) } else { None };
    found.into_iter().flatten()
}

fn docker_or_plain(token: &Value, value: Vec<u8>) -> Vec<u8> {
    let Some(registry) = token.get(DOCKER) else { return value };
    let text = |name: &str| registry[name].as_str().unwrap_or_default().to_owned();
    let password = String::from_utf8_lossy(&value).into_owned();
    let auth = STANDARD.encode(format!("{}:{password}", text("username")));
    let mut login = json!({"username": text("username"), "password": password});
    if registry["email"].is_string() {
        login["email"] = registry["email"].clone();
    }
    login["auth"] = Value::String(auth);
    json!({"auths": {(text("server")): login}}).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s"},
            "stringData": {"user": "admin", "password": token("password"), "again": token("password"), "ca": token("value/ca")},
        })
    }

    fn fetch(parameter: &str) -> Result<Vec<u8>, String> {
        match parameter {
            "password" => Ok(b"passw0rd".to_vec()),
            other => Err(format!("no {other}")),
        }
    }

    #[test]
    fn tokens_are_found_once_each_and_only_in_secrets() {
        assert_eq!(tokens(&secret()), ["password", "value/ca"]);
        let mut other = secret();
        other["kind"] = json!("ConfigMap");
        assert_eq!(tokens(&other), Vec::<String>::new());
        assert_eq!(resolve(&other, fetch), Ok(other.clone()));
    }

    #[test]
    fn values_become_base64_data_and_nothing_else_changes() {
        let mut manifest = secret();
        manifest["stringData"].as_object_mut().unwrap().shift_remove("ca");
        manifest["data"] = json!({"old": "b2xk"});
        let resolved = resolve(&manifest, fetch).unwrap();
        assert_eq!(
            resolved,
            json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "s"},
                "data": {"old": "b2xk", "user": "YWRtaW4=", "password": "cGFzc3cwcmQ=", "again": "cGFzc3cwcmQ="},
            })
        );
    }

    #[test]
    fn a_value_that_cannot_be_fetched_stops_it() {
        assert_eq!(resolve(&secret(), fetch), Err("no value/ca".to_owned()));
    }

    #[test]
    fn registry_credentials_are_what_the_kubelet_reads() {
        let manifest = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {
            ".dockerconfigjson": docker_config("password", "https://r.example", "me", None)}});
        let resolved = resolve(&manifest, fetch).unwrap();
        let text = STANDARD.decode(resolved["data"][".dockerconfigjson"].as_str().unwrap()).unwrap();
        let expected = json!({"auths": {"https://r.example": {
            "username": "me", "password": "passw0rd", "auth": STANDARD.encode("me:passw0rd")}}});
        assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), expected);
    }

    #[test]
    fn what_is_shown_has_no_value_anywhere() {
        let mut manifest = resolve(&secret(), |_| Ok::<_, ()>(b"hunter2".to_vec())).unwrap();
        let encoded = STANDARD.encode("hunter2");
        manifest["stringData"] = json!({"x": "hunter2"});
        manifest["metadata"]["annotations"] =
            json!({"kubectl.kubernetes.io/last-applied-configuration": encoded, "note": "kept"});
        let shown = redact(
            &json!({"apiVersion": "v1", "kind": "List", "items": [manifest, {"kind": "ConfigMap", "data": {"a": "b"}}]}),
        );
        let text = shown.to_string();
        assert!(!text.contains("hunter2") && !text.contains(&encoded), "{text}");
        assert!(text.contains("password") && text.contains("kept") && text.contains(r#""a":"b""#), "{text}");
    }
}
