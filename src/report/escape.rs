//! The one choke point for strings from users, files, scripts and the cluster.
//! What could move the cursor, start an escape sequence, hide itself or turn
//! the reading direction becomes visible as `\u{…}`. Names are safe by grammar;
//! annotations, event messages, conditions and server errors are not
//! (CVE-2021-25743).

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character could deceive the reader of a terminal: C0 (with `\r`,
/// tab and newline), DEL, C1, bidi controls, zero-width characters, line and
/// paragraph separators, interlinear annotations and tag characters.
#[must_use]
pub fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// A string on one line: newlines are escaped too.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    replace(text, is_hostile, |out, character| {
        let _ = write!(out, "{}", character.escape_unicode());
    })
}

/// A text of several lines: newlines stay, all else is as in `escape`.
#[must_use]
pub fn escape_lines(text: &str) -> Cow<'_, str> {
    replace(
        text,
        |character| character != '\n' && is_hostile(character),
        |out, character| {
            let _ = write!(out, "{}", character.escape_unicode());
        },
    )
}

/// Finished JSON: hostile characters inside its strings become JSON's own
/// escapes, so that the document means the same. Encoders leave all but C0 raw.
#[must_use]
pub fn escape_json(document: &str) -> Cow<'_, str> {
    replace(
        document,
        |character| character != '\n' && is_hostile(character),
        |out, character| {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        },
    )
}

fn replace(text: &str, hostile: impl Fn(char) -> bool, mut put: impl FnMut(&mut String, char)) -> Cow<'_, str> {
    if !text.chars().any(&hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if hostile(character) { put(&mut out, character) } else { out.push(character) }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any text, with the dangerous characters far more often than by chance.
    fn nasty() -> impl Strategy<Value = String> {
        let character = prop_oneof![
            any::<char>(),
            prop::char::range('\0', '\u{9f}'),
            prop::char::range('\u{2000}', '\u{2070}'),
            prop::char::range('\u{e0000}', '\u{e00ff}'),
        ];
        prop::collection::vec(character, 0..60).prop_map(|characters| characters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn nothing_hostile_passes(text in nasty()) {
            prop_assert!(!escape(&text).chars().any(|c| c.is_control() || is_hostile(c)));
            prop_assert!(!escape_lines(&text).chars().any(|c| c != '\n' && (c.is_control() || is_hostile(c))));
        }

        #[test]
        fn escaped_json_is_plain_and_means_the_same(text in nasty()) {
            let document = serde_json::to_string(&text).unwrap();
            let escaped = escape_json(&document);
            prop_assert!(!escaped.chars().any(is_hostile));
            prop_assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        }
    }

    #[test]
    fn hostile_characters_become_visible() {
        let cases = [
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("ok\rbad", "ok\\u{d}bad"),
            ("a\u{9b}31m", "a\\u{9b}31m"),
            ("x\u{7f}", "x\\u{7f}"),
            ("user\u{202e}txt.exe", "user\\u{202e}txt.exe"),
            ("a\u{2066}b", "a\\u{2066}b"),
            ("we\u{200b}b", "we\\u{200b}b"),
            ("a\u{2028}b", "a\\u{2028}b"),
            ("\u{feff}a", "\\u{feff}a"),
            ("a\nb", "a\\u{a}b"),
        ];
        for (raw, shown) in cases {
            assert_eq!(escape(raw), shown);
        }
    }

    #[test]
    fn ordinary_text_is_not_copied() {
        assert!(matches!(escape("größe 10Gi › データ"), Cow::Borrowed(_)));
        assert_eq!(escape_lines("a\nb\tc"), "a\nb\\u{9}c");
    }
}
