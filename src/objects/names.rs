//! Names, labels, keys and ports as the API server checks them, with reasons
//! in plain words. Pure; whether a name is taken is somebody else's question.

/// The longest name of a StatefulSet whose pods can be created (SS-07).
pub const SET_NAME_MAX: usize = 52;
/// The longest DNS label, and the longest label value.
pub const LABEL_MAX: usize = 63;
/// The longest DNS subdomain.
pub const SUBDOMAIN_MAX: usize = 253;

/// A DNS label such as `web-0`, with at most `max` characters.
pub fn dns_label(name: &str, max: usize) -> Result<(), String> {
    let max = max.min(LABEL_MAX);
    if name.is_empty() {
        return Err("a name is missing".to_owned());
    }
    if name.len() > max {
        return Err(format!("it has {} characters, {max} are allowed", name.len()));
    }
    label_characters(name)
}

/// A DNS subdomain: DNS labels with dots between them, 253 characters at most.
/// Secrets, ConfigMaps, claims, volumes and classes are named so.
pub fn dns_subdomain(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a name is missing".to_owned());
    }
    if name.len() > SUBDOMAIN_MAX {
        return Err(format!("it has {} characters, {SUBDOMAIN_MAX} are allowed", name.len()));
    }
    name.split('.').try_for_each(|label| {
        if label.is_empty() {
            return Err("a dot needs a letter or digit on both sides".to_owned());
        }
        label_characters(label)
    })
}

/// The name of a StatefulSet: the API takes up to 63 characters, but its pods
/// carry the label `NAME-` plus ten more, which then does not fit (SS-07).
pub fn set_name(name: &str) -> Result<(), String> {
    if name.len() > SET_NAME_MAX {
        return Err(format!(
            "it has {} characters, {SET_NAME_MAX} are allowed: every pod gets a label of the set's name and 11 more \
             characters, and a label value ends at {LABEL_MAX}; the API would take the name and then fail to make pods",
            name.len()
        ));
    }
    dns_label(name, SET_NAME_MAX)
}

/// A Service's name: a DNS label that starts with a letter, as servers before
/// 1.36 require it.
pub fn service_name(name: &str) -> Result<(), String> {
    dns_label(name, LABEL_MAX)?;
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("a Service's name starts with a letter".to_owned());
    }
    Ok(())
}

/// A port number, 1 to 65535.
pub fn port(text: &str) -> Result<u16, String> {
    match text.parse::<u16>() {
        Ok(0) | Err(_) => Err("a port is a number from 1 to 65535".to_owned()),
        Ok(port) => Ok(port),
    }
}

/// The name of a port: at most 15 lower-case letters, digits and single
/// dashes, with at least one letter.
pub fn port_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > 15 {
        return Err("the name of a port has 1 to 15 characters".to_owned());
    }
    if name.contains("--") || !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Err("the name of a port has at least one letter and no two dashes in a row".to_owned());
    }
    label_characters(name)
}

/// A label's key: an optional DNS subdomain and `/`, then up to 63 characters.
pub fn label_key(key: &str) -> Result<(), String> {
    let name = match key.split_once('/') {
        Some((prefix, name)) => {
            dns_subdomain(prefix).map_err(|reason| format!("before the slash: {reason}"))?;
            name
        }
        None => key,
    };
    if name.is_empty() {
        return Err("a label needs a key".to_owned());
    }
    label_text(name)
}

/// A label's value: empty, or up to 63 letters, digits, `-`, `_` and `.`.
pub fn label_value(value: &str) -> Result<(), String> {
    if value.is_empty() { Ok(()) } else { label_text(value) }
}

/// A key of a ConfigMap or Secret, which is also a file name when mounted.
pub fn config_key(key: &str) -> Result<(), String> {
    if key.is_empty() || key.len() > SUBDOMAIN_MAX {
        return Err(format!("a key has 1 to {SUBDOMAIN_MAX} characters"));
    }
    if key == "." || key.starts_with("..") {
        return Err("a key is not `.` and does not start with `..`".to_owned());
    }
    if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
        Ok(())
    } else {
        Err("a key has only letters, digits, `-`, `_` and `.`".to_owned())
    }
}

/// The name of an environment variable as shells can use it.
pub fn variable(name: &str) -> Result<(), String> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts_well && name.len() <= 256 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        Ok(())
    } else {
        Err("an environment variable has letters, digits and `_`, and starts with no digit".to_owned())
    }
}

/// An absolute path without `..`, which the API refuses, and without `:`, which
/// separates the parts of our flags.
pub fn absolute_path(path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        return Err("the path must start with `/`".to_owned());
    }
    if path.len() > 4096 {
        return Err("the path has more than 4096 characters".to_owned());
    }
    if path.split('/').any(|part| part == "..") {
        return Err("the path must not contain `..`".to_owned());
    }
    if path.chars().any(|c| c == ':' || c.is_control()) {
        return Err("the path must not contain `:` or control characters".to_owned());
    }
    Ok(())
}

fn label_characters(label: &str) -> Result<(), String> {
    if label.len() > LABEL_MAX {
        return Err(format!("between dots, {LABEL_MAX} characters are allowed"));
    }
    if label.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("capital letters are not allowed".to_owned());
    }
    if let Some(wrong) = label.chars().find(|&c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')) {
        return Err(format!("`{}` is not allowed: only a-z, 0-9 and `-`", wrong.escape_debug()));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("it must start and end with a letter or digit".to_owned());
    }
    Ok(())
}

fn label_text(text: &str) -> Result<(), String> {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    let inner = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if text.len() > LABEL_MAX {
        Err(format!("it has {} characters, {LABEL_MAX} are allowed", text.len()))
    } else if inner && edge(bytes.first()) && edge(bytes.last()) {
        Ok(())
    } else {
        Err("it has only letters, digits, `-`, `_` and `.`, and starts and ends with a letter or digit".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_names_end_at_52_characters_and_say_why() {
        assert_eq!(set_name(&"a".repeat(52)), Ok(()));
        assert!(set_name(&"a".repeat(53)).unwrap_err().contains("every pod gets a label"));
        assert!(set_name("Web").unwrap_err().contains("capital"));
    }

    #[test]
    fn dns_labels_refuse_what_the_api_refuses() {
        for good in ["a", "web-0", "0web", &"a".repeat(63)] {
            assert_eq!(dns_label(good, LABEL_MAX), Ok(()), "{good}");
        }
        for bad in ["", "-a", "a-", "a.b", "a_b", "Ä", "a b", &"a".repeat(64)] {
            assert!(dns_label(bad, 1000).is_err(), "{bad}");
        }
    }

    #[test]
    fn subdomains_allow_single_dots_only() {
        assert_eq!(dns_subdomain("my.config-map.v1"), Ok(()));
        for bad in ["", ".a", "a.", "a..b", "a.-b", &"a.".repeat(200)] {
            assert!(dns_subdomain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ports_and_their_names_have_their_bounds() {
        assert_eq!(port("5984"), Ok(5984));
        for bad in ["0", "65536", "-1", "http", "", "1e3", " 80"] {
            assert!(port(bad).is_err(), "{bad}");
        }
        assert_eq!(port_name("http-2"), Ok(()));
        for bad in ["", "8080", "a--b", "-a", "Http", "a234567890123456"] {
            assert!(port_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn labels_and_keys_follow_their_own_alphabets() {
        assert_eq!(label_key("app.kubernetes.io/name"), Ok(()));
        assert_eq!(label_value("Unit_4.b"), Ok(()));
        assert_eq!(label_value(""), Ok(()));
        assert!(label_value("-x").is_err());
        assert!(label_key("/name").is_err());
        assert!(label_key("a/b/c").is_err());
        for good in ["y", "on", "1_000", ".dockerconfigjson", "my.cnf"] {
            assert_eq!(config_key(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "..", "..x", "a/b", "a b"] {
            assert!(config_key(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_are_absolute_and_do_not_climb() {
        assert_eq!(absolute_path("/usr/local/var/lib/couchdb"), Ok(()));
        for bad in ["", "tmp", "/a/../b", "/a:b", "/a\nb"] {
            assert!(absolute_path(bad).is_err(), "{bad}");
        }
    }
}
