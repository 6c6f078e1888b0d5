//! Lines that are kept for whoever asks, the newest ones only, so that a
//! cluster that runs for long does not grow by what was said to it.

use std::collections::VecDeque;

/// How many lines are kept.
const MOST: usize = 20_000;
/// What of a line is kept, in bytes.
const LONGEST: usize = 1_024;

/// The newest lines, and how many there have been.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    lines: VecDeque<String>,
    total: u64,
}

impl Recent {
    pub fn push(&mut self, mut line: String) {
        line.truncate(line.floor_char_boundary(LONGEST));
        if self.lines.len() == MOST {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
        self.total = self.total.saturating_add(1);
    }

    /// The lines that are kept, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }

    /// How many lines are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// How many lines there have been.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }
}

impl Extend<String> for Recent {
    fn extend<I: IntoIterator<Item = String>>(&mut self, lines: I) {
        lines.into_iter().for_each(|line| self.push(line));
    }
}
