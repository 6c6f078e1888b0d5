//! Finds words in the text of a script, outside of comments, with their
//! positions. Rhai forgets where the parts of a literal stand, and a message
//! about one of them should still point at it.

/// A word or the contents of a string literal. Positions count from 1, columns
/// in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    pub text: &'a str,
    pub line: usize,
    pub column: usize,
}

/// All words and string literals in order.
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut line, mut column) = (1, 1);
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = piece(rest, first).max(first.len_utf8());
        let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let word = match first {
            '"' | '`' => Some(text.trim_matches(first)),
            _ if is_word(first) => Some(text),
            _ => None,
        };
        found.extend(word.map(|text| Token { text, line, column }));
        for character in text.chars() {
            (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        rest = after;
    }
    found
}

/// The first token `text` from `from` on.
pub fn find<'a>(tokens: &[Token<'a>], from: usize, text: &str) -> Option<(usize, Token<'a>)> {
    tokens.iter().copied().enumerate().skip(from).find(|(_, token)| token.text == text)
}

/// Bytes of the comment, string or word at the start of the text.
fn piece(text: &str, first: char) -> usize {
    let until = |end: &str, skip: usize| {
        text.get(skip..).and_then(|rest| rest.find(end)).map_or(text.len(), |at| skip + at + end.len())
    };
    match first {
        '/' if text.starts_with("//") => text.find('\n').unwrap_or(text.len()),
        '/' if text.starts_with("/*") => until("*/", 2),
        '`' => until("`", 1),
        '"' => quoted(text),
        _ if is_word(first) => text.find(|character| !is_word(character)).unwrap_or(text.len()),
        _ => first.len_utf8(),
    }
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return at + 1,
            _ => escaped = character == '\\' && !escaped,
        }
    }
    text.len()
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_hide_words_and_strings_are_one_token() {
        let found = tokens("// const A\nconst B = \"x // y\"; /* \n c */ d");
        let texts: Vec<_> = found.iter().map(|token| (token.text, token.line, token.column)).collect();
        assert_eq!(texts, [("const", 2, 1), ("B", 2, 7), ("x // y", 2, 11), ("d", 3, 7)]);
    }

    #[test]
    fn unfinished_strings_and_comments_end_with_the_text() {
        for text in ["\"abc", "`abc", "/* abc", "// abc", "\"a\\\"", "ä\"ö", "/"] {
            assert!(tokens(text).len() <= 2, "{text}");
        }
    }

    #[test]
    fn columns_count_characters() {
        let found = tokens("\"ä\" ö x");
        assert_eq!(find(&found, 0, "x").map(|(_, token)| token.column), Some(7));
    }
}
