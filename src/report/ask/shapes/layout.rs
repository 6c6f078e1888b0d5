//! Places the parts of a question on any width: the prompt, room for the
//! answer behind or below it, and what is said underneath.

use console::measure_text_width;

use crate::report::ask::look::Look;
use crate::report::escape::escape;
use crate::report::frame::Size;
use crate::report::wrap::wrap;

/// Rows that help and errors may take.
const FOOTER: usize = 3;

/// The rows of a styled prompt. Of a very long one the end is kept, so that
/// one row of the terminal stays free for what is below it.
pub fn prompt(prompt: &str, size: Size) -> Vec<String> {
    let mut rows = wrap(prompt, Some(size.columns), "");
    let spare = rows.len().saturating_sub(size.rows.saturating_sub(1).max(1));
    rows.drain(..spare);
    rows
}

/// A prompt, and where an answer of `room` columns starts: behind the prompt
/// if it fits there, else on a row of its own.
pub fn head(styled: &str, room: usize, size: Size) -> (Vec<String>, (usize, usize)) {
    let mut rows = prompt(styled, size);
    let mut column = rows.last().map_or(0, |last| measure_text_width(last) + 1);
    if column + room > size.columns {
        rows.push(String::new());
        column = 2;
    }
    let row = rows.len().saturating_sub(1);
    (rows, (row, column))
}

/// What is wrong with the answer, or else the help. It gives way when there
/// are few rows: at most a third of them.
pub fn footer(wrong: Option<&str>, help: &str, look: &Look, size: Size) -> Vec<String> {
    let rows = FOOTER.min(size.rows / 3);
    let painted: Vec<String> = match wrong {
        Some(wrong) => {
            let lead = format!("  {} ", look.bad());
            wrap(&escape(wrong), Some(size.columns), &lead).iter().map(|line| look.wrong(line)).collect()
        }
        None if help.is_empty() => Vec::new(),
        None => wrap(&escape(help), Some(size.columns), "  ").iter().map(|line| look.quiet(line)).collect(),
    };
    painted.into_iter().take(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::Style;

    const NARROW: Size = Size { rows: 10, columns: 39 };

    #[test]
    fn an_answer_without_room_behind_the_prompt_goes_below_it() {
        assert_eq!(head("? Name >", 20, NARROW), (vec!["? Name >".to_owned()], (0, 9)));
        let (rows, place) = head("? Reach it from outside the cluster >", 20, NARROW);
        assert_eq!((rows.len(), place), (2, (1, 2)));
    }

    #[test]
    fn the_footer_gives_way_on_a_low_terminal() {
        let look = Look::new(Style::PLAIN);
        let help = "word ".repeat(40);
        assert_eq!(footer(None, &help, &look, NARROW).len(), 3);
        assert_eq!(footer(None, &help, &look, Size { rows: 2, columns: 39 }).len(), 0);
        assert_eq!(footer(Some("too long"), &help, &look, NARROW), ["  x too long"]);
    }
}
