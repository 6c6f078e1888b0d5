//! A block of lines at the cursor that is drawn anew with each key. The cursor
//! stays visible all the time, so no way out can leave it hidden.

use std::fmt::Write as _;
use std::io::{self, Write};

use console::{Term, truncate_str};

/// What a question looks like now: styled lines, escaped, and the cursor's row
/// and column among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    pub lines: Vec<String>,
    pub cursor: (usize, usize),
}

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub rows: usize,
    /// One fewer than the terminal has: terminals differ in where the cursor
    /// is after the last column.
    pub columns: usize,
}

impl Size {
    /// The size of the terminal behind stderr, asked anew for each drawing.
    pub fn of_terminal() -> Self {
        Self::of(&Term::stderr())
    }

    /// The same of stdout.
    pub fn of_stdout() -> Self {
        Self::of(&Term::stdout())
    }

    fn of(terminal: &Term) -> Self {
        let (rows, columns) = terminal.size();
        Self { rows: usize::from(rows).max(1), columns: usize::from(columns).saturating_sub(1).max(8) }
    }
}

/// Remembers where the block starts.
#[derive(Default)]
pub struct Frame {
    /// Rows between the block's first line and the cursor.
    cursor: usize,
}

impl Frame {
    /// Draws `view` in place of what was drawn before.
    pub fn draw(&mut self, out: &mut dyn Write, view: &View, size: Size) -> io::Result<()> {
        let (row, column) = view.cursor;
        let shown = view.lines.len().clamp(1, size.rows);
        let row = row.min(shown - 1);
        let mut text = self.to_start();
        for (index, line) in view.lines.iter().take(shown).enumerate() {
            if index > 0 {
                text.push_str("\r\n");
            }
            let line = truncate_str(line, size.columns, "");
            // A prompt may be broken in the middle of a colour.
            let reset = if line.contains('\x1b') { "\x1b[0m" } else { "" };
            let _ = write!(text, "{line}{reset}\x1b[K");
        }
        text.push_str("\x1b[J");
        up(&mut text, shown - 1 - row);
        text.push('\r');
        if column > 0 {
            let _ = write!(text, "\x1b[{}C", column.min(size.columns));
        }
        self.cursor = row;
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Replaces the block by one line that stays.
    pub fn close(&mut self, out: &mut dyn Write, line: &str) -> io::Result<()> {
        let text = format!("{}\x1b[J{line}\r\n", self.to_start());
        self.cursor = 0;
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    fn to_start(&self) -> String {
        let mut text = "\r".to_owned();
        up(&mut text, self.cursor);
        text
    }
}

fn up(text: &mut String, rows: usize) {
    if rows > 0 {
        let _ = write!(text, "\x1b[{rows}A");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(views: &[View], rows: u16, columns: u16) -> vt100::Parser {
        let mut parser = vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0);
        let mut frame = Frame::default();
        let size = Size { rows: usize::from(rows), columns: usize::from(columns) - 1 };
        for view in views {
            let mut bytes = Vec::new();
            frame.draw(&mut bytes, view, size).unwrap();
            parser.process(&bytes);
        }
        parser
    }

    fn view(lines: &[&str], cursor: (usize, usize)) -> View {
        View { lines: lines.iter().map(|line| (*line).to_owned()).collect(), cursor }
    }

    #[test]
    fn a_redraw_leaves_nothing_of_the_longer_one_before() {
        let parser = screen(&[view(&["long question", "a", "b"], (2, 0)), view(&["short", "x"], (0, 5))], 10, 40);
        assert_eq!(parser.screen().contents(), "short\nx");
        assert_eq!(parser.screen().cursor_position(), (0, 5));
    }

    #[test]
    fn lines_wider_and_blocks_higher_than_the_terminal_do_not_move_the_next_drawing() {
        let wide = "x".repeat(100);
        let lines = vec![wide.as_str(); 9];
        let parser = screen(&[view(&lines, (1, 3)), view(&lines, (1, 3)), view(&["end"], (0, 0))], 4, 20);
        assert_eq!(parser.screen().contents(), "end");
    }
}
