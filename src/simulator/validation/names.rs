//! Names, labels and keys, with the texts that say what is allowed.

use serde_json::Value;

use crate::simulator::status::Cause;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
    '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
    start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
    'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
    '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex \
    used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
    with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

fn is_label(text: &str) -> bool {
    let inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    !text.is_empty()
        && text.starts_with(inner)
        && text.ends_with(inner)
        && text.chars().all(|letter| inner(letter) || letter == '-')
}

fn is_word(text: &str) -> bool {
    let inner = |letter: char| letter.is_ascii_alphanumeric();
    text.starts_with(inner)
        && text.ends_with(inner)
        && text.chars().all(|letter| inner(letter) || "-_.".contains(letter))
}

fn too_long(field: &str, limit: usize) -> Cause {
    Cause {
        reason: "FieldValueTooLong",
        message: format!("Too long: may not be more than {limit} bytes"),
        field: field.to_owned(),
    }
}

/// A DNS label of at most 63 letters.
pub fn label(field: &str, text: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    if text.len() > 63 {
        causes.push(Cause::invalid(field, &text.into(), "must be no more than 63 bytes"));
    }
    if !is_label(text) {
        causes.push(Cause::invalid(field, &text.into(), LABEL));
    }
    causes
}

/// A DNS subdomain of at most 253 letters.
pub fn subdomain(field: &str, text: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    if text.len() > 253 {
        causes.push(Cause::invalid(field, &text.into(), "must be no more than 253 bytes"));
    }
    if !text.split('.').all(is_label) {
        causes.push(Cause::invalid(field, &text.into(), SUBDOMAIN));
    }
    causes
}

/// Keys of Secrets and ConfigMaps.
pub fn data_keys(field: &str, data: &Value) -> Vec<Cause> {
    let keys = data.as_object().into_iter().flatten().map(|(key, _)| key);
    keys.filter_map(|key| {
        let fits =
            !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
        let why = match key.as_str() {
            "." => "must not be '.'",
            ".." => "must not be '..'",
            key if key.len() > 253 => "must be no more than 253 bytes",
            _ if !fits => CONFIG_KEY,
            key if key.starts_with("..") => "must not start with '..'",
            _ => return None,
        };
        Some(Cause::invalid(format!("{field}[{key}]"), &key.as_str().into(), why))
    })
    .collect()
}

/// Labels: qualified keys, short values.
pub fn labels(field: &str, labels: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (key, value) in labels.as_object().into_iter().flatten() {
        causes.extend(qualified(field, key));
        let value = value.as_str().unwrap_or_default();
        if value.len() > 63 {
            causes.push(Cause::invalid(field, &value.into(), "must be no more than 63 bytes"));
        } else if !value.is_empty() && !is_word(value) {
            causes.push(Cause::invalid(field, &value.into(), LABEL_VALUE));
        }
    }
    causes
}

/// `name` or `prefix/name`, as in keys of labels and annotations.
pub fn qualified(field: &str, key: &str) -> Vec<Cause> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let mut causes = Vec::new();
    if let Some(prefix) = prefix
        && (prefix.is_empty() || !prefix.split('.').all(is_label))
    {
        causes.push(Cause::invalid(field, &key.into(), &format!("prefix part {SUBDOMAIN}")));
    }
    if name.is_empty() {
        causes.push(Cause::invalid(field, &key.into(), "name part must be non-empty"));
    }
    if name.len() > 63 {
        causes.push(Cause::invalid(field, &key.into(), "name part must be no more than 63 bytes"));
    }
    if !is_word(name) {
        causes.push(Cause::invalid(field, &key.into(), QUALIFIED));
    }
    causes
}

/// Owners are named completely.
pub fn owners(field: &str, owners: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for owner in owners.as_array().into_iter().flatten() {
        for name in ["apiVersion", "kind", "name", "uid"] {
            if owner[name].as_str().unwrap_or_default().is_empty() {
                let field = format!("{field}.{name}");
                causes.push(Cause::invalid(field, &"".into(), "must not be empty"));
            }
        }
    }
    causes
}

/// Annotations: qualified lower-case keys, 256 KiB in all.
pub fn annotations(field: &str, annotations: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut size = 0_usize;
    for (key, value) in annotations.as_object().into_iter().flatten() {
        causes.extend(qualified(field, &key.to_lowercase()));
        size = size.saturating_add(key.len()).saturating_add(value.as_str().unwrap_or_default().len());
    }
    if size > 256 * 1024 {
        causes.push(too_long(field, 256 * 1024));
    }
    causes
}
