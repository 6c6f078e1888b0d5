//! A picture that is drawn anew in place, or, where lines cannot be drawn anew,
//! added to the output each time that it differs. The cursor stays visible and
//! below the picture all the time, so no way out can leave it elsewhere.

use std::io::{self, Write};

use super::frame::{Frame, Size, View};
use super::wrap::wrap;

/// What was drawn last.
#[derive(Default)]
pub struct Watched {
    frame: Frame,
    last: Option<String>,
}

impl Watched {
    /// Draws it in place; what does not fit on the screen is counted.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn draw(&mut self, out: &mut dyn Write, text: &str, size: Size) -> io::Result<()> {
        self.last = Some(text.to_owned());
        self.put(out, text, size)
    }

    /// Draws the last picture again, with a line before it.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn draw_note(&mut self, out: &mut dyn Write, note: &str, size: Size) -> io::Result<()> {
        let note = wrap(note, Some(size.columns), "").join("\n");
        let text = format!("{note}\n{}", self.last.as_deref().unwrap_or_default());
        self.put(out, &text, size)
    }

    fn put(&mut self, out: &mut dyn Write, text: &str, size: Size) -> io::Result<()> {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let room = size.rows.saturating_sub(1).max(1);
        if lines.len() > room {
            let hidden = lines.len() - room + 1;
            lines.truncate(room - 1);
            lines.push(format!("({hidden} more lines)"));
        }
        lines.push(String::new());
        let cursor = (lines.len() - 1, 0);
        self.frame.draw(out, &View { lines, cursor }, size)
    }

    /// The text, if something but ages is another than the last time; set apart from it.
    pub fn added(&mut self, text: &str) -> Option<String> {
        if self.last.as_deref().is_some_and(|last| without_ages(last) == without_ages(text)) {
            return None;
        }
        let gap = if self.last.is_some() { "\n" } else { "" };
        self.last = Some(text.to_owned());
        Some(format!("{gap}{text}"))
    }
}

/// The words of each line but ages, whose widths move the columns as well.
fn without_ages(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().filter(|word| !is_age(word)).collect()).collect()
}

/// `14s`, `4m5s`, `(5d3h)`; what has an age too small to be one is `<invalid>`.
fn is_age(word: &str) -> bool {
    let word = word.trim_matches(|letter| "(),.:;".contains(letter));
    let mut units = word.split(|letter: char| letter.is_ascii_digit()).filter(|unit| !unit.is_empty());
    let is_amount = word.starts_with(|letter: char| letter.is_ascii_digit()) && word.ends_with(char::is_alphabetic);
    word == "<invalid>" || is_amount && units.all(|unit| ["s", "m", "h", "d", "y"].contains(&unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(texts: &[&str], rows: u16) -> String {
        let mut parser = vt100::Parser::new(rows.try_into().unwrap(), 20.try_into().unwrap(), 0);
        let mut watched = Watched::default();
        for text in texts {
            let mut bytes = Vec::new();
            watched.draw(&mut bytes, text, Size { rows: usize::from(rows), columns: 19 }).unwrap();
            parser.process(&bytes);
        }
        assert!(!parser.screen().hide_cursor());
        assert_eq!(parser.screen().cursor_position().1, 0);
        parser.screen().contents()
    }

    #[test]
    fn a_picture_replaces_the_one_before_it_whole() {
        assert_eq!(screen(&["one\ntwo\nthree\n", "one\n"], 10), "one");
        assert_eq!(screen(&["one\n", "one\ntwo\n"], 10), "one\ntwo");
    }

    #[test]
    fn a_note_stands_above_the_last_picture_until_there_is_a_new_one() {
        let size = Size { rows: 10, columns: 19 };
        let (mut watched, mut parser) =
            (Watched::default(), vt100::Parser::new(10.try_into().unwrap(), 20.try_into().unwrap(), 0));
        let mut shown = |draw: &mut dyn FnMut(&mut Watched, &mut Vec<u8>)| {
            let mut bytes = Vec::new();
            draw(&mut watched, &mut bytes);
            parser.process(&bytes);
            parser.screen().contents()
        };
        shown(&mut |watched, out| watched.draw(out, "one\ntwo\n", size).unwrap());
        for _ in 0..2 {
            let seen = shown(&mut |watched, out| watched.draw_note(out, "no answer", size).unwrap());
            assert_eq!(seen, "no answer\none\ntwo");
        }
        assert_eq!(shown(&mut |watched, out| watched.draw(out, "one\n", size).unwrap()), "one");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        assert_eq!(screen(&["1\n2\n3\n4\n5\n6\n"; 3], 4), "1\n2\n(4 more lines)");
    }

    #[test]
    fn without_a_terminal_only_changes_are_added() {
        let mut watched = Watched::default();
        let added: Vec<Option<String>> = ["a\n", "a\n", "b\n"].map(|text| watched.added(text)).to_vec();
        assert_eq!(added, [Some("a\n".to_owned()), None, Some("\nb\n".to_owned())]);
    }

    #[test]
    fn without_a_terminal_an_age_alone_is_no_change() {
        let mut watched = Watched::default();
        let mut adds = |text: &str| watched.added(text).is_some();
        assert!(adds("web-0  Ready 59s  10Gi\nweb-1  Pending (9m59s)\n"));
        assert!(!adds("web-0  Ready 4m5s   10Gi\nweb-1  Pending (10m)\n"));
        assert!(adds("web-0  Ready 4m5s   10Gi\nweb-1  Ready (10m)\n"));
        assert!(adds("web-0  Ready 4m5s   20Gi\nweb-1  Ready (10m)\n"));
        for word in ["web", "10Gi", "2/3", "s", "5", "v5s", "4x"] {
            assert!(!is_age(word), "{word}");
        }
    }
}
