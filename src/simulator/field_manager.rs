//! Names of field managers, as far as they cannot be printed.

use super::status::Cause;

/// The first letter of a manager's name that cannot be printed.
#[must_use]
pub fn unprintable(name: &str) -> Vec<Cause> {
    let quoted: String = name.chars().map(quoted).collect();
    let found = name.chars().enumerate().find(|(_, letter)| letter.is_control());
    let cause = found.map(|(at, letter)| Cause {
        reason: "FieldValueInvalid",
        message: format!(
            "Invalid value: \"{quoted}\": invalid character U+{:04X} (at position {at})",
            u32::from(letter)
        ),
        field: "fieldManager".to_owned(),
    });
    cause.into_iter().collect()
}

/// A letter as Go quotes it.
fn quoted(letter: char) -> String {
    match letter {
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\u{b}' => "\\v".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\n' | '\r' | '\t' | '"' | '\\' => letter.escape_default().to_string(),
        _ if letter.is_ascii_control() => format!("\\x{:02x}", u32::from(letter)),
        _ if letter.is_control() => format!("\\u{:04x}", u32::from(letter)),
        _ => letter.to_string(),
    }
}
