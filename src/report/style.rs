//! Colours and marks, chosen once per stream by what the terminal can do.
//! Meaning never hangs on colour, and where the locale or the terminal knows
//! no Unicode the marks are words.

use std::env;
use std::io::{self, IsTerminal as _};

use console::{Style as Paint, Term};

/// The two streams of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// What can be piped: the result.
    Stdout,
    /// Questions, progress, warnings and errors.
    Stderr,
}

/// What a stream can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four abilities of a terminal, each with or without the others")]
pub struct Style {
    /// A person reads it at once.
    pub terminal: bool,
    /// Lines can be drawn anew; `TERM=dumb` cannot.
    pub redraws: bool,
    pub colour: bool,
    /// The locale is UTF-8.
    pub unicode: bool,
    /// Columns; `None` where nothing has to fit (pipes and files).
    pub width: Option<usize>,
}

/// What decides a style: injected, so that tests need no terminal.
pub struct Surroundings<'a> {
    /// Reads an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    pub terminal: bool,
    pub width: Option<usize>,
}

/// What a coloured text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    Good,
    Bad,
    Caution,
    /// Less important than its neighbours.
    Quiet,
    Strong,
}

/// The signs in front of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Good,
    Bad,
    Caution,
}

impl Style {
    /// No colour, no Unicode, no width: what a file gets.
    pub const PLAIN: Self = Self { terminal: false, redraws: false, colour: false, unicode: false, width: None };

    /// The style of a stream of this process.
    #[must_use]
    pub fn of(stream: Stream) -> Self {
        let (terminal, term) = match stream {
            Stream::Stdout => (io::stdout().is_terminal(), Term::stdout()),
            Stream::Stderr => (io::stderr().is_terminal(), Term::stderr()),
        };
        let width = term.size_checked().map(|(_, columns)| usize::from(columns));
        Self::detect(&Surroundings { variable: &|name| env::var(name).ok(), terminal, width })
    }

    /// `NO_COLOR` beats `TERM=dumb`, which beats `CLICOLOR_FORCE`.
    #[must_use]
    pub fn detect(surroundings: &Surroundings<'_>) -> Self {
        let set = |name: &str| (surroundings.variable)(name).filter(|value| !value.is_empty());
        // Only Windows has terminals that set no `TERM`.
        let dumb = set("TERM").map_or(cfg!(unix), |term| term == "dumb");
        let forced = set("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        Self {
            terminal: surroundings.terminal,
            redraws: surroundings.terminal && !dumb,
            colour: set("NO_COLOR").is_none() && !dumb && (forced || surroundings.terminal),
            unicode: !dumb && speaks_unicode(&set),
            width: surroundings.width.filter(|_| surroundings.terminal),
        }
    }

    /// Colours a text that was escaped before.
    #[must_use]
    pub fn paint(&self, tint: Tint, text: &str) -> String {
        let paint = Paint::new().force_styling(self.colour);
        let paint = match tint {
            Tint::Good => paint.green(),
            Tint::Bad => paint.red(),
            Tint::Caution => paint.yellow(),
            Tint::Quiet => paint.dim(),
            Tint::Strong => paint.bold(),
        };
        paint.apply_to(text).to_string()
    }

    /// The sign alone, without colour.
    #[must_use]
    pub fn sign(&self, mark: Mark) -> &'static str {
        match (mark, self.unicode) {
            (Mark::Good, true) => "✓",
            (Mark::Good, false) => "ok",
            (Mark::Bad, true) => "✗",
            (Mark::Bad, false) => "x",
            (Mark::Caution, _) => "!",
        }
    }

    /// The sign in its colour.
    #[must_use]
    pub fn mark(&self, mark: Mark) -> String {
        let tint = match mark {
            Mark::Good => Tint::Good,
            Mark::Bad => Tint::Bad,
            Mark::Caution => Tint::Caution,
        };
        self.paint(tint, self.sign(mark))
    }

    /// What stands for text that had to be cut.
    #[must_use]
    pub fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }
}

/// Whether the locale is UTF-8. Windows consoles have no locale variables and
/// always get Unicode from the standard library.
fn speaks_unicode(set: &dyn Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_lowercase();
    cfg!(windows) || locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(terminal: bool, variables: &[(&str, &str)]) -> Style {
        let usual = [("TERM", "xterm")];
        let all = || variables.iter().chain(&usual);
        let variable = |name: &str| all().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Style::detect(&Surroundings { variable: &variable, terminal, width: Some(80) })
    }

    #[test]
    fn colour_follows_the_terminal_and_the_usual_variables() {
        assert!(style(true, &[]).colour);
        assert!(!style(false, &[]).colour);
        assert!(!style(true, &[("NO_COLOR", "1")]).colour);
        assert!(style(true, &[("NO_COLOR", "")]).colour);
        assert!(style(false, &[("CLICOLOR_FORCE", "1")]).colour);
        assert!(!style(false, &[("CLICOLOR_FORCE", "0")]).colour);
        assert!(!style(true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]).colour);
        assert!(!style(true, &[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")]).colour);
    }

    #[test]
    fn marks_are_words_without_a_unicode_locale_or_on_a_dumb_terminal() {
        let signs = |style: Style| [Mark::Good, Mark::Bad, Mark::Caution].map(|mark| style.sign(mark));
        assert_eq!(signs(style(true, &[("LANG", "C.UTF-8")])), ["✓", "✗", "!"]);
        assert_eq!(signs(style(true, &[("LANG", "C.UTF-8"), ("LC_ALL", "C")])), ["ok", "x", "!"]);
        assert_eq!(signs(style(true, &[("LANG", "de_DE.utf8"), ("TERM", "dumb")])), ["ok", "x", "!"]);
    }

    #[test]
    fn paint_adds_codes_only_where_there_is_colour() {
        assert_eq!(style(false, &[]).paint(Tint::Bad, "no"), "no");
        assert_eq!(style(true, &[]).paint(Tint::Bad, "no"), "\u{1b}[31mno\u{1b}[0m");
    }

    #[test]
    fn a_pipe_has_no_width_and_a_dumb_terminal_is_never_redrawn() {
        assert_eq!(style(false, &[]).width, None);
        assert_eq!(style(true, &[]).width, Some(80));
        assert!(!style(true, &[("TERM", "dumb")]).redraws);
        #[cfg(unix)]
        assert!(!style(true, &[("TERM", "")]).redraws);
    }
}
