//! ConfigMaps: text as it is, other bytes as base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::metadata::{Metadata, manifest};

/// The manifest of a ConfigMap; keys stay in their order.
#[must_use]
pub fn config_map(metadata: &Metadata, entries: &[(String, Vec<u8>)], immutable: bool) -> Value {
    let mut data = Map::new();
    let mut binary = Map::new();
    for (key, bytes) in entries {
        match std::str::from_utf8(bytes) {
            Ok(text) => drop(data.insert(key.clone(), json!(text))),
            Err(_) => drop(binary.insert(key.clone(), json!(STANDARD.encode(bytes)))),
        }
    }
    let unless_empty = |map: Map<String, Value>| if map.is_empty() { Value::Null } else { Value::Object(map) };
    let rest = [
        ("data", unless_empty(data)),
        ("binaryData", unless_empty(binary)),
        ("immutable", if immutable { json!(true) } else { Value::Null }),
    ];
    manifest("v1", "ConfigMap", metadata, &rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::yaml::to_yaml;

    #[test]
    fn text_stays_readable_and_bytes_are_encoded() {
        let entries = [
            ("my.cnf".to_owned(), b"[mysqld]\nlog-bin\n".to_vec()),
            ("y".to_owned(), b"on".to_vec()),
            ("logo".to_owned(), vec![0xff, 0xfe]),
        ];
        assert_eq!(
            to_yaml(&config_map(&Metadata::new("c", None, Vec::new()), &entries, false)),
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  my.cnf: |\n    [mysqld]\n    log-bin\n  \"y\": \
             \"on\"\nbinaryData:\n  logo: //4=\n"
        );
    }
}
