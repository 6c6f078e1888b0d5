//! Texts made to be misread, and that reading gives back what was written.

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
    for text in ["a: [1,\nb: hunter2", "a:\n\tb: hunter2", "a: 'hunter2", "? - hunter2\n: 1", "a: &x hunter2\nb: *y"] {
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
