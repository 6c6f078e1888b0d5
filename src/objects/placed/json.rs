//! JSON objects that stand one after the other in a text, as kubectl reads them.

use crate::objects::yaml::YamlError;

/// Where one of several values stands: its bytes, and the lines and columns before it.
pub(super) struct JsonValue {
    pub bytes: std::ops::Range<usize>,
    pub line: u64,
    pub column: u64,
}

impl JsonValue {
    /// The same error, counted from the beginning of the text.
    pub fn place_in_text(&self, error: YamlError) -> YamlError {
        let columns = if error.line == Some(1) { self.column } else { 0 };
        YamlError {
            line: error.line.map(|line| line + self.line),
            column: error.column.map(|column| column + columns),
            ..error
        }
    }
}

/// Two objects or more with nothing but blanks between them; `None` for anything else.
pub(super) fn json_values(text: &str) -> Option<Vec<JsonValue>> {
    let (mut values, mut depth, mut quoted, mut escaped) = (Vec::new(), 0_usize, false, false);
    let (mut line, mut column) = (0, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => {
                if depth == 0 {
                    values.push(JsonValue { bytes: at..at, line, column });
                }
                depth += 1;
            }
            '}' | ']' => {
                depth = depth.checked_sub(1)?;
                if let Some(value) = values.last_mut().filter(|_| depth == 0) {
                    value.bytes.end = at + 1;
                }
            }
            _ if depth == 0 && !letter.is_whitespace() => return None,
            _ => {}
        }
        (line, column) = if letter == '\n' { (line + 1, 0) } else { (line, column + 1) };
    }
    (values.len() > 1 && depth == 0).then_some(values)
}
