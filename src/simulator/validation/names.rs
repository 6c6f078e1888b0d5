//! Names, labels and keys, with the texts that say what is allowed.

use serde_json::Value;

use crate::objects::kinds::ApiKind;
use crate::simulator::status::Cause;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
    '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
    start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const OLD_LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
    alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
    validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
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

/// A DNS label of at most 63 letters. A dotted name that is too long as well
/// is told both.
pub fn label(field: &str, text: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    if text.len() > 63 {
        causes.push(Cause::invalid(field, &text.into(), "must be no more than 63 characters"));
    }
    if !is_label(text) {
        let why = if text.split('.').all(is_label) { "must not contain dots" } else { LABEL };
        causes.push(Cause::invalid(field, &text.into(), why));
    }
    causes
}

/// A DNS label of the older kind, which begins with a letter.
pub fn old_label(field: &str, text: &str) -> Vec<Cause> {
    let mut whys = Vec::new();
    if text.len() > 63 {
        whys.push("must be no more than 63 characters");
    }
    if !is_label(text) || !text.starts_with(|letter: char| letter.is_ascii_lowercase()) {
        whys.push(OLD_LABEL);
    }
    if whys.is_empty() { Vec::new() } else { vec![Cause::invalid(field, &text.into(), &whys.join(","))] }
}

/// A DNS subdomain of at most 253 letters.
pub fn subdomain(field: &str, text: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    if text.len() > 253 {
        causes.push(Cause::invalid(field, &text.into(), "must be no more than 253 characters"));
    }
    if !text.split('.').all(is_label) {
        causes.push(Cause::invalid(field, &text.into(), SUBDOMAIN));
    }
    causes
}

/// Keys of Secrets and ConfigMaps.
pub fn data_keys(field: &str, data: &Value) -> Vec<Cause> {
    let keys = data.as_object().into_iter().flatten().map(|(key, _)| key);
    keys.flat_map(|key| data_key(&format!("{field}[{key}]"), key)).collect()
}

/// One key of a Secret or ConfigMap.
pub fn data_key(field: &str, key: &str) -> Vec<Cause> {
    let fits = !key.is_empty() && key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
    let step = match key {
        "." => Some("must not be '.'"),
        ".." => Some("must not be '..'"),
        key => key.starts_with("..").then_some("must not start with '..'"),
    };
    let length = (key.len() > 253).then_some("must be no more than 253 characters");
    let faults = length.into_iter().chain((!fits).then_some(CONFIG_KEY)).chain(step);
    faults.map(|why| Cause::invalid(field, &key.into(), why)).collect()
}

/// A name that more may follow: a dash at its end is passed over.
pub fn prefix(field: &str, name: &str) -> Vec<Cause> {
    let begun = name.strip_suffix('-').filter(|rest| !rest.is_empty()).map_or(name, |rest| rest);
    subdomain(field, begun).into_iter().map(|cause| cause.about(begun, name)).collect()
}

/// A name of a container's port.
pub fn port(field: &str, name: &str) -> Vec<Cause> {
    let is_letter = |letter: char| letter.is_ascii_lowercase();
    let fits = |letter: char| is_letter(letter) || letter.is_ascii_digit() || letter == '-';
    let whys = [
        (name.len() > 15, "must be no more than 15 characters"),
        (!name.chars().all(fits), "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"),
        (!name.contains(is_letter), "must contain at least one letter (a-z)"),
        (name.contains("--"), "must not contain consecutive hyphens"),
        (name.starts_with('-') || name.ends_with('-'), "must not begin or end with a hyphen"),
    ];
    let wrong = whys.into_iter().filter(|(is_wrong, _)| *is_wrong);
    wrong.map(|(_, why)| Cause::invalid(field, &name.into(), why)).collect()
}

/// A path that leads down from where it begins.
pub fn path_below(field: &str, path: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    if path.starts_with('/') {
        causes.push(Cause::invalid(field, &path.into(), "must be a relative path"));
    }
    causes.extend(no_backsteps(field, path));
    causes
}

/// A path that leads down to a file; names with two dots are the server's own.
pub fn file_below(field: &str, path: &str) -> Vec<Cause> {
    let mut causes = path_below(field, path);
    if path.starts_with("..") && !path.starts_with("../") {
        causes.push(Cause::invalid(field, &path.into(), "must not start with '..'"));
    }
    causes
}

/// A path that does not lead up again.
pub fn no_backsteps(field: &str, path: &str) -> Option<Cause> {
    let leads_up = path.split('/').any(|part| part == "..");
    leads_up.then(|| Cause::invalid(field, &path.into(), "must not contain '..'"))
}

/// A domain to be searched, in which underscores are let pass.
pub fn search_domain(field: &str, name: &str) -> Vec<Cause> {
    let plain = name.replace('_', "a");
    if plain.split('.').all(is_label) { Vec::new() } else { subdomain(field, name) }
}

/// A setting of the kernel.
pub fn is_sysctl(name: &str) -> bool {
    name.len() <= 253 && name.split(['.', '/']).all(|part| is_label(&part.replace('_', "-")))
}

/// Labels: qualified keys, short values.
pub fn labels(field: &str, labels: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    for (key, value) in labels.as_object().into_iter().flatten() {
        causes.extend(qualified(field, key));
        causes.extend(label_value(field, value.as_str().unwrap_or_default()));
    }
    causes
}

/// The selector of a spec: its labels, then each requirement.
pub fn selector(field: &str, selector: &Value) -> Vec<Cause> {
    let mut causes = labels(&format!("{field}.matchLabels"), &selector["matchLabels"]);
    for (index, one) in selector["matchExpressions"].as_array().into_iter().flatten().enumerate() {
        let field = format!("{field}.matchExpressions[{index}]");
        let values: Vec<&str> = one["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let operator = one["operator"].as_str().unwrap_or_default();
        match operator {
            "In" | "NotIn" if values.is_empty() => {
                let why = "must be specified when `operator` is 'In' or 'NotIn'";
                causes.push(Cause::required(format!("{field}.values"), why));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                causes.push(Cause::forbidden(format!("{field}.values"), why));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => {
                let why = "not a valid selector operator";
                causes.push(Cause::invalid(format!("{field}.operator"), &operator.into(), why));
            }
        }
        causes.extend(qualified(&format!("{field}.key"), one["key"].as_str().unwrap_or_default()));
        for (index, value) in values.into_iter().enumerate() {
            causes.extend(label_value(&format!("{field}.values[{index}]"), value));
        }
    }
    causes
}

/// A value of a label.
pub fn label_value(field: &str, value: &str) -> Option<Cause> {
    if value.len() > 63 {
        return Some(Cause::invalid(field, &value.into(), "must be no more than 63 bytes"));
    }
    (!value.is_empty() && !is_word(value)).then(|| Cause::invalid(field, &value.into(), LABEL_VALUE))
}

/// `name` or `prefix/name`, as in keys of labels and annotations.
pub fn qualified(field: &str, key: &str) -> Vec<Cause> {
    let invalid = |why: &str| Cause::invalid(field, &key.into(), why);
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    if name.contains('/') {
        let why = QUALIFIED.trim_start_matches("name part ");
        let why = format!(
            "a valid label key {why} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        );
        return vec![invalid(&why)];
    }
    let mut causes = Vec::new();
    match prefix {
        Some("") => causes.push(invalid("prefix part must be non-empty")),
        Some(prefix) => {
            if prefix.len() > 253 {
                causes.push(invalid("prefix part must be no more than 253 bytes"));
            }
            if !prefix.split('.').all(is_label) {
                causes.push(invalid(&format!("prefix part {SUBDOMAIN}")));
            }
        }
        None => {}
    }
    if name.is_empty() {
        causes.push(invalid("name part must be non-empty"));
    }
    if name.len() > 63 {
        causes.push(invalid("name part must be no more than 63 bytes"));
    }
    if !is_word(name) {
        causes.push(invalid(QUALIFIED));
    }
    causes
}

/// What is wrong with a name for an object of this kind.
pub fn of_kind(kind: &ApiKind, field: &str, name: &str) -> Vec<Cause> {
    match kind.kind {
        "StatefulSet" | "Service" | "Namespace" => label(field, name),
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => path_segment(field, name),
        _ => subdomain(field, name),
    }
}

/// Whatever it names, a name stands in paths.
pub fn path_segment(field: &str, name: &str) -> Vec<Cause> {
    let whys = match name {
        "." => vec!["may not be '.'"],
        ".." => vec!["may not be '..'"],
        _ => [("/", "may not contain '/'"), ("%", "may not contain '%'")]
            .into_iter()
            .filter(|(letter, _)| name.contains(letter))
            .map(|(_, why)| why)
            .collect(),
    };
    whys.into_iter().map(|why| Cause::invalid(field, &name.into(), why)).collect()
}

/// Annotations: qualified lower-case keys, 256 KiB in all.
pub fn annotations(field: &str, annotations: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut size = 0_usize;
    for (key, value) in annotations.as_object().into_iter().flatten() {
        // The case does not matter, and the key is shown as it was written.
        let lower = key.to_lowercase();
        causes.extend(qualified(field, &lower).into_iter().map(|cause| cause.about(&lower, key)));
        size = size.saturating_add(key.len()).saturating_add(value.as_str().unwrap_or_default().len());
    }
    if size > 256 * 1024 {
        causes.push(Cause::too_long(field, 256 * 1024));
    }
    causes
}
