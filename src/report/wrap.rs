//! Breaks prose into lines that fit a terminal. What is meant to be copied
//! stays whole: a `name` or command between backticks is never broken, and a
//! word that is too long runs over rather than being cut.

use console::measure_text_width;

/// Lines of at most `width` columns; the first begins with `first`, the others
/// with as many spaces. `None` breaks only at the text's own newlines.
/// The text must have been escaped by `escape_lines`.
#[must_use]
pub fn wrap(text: &str, width: Option<usize>, first: &str) -> Vec<String> {
    let hang = " ".repeat(measure_text_width(first));
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let lead = if lines.is_empty() { first } else { hang.as_str() };
        match width {
            None => lines.push(format!("{lead}{paragraph}").trim_end().to_owned()),
            // Indented lines are excerpts, whose carets point at columns.
            Some(_) if paragraph.starts_with(' ') => lines.push(format!("{lead}{paragraph}").trim_end().to_owned()),
            Some(width) => fill(paragraph, width, lead, &hang, &mut lines),
        }
    }
    lines
}

fn fill(paragraph: &str, width: usize, lead: &str, hang: &str, lines: &mut Vec<String>) {
    let mut line = lead.to_owned();
    let mut empty = true;
    for word in words(paragraph) {
        let needs = measure_text_width(word) + usize::from(!empty);
        if !empty && measure_text_width(&line) + needs > width {
            lines.push(std::mem::replace(&mut line, hang.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line.trim_end().to_owned());
}

/// Words at single spaces, where text between two backticks counts as one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character: char| {
        if character == '`' {
            quoted = !quoted;
        }
        character == ' ' && !quoted
    })
    .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_fit_and_hang_under_the_first() {
        let lines = wrap("the volume is pinned to a zone without nodes", Some(20), "hint: ");
        assert_eq!(lines, ["hint: the volume is", "      pinned to a", "      zone without", "      nodes"]);
    }

    #[test]
    fn what_stands_between_backticks_is_not_broken() {
        let lines = wrap("type `kubectl stateful resume abc` now", Some(16), "");
        assert_eq!(lines, ["type", "`kubectl stateful resume abc`", "now"]);
    }

    #[test]
    fn without_a_width_only_newlines_break() {
        assert_eq!(wrap("one two\nthree", None, "- "), ["- one two", "  three"]);
    }

    // A text that begins with a blank is an excerpt and keeps its lines.
    proptest! {
        #[test]
        fn no_word_is_lost_and_short_words_never_run_over(text in "([a-zé][a-zé ]{0,119})?", width in 25usize..60) {
            let lines = wrap(&text, Some(width), "> ");
            let kept: Vec<_> = lines.join(" ").split_whitespace().skip(1).map(str::to_owned).collect();
            prop_assert_eq!(kept, text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
            for line in &lines {
                let alone = line.split_whitespace().filter(|word| *word != ">").count() <= 1;
                prop_assert!(alone || measure_text_width(line) <= width);
            }
        }
    }
}
