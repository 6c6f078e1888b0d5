//! YAML out and in, such that kubectl and the API server read what we mean:
//! `y`, `on` and `1_000` stay text, scripts are `|` blocks, nothing is folded.
//!
//! Not here: the places of keys and values in a manifest (`placed`).
//! Error texts never quote the document, since it may hold a Secret.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value, json};
use serde_saphyr::{DuplicateKeyPolicy, LitStr, Location, SerializerOptions, Spanned};
use thiserror::Error;

/// Larger texts are refused; the API server itself takes about 3 MiB.
const LARGEST: usize = 8 * 1024 * 1024;

/// Why a text is not YAML that can be trusted. Line and column start at 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{message}", place(*.line, *.column))]
pub struct YamlError {
    pub line: Option<u64>,
    pub column: Option<u64>,
    pub message: String,
}

/// One document, keys in the order of the value, ending in a line break.
#[must_use]
pub fn to_yaml(value: &Value) -> String {
    let options = serde_saphyr::ser_options! {
        prefer_block_scalars: false,
        compact_list_indent: true,
        folded_wrap_chars: 1_000_000_000,
    };
    emit(value, options)
}

/// Several documents with `---` between them.
#[must_use]
pub fn to_yaml_documents(values: &[Value]) -> String {
    values.iter().map(to_yaml).collect::<Vec<_>>().join("---\n")
}

/// What `-o json` prints: the object itself, or a `List` of several, as kubectl.
#[must_use]
pub fn list(values: &[Value]) -> Value {
    match values {
        [one] => one.clone(),
        several => json!({"apiVersion": "v1", "items": several, "kind": "List", "metadata": {}}),
    }
}

/// All documents of a text; empty ones are left out. Untyped scalars become what
/// kubectl takes them for (`0644` is 420, `yes` is true).
///
/// # Errors
/// Text that is not YAML, duplicate keys, and documents made to explode.
pub fn documents(text: &str) -> Result<Vec<Value>, YamlError> {
    if text.len() > LARGEST {
        let message = format!("the text has more than {LARGEST} bytes");
        return Err(YamlError { line: None, column: None, message });
    }
    let read: Result<Vec<Value>, _> =
        serde_saphyr::from_str_multiple_with_options(text, options(DuplicateKeyPolicy::Error));
    match read {
        Ok(values) => Ok(values.into_iter().filter(|value| !value.is_null()).collect()),
        Err(error) => Err(explained(&error)),
    }
}

/// Where a key and its value stand: line and column, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    pub key: (u64, u64),
    pub value: (u64, u64),
}

/// The places of the keys at the top of a text with one document; none if it
/// is no such text.
#[must_use]
pub fn key_places(text: &str) -> Vec<(String, KeyPlace)> {
    serde_saphyr::from_str_with_options::<KeyPlaces>(text, options(DuplicateKeyPolicy::Error))
        .map(|places| places.0)
        .unwrap_or_default()
}

struct KeyPlaces(Vec<(String, KeyPlace)>);

impl<'de> Deserialize<'de> for KeyPlaces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Top;
        impl<'de> Visitor<'de> for Top {
            type Value = KeyPlaces;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KeyPlaces, A::Error> {
                let at = |location: Location| (location.line(), location.column());
                let mut found = Vec::new();
                while let Some((key, value)) = map.next_entry::<Spanned<String>, Spanned<IgnoredAny>>()? {
                    found.push((key.value, KeyPlace { key: at(key.referenced), value: at(value.referenced) }));
                }
                Ok(KeyPlaces(found))
            }
        }
        deserializer.deserialize_map(Top)
    }
}

pub(super) fn options(duplicate_keys: DuplicateKeyPolicy) -> serde_saphyr::Options {
    serde_saphyr::options! {
        legacy_octal_numbers: true,
        with_snippet: false,
        duplicate_keys: duplicate_keys,
        // An anchor may be used as often as one likes; what comes of one text is limited to
        // more than the API server takes of anything, and that is read in a moment. Who
        // reads a file in pieces limits what comes of them all (`placed`).
        budget: serde_saphyr::budget! { max_depth: 64, flow_nesting_limit: 64, enforce_alias_anchor_ratio: false },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 300_000 },
    }
}

pub(super) fn explained(error: &serde_saphyr::Error) -> YamlError {
    let location = error.location();
    let known = |number: u64| (number > 0).then_some(number);
    let message = match innermost(error) {
        serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key `{}` is there twice", key.escape_debug())
        }
        serde_saphyr::Error::Budget { .. }
        | serde_saphyr::Error::AliasReplayLimitExceeded { .. }
        | serde_saphyr::Error::AliasReplayStackDepthExceeded { .. } => {
            "its aliases or its nesting make it too large to be read".to_owned()
        }
        serde_saphyr::Error::RecursiveReferencesRequireWeakTypes { .. } => {
            "an alias leads back into its own anchor".to_owned()
        }
        other => in_words(without_place(&other.to_string())),
    };
    YamlError {
        line: location.and_then(|at| known(at.line())),
        column: location.and_then(|at| known(at.column())),
        message,
    }
}

/// The error below those that only say through which alias it was met.
fn innermost(error: &serde_saphyr::Error) -> &serde_saphyr::Error {
    match error {
        serde_saphyr::Error::AliasError { error, .. } => innermost(error),
        other => other,
    }
}

/// The parser's words about YAML stay; those about the types that it reads
/// into say nothing to a person.
fn in_words(words: String) -> String {
    const ABOUT_TYPES: &[&str] =
        &["deserialize", "Option<", "struct", "variant", "enum", "invalid type", "policy", "expected a map"];
    match words.as_str() {
        "recursion limit exceeded" => "it is nested too deeply".to_owned(),
        "expected string scalar" | "cannot deserialize null into string; use Option<String>" => {
            "a key must be a plain word".to_owned()
        }
        "YAML merge value must be mapping or sequence of mappings" => "`<<` needs a map, or a list of maps".to_owned(),
        number if number.starts_with("invalid ") && number.len() < 13 => {
            "the value is not what its tag says".to_owned()
        }
        number if number.starts_with("non-finite float") => "the number is not a finite one".to_owned(),
        other if ABOUT_TYPES.iter().any(|word| other.contains(word)) => "this cannot be read as plain YAML".to_owned(),
        _ => words,
    }
}

/// The first line of the parser's text, without the place that we print ourselves.
fn without_place(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default().trim();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let cut = first.rfind(" at line ").unwrap_or(first.len());
    first.get(..cut).unwrap_or(first).to_owned()
}

fn place(line: Option<u64>, column: Option<u64>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: "),
        (Some(line), None) => format!("line {line}: "),
        (None, _) => String::new(),
    }
}

fn emit(value: &Value, options: SerializerOptions) -> String {
    // JSON is the form of last resort: every YAML reader takes it.
    serde_saphyr::to_string_with_options(&Emitted(value), options).unwrap_or_else(|_| format!("{value}\n"))
}

/// A value that picks the `|` style for each string that is safe in it.
struct Emitted<'a>(&'a Value);

impl Serialize for Emitted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if is_block(text) => LitStr(text).serialize(serializer),
            Value::Array(items) => emit_items(items, serializer),
            Value::Object(entries) => emit_entries(entries, serializer),
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain.serialize(serializer),
        }
    }
}

fn emit_items<S: Serializer>(items: &[Value], serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = serializer.serialize_seq(Some(items.len()))?;
    for item in items {
        out.serialize_element(&Emitted(item))?;
    }
    out.end()
}

fn emit_entries<S: Serializer>(entries: &Map<String, Value>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = serializer.serialize_map(Some(entries.len()))?;
    for (key, value) in entries {
        out.serialize_entry(key, &Emitted(value))?;
    }
    out.end()
}

/// Whether every YAML reader gives this text back from a `|` block. Found by
/// measuring six readers on strings made to break them.
fn is_block(text: &str) -> bool {
    let Some(body) = text.contains('\n').then(|| text.strip_suffix('\n').unwrap_or(text)) else {
        return false;
    };
    !text.starts_with([' ', '\t', '\n'])
        && !body.ends_with('\n')
        && body.lines().all(|line| !line.ends_with([' ', '\t']))
        && !text
            .chars()
            .any(|c| (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;

    fn round_trip(value: &Value) -> Value {
        let text = to_yaml(value);
        let read = documents(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(read.len(), 1, "{text}");
        read.into_iter().next().unwrap()
    }

    #[test]
    fn words_that_other_readers_take_for_something_else_are_quoted() {
        for nasty in [
            "y",
            "Y",
            "n",
            "yes",
            "No",
            "on",
            "off",
            "true",
            "null",
            "~",
            "1_000",
            "-1_000",
            "0b1010_0111",
            "685_230.15",
            "0644",
            "0o14",
            "1e3",
            "12:30",
            "2026-11-21",
            "<<",
            "=",
            ".inf",
            "-",
            "?",
            "",
            " x",
            "x ",
            "#x",
            "a: b",
            "a #b",
            "*a",
            "&a",
            "!a",
            "@a",
            "`a",
            "%a",
            "'a'",
            "\"a\"",
            "---",
            "...",
            "\u{feff}x",
            "a\u{85}b",
            "a\u{2028}b",
            "\t",
        ] {
            let value = json!({"value": nasty, "list": [nasty, [nasty]], (nasty.to_owned()): 1});
            let text = to_yaml(&value);
            assert_eq!(round_trip(&value), value, "{text}");
            let line = text.lines().next().unwrap();
            if nasty.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                assert!(line == format!("value: '{nasty}'") || line == format!("value: \"{nasty}\""), "{line}");
            }
        }
    }

    #[test]
    fn scripts_are_blocks_and_dangerous_texts_are_quoted() {
        let script = "#!/bin/sh\nset -e\n\techo hi\n";
        assert_eq!(to_yaml(&json!({"run": script})), "run: |\n  #!/bin/sh\n  set -e\n  \techo hi\n");
        for dangerous in ["\tall:\n\techo\n", "a \nb", "a\n\n", " a\nb", "a\r\nb", "\na"] {
            let text = to_yaml(&json!({"run": dangerous}));
            assert!(!text.contains('|'), "{text}");
            assert_eq!(round_trip(&json!({"run": dangerous})), json!({"run": dangerous}));
        }
    }

    #[test]
    fn long_lines_are_neither_folded_nor_broken() {
        let long = "word ".repeat(60).trim_end().to_owned();
        let text = to_yaml(&json!({"args": [long, format!("{long}\n{long}")]}));
        assert!(!text.contains('>'), "{text}");
        assert_eq!(text.lines().count(), 5, "{text}");
    }

    #[test]
    fn lists_are_indented_as_kubectl_does_and_order_is_kept() {
        let value = json!({"kind": "A", "apiVersion": "v1", "list": [{"name": "x", "image": "nginx:1.27", "none": {}, "empty": []}]});
        assert_eq!(
            to_yaml(&value),
            "kind: A\napiVersion: v1\nlist:\n- name: x\n  image: nginx:1.27\n  none: {}\n  empty: []\n"
        );
    }

    #[test]
    fn documents_are_separated_and_read_back_in_order() {
        let values = [json!({"kind": "A"}), json!({"kind": "B"})];
        assert_eq!(to_yaml_documents(&values), "kind: A\n---\nkind: B\n");
        assert_eq!(documents("---\nkind: A\n---\n---\n# nothing\n---\nkind: B\n").unwrap(), values);
        assert_eq!(list(&values)["kind"], "List");
        assert_eq!(list(&values[..1]), values[0]);
    }

    #[test]
    fn duplicate_keys_name_their_place_and_never_their_value() {
        let error = documents("kind: Secret\ndata:\n  a: hunter2\n  a: hunter3\n").unwrap_err();
        assert_eq!((error.line, error.column), (Some(4), Some(3)));
        assert_eq!(error.to_string(), "line 4, column 3: the key `a` is there twice");
    }

    #[test]
    fn broken_yaml_has_a_place_and_no_text_of_the_document() {
        for text in
            ["a: [1,\nb: hunter2", "a:\n\tb: hunter2", "a: 'hunter2", "? - hunter2\n: 1", "a: &x hunter2\nb: *y"]
        {
            let error = documents(text).unwrap_err();
            assert!(error.line.is_some(), "{text}: {error}");
            assert!(!error.to_string().contains("hunter2") && !error.to_string().contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn what_can_be_wrong_is_said_without_the_words_of_the_parsers_types() {
        for (text, words) in [
            ("? {a: b}\n: c", "a key must be a plain word"),
            ("~: x", "a key must be a plain word"),
            ("[1]: 2", "a key must be a plain word"),
            ("size: !!int abc", "the value is not what its tag says"),
            ("a: .nan", "the number is not a finite one"),
            ("<<: 1", "`<<` needs a map, or a list of maps"),
        ] {
            assert_eq!(documents(text).unwrap_err().message, words, "{text}");
        }
    }

    #[test]
    fn keys_and_values_of_the_top_have_places() {
        let text = "# a\nname: web\n\"size\":   1Gi\nlabel:\n  a: b\n";
        let found = key_places(text);
        let places: Vec<_> = found.iter().map(|(key, at)| (key.as_str(), at.key, at.value)).collect();
        assert_eq!(places, [("name", (2, 1), (2, 7)), ("size", (3, 1), (3, 11)), ("label", (4, 1), (5, 3))]);
        assert_eq!(key_places("{a: 1, b: [2]}").len(), 2);
        for text in ["- a", "a: 1\n---\nb: 2", "a: [", ""] {
            assert_eq!(key_places(text), [], "{text}");
        }
    }

    #[test]
    fn scalars_are_typed_as_kubectl_types_them() {
        let read = documents("mode: 0644\nflag: yes\ntext: 'yes'\nten: 10\n").unwrap();
        assert_eq!(read, [json!({"mode": 420, "flag": true, "text": "yes", "ten": 10})]);
    }

    #[test]
    fn documents_made_to_explode_are_refused() {
        let mut laughs = "a0: &a0 [x]\n".to_owned();
        for level in 1..12 {
            let many = format!("*a{},", level - 1).repeat(10);
            let _ = writeln!(laughs, "a{level}: &a{level} [{many}]");
        }
        assert!(documents(&laughs).is_err());
        assert!(documents(&"[".repeat(10_000)).is_err());
        assert!(documents(&"x".repeat(LARGEST + 1)).is_err());
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<String>().prop_map(Value::from),
            "[ \t\na-cyn0-9:#|>'\"-]{0,12}".prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
        ]
    }

    fn tree() -> impl Strategy<Value = Value> {
        scalar().prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[ \ta-cyn0-9:#-]{0,8}", inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_survives_the_round_trip(value in tree()) {
            let value = json!({"root": value});
            prop_assert_eq!(round_trip(&value), value);
        }

        #[test]
        fn no_text_makes_reading_panic(text in "[ \t\na-c:#|>'\"&*!{}\\[\\]-]{0,60}") {
            let _ = documents(&text);
        }
    }
}
