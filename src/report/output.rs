//! The two streams. The result goes to stdout, all else to stderr. When the
//! reader of stdout has gone away (`| head`) that is the end of the output and
//! not an error; any other failure to write is one.

use std::borrow::Cow;
use std::io::{self, Write};

use super::escape::{escape_json, escape_lines};
use super::style::{Stream, Style};
use crate::error::Failure;

/// Why a write to stdout ended.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// Leave quietly, with the exit code that the command had anyway.
    #[error("nobody reads the output any more")]
    Closed,
    #[error("cannot write the output: {0}")]
    Failed(#[source] io::Error),
}

impl OutputError {
    /// `None` for a closed pipe: nothing to report.
    #[must_use]
    pub fn into_failure(self) -> Option<Failure> {
        match self {
            Self::Closed => None,
            Self::Failed(_) => Some(Failure::failed("output-failed", self.to_string())),
        }
    }
}

/// The machine formats of ready-made text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Json,
    /// One `kind.group/name` per line.
    Name,
}

/// Both streams with their styles.
pub struct Output {
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    /// How to style what goes to stdout.
    pub result: Style,
    /// How to style what goes to stderr.
    pub messages: Style,
}

impl Output {
    /// The streams of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            stdout: Box::new(io::stdout()),
            stderr: Box::new(io::stderr()),
            result: Style::of(Stream::Stdout),
            messages: Style::of(Stream::Stderr),
        }
    }

    /// Other streams, for tests.
    #[must_use]
    pub fn to(stdout: Box<dyn Write + Send>, stderr: Box<dyn Write + Send>, style: Style) -> Self {
        Self { stdout, stderr, result: style, messages: style }
    }

    /// Writes a composed text to stdout; its foreign strings were escaped when
    /// it was composed. A missing last newline is added.
    ///
    /// # Errors
    /// `Closed` when the reader has gone, `Failed` for all else (a full disk).
    pub fn write(&mut self, text: &str) -> Result<(), OutputError> {
        self.draw(|out| put(out, text))
    }

    /// Lets somebody write to stdout who knows the terminal.
    ///
    /// # Errors
    /// As `write`.
    pub fn draw(&mut self, with: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), OutputError> {
        with(&mut *self.stdout).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => OutputError::Closed,
            _ => OutputError::Failed(error),
        })
    }

    /// Writes a finished document to stdout: byte for byte into pipes and
    /// files, with hostile characters made visible on a terminal.
    ///
    /// # Errors
    /// As `write`.
    pub fn document(&mut self, text: &str, format: Format) -> Result<(), OutputError> {
        let shown = match (self.result.terminal, format) {
            (false, _) => Cow::Borrowed(text),
            (true, Format::Json) => escape_json(text),
            (true, Format::Yaml | Format::Name) => escape_lines(text),
        };
        self.write(&shown)
    }

    /// Writes a composed text to stderr. If that fails there is nowhere left
    /// to say so.
    pub fn tell(&mut self, text: &str) {
        let _ = put(&mut *self.stderr, text);
    }
}

fn put(out: &mut dyn Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::captured::Captured;

    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn document(style: Style, text: &str, format: Format) -> String {
        let stdout = Captured::default();
        Output::to(Box::new(stdout.clone()), Box::new(io::sink()), style).document(text, format).unwrap();
        stdout.text()
    }

    #[test]
    fn a_closed_pipe_is_no_failure_and_a_full_disk_is_one() {
        let end = |kind| {
            let mut output = Output::to(Box::new(Broken(kind)), Box::new(io::sink()), Style::PLAIN);
            output.write("web").unwrap_err().into_failure()
        };
        assert!(end(io::ErrorKind::BrokenPipe).is_none());
        assert_eq!(end(io::ErrorKind::StorageFull).unwrap().code, "output-failed");
    }

    #[test]
    fn documents_are_raw_in_a_pipe_and_made_visible_on_a_terminal() {
        let terminal = Style { terminal: true, ..Style::PLAIN };
        assert_eq!(document(Style::PLAIN, "a: \u{202e}x\n", Format::Yaml), "a: \u{202e}x\n");
        assert_eq!(document(terminal, "a: \u{202e}x\n", Format::Yaml), "a: \\u{202e}x\n");
        assert_eq!(document(terminal, "{\"a\":\"\u{202e}\"}", Format::Json), "{\"a\":\"\\u202e\"}\n");
    }
}
