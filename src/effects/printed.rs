//! The last of what a program printed. However much that is, a few lines are
//! kept.

use std::collections::VecDeque;

/// Bytes that are kept while it runs.
pub(super) const BYTES: usize = 4096;
/// Lines of them that are told.
const LINES: usize = 10;

/// What was printed last.
#[derive(Default)]
pub struct Printed {
    last: VecDeque<u8>,
    cut: bool,
}

impl Printed {
    /// Adds what came.
    pub fn add(&mut self, bytes: &[u8]) {
        let fits = &bytes[bytes.len().saturating_sub(BYTES)..];
        let too_many = (self.last.len() + fits.len()).saturating_sub(BYTES);
        self.cut |= too_many > 0 || fits.len() < bytes.len();
        self.last.drain(..too_many);
        self.last.extend(fits);
    }

    /// All of it, without the end of the last line; `None` if it was too much.
    #[must_use]
    pub fn whole(&self) -> Option<String> {
        let bytes: Vec<u8> = self.last.iter().copied().collect();
        (!self.cut).then(|| String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    /// The last lines, without the end of the last one. What is no UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes: Vec<u8> = self.last.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let first = lines.len().saturating_sub(LINES);
        let kept = lines[first..].join("\n");
        if self.cut || first > 0 { format!("…\n{kept}") } else { kept }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(parts: &[&[u8]]) -> String {
        let mut printed = Printed::default();
        for part in parts {
            printed.add(part);
        }
        printed.text()
    }

    #[test]
    fn little_is_kept_whole() {
        assert_eq!(text(&[]), "");
        assert_eq!(text(&[b"on", b"e\ntwo\n\n"]), "one\ntwo");
    }

    #[test]
    fn of_much_the_last_lines_are_kept() {
        let many: Vec<String> = (1..=30).map(|line| format!("line {line}")).collect();
        let told = text(&[many.join("\n").as_bytes()]);
        assert!(told.starts_with("…\nline 21\n") && told.ends_with("\nline 30"), "{told}");
    }

    #[test]
    fn one_endless_line_takes_no_room() {
        let mut printed = Printed::default();
        for _ in 0..1000 {
            printed.add(&[b'x'; 10_000]);
            assert!(printed.last.len() <= BYTES);
        }
        assert_eq!(printed.text().chars().count(), BYTES + 2);
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        assert_eq!(text(&[b"a\xffb"]), "a\u{fffd}b");
    }
}
