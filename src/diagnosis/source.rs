//! One file as it was read: its bytes as text, cut at `---` as kubectl cuts
//! it, so that what is wrong in one document hides no other.

use std::sync::Arc;

use super::finding::Spot;

/// Larger files are not read; the API server itself takes about 3 MiB at once.
pub const LARGEST: usize = 8 * 1024 * 1024;

/// A file as the command hands it in. At most `LARGEST` bytes and one more
/// need to be read.
#[derive(Clone, Debug)]
pub struct Input {
    /// As it was named; `-` for the standard input.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Why a file is not text that can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    TooLarge,
    Binary,
}

/// A file's text.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub text: String,
}

impl Source {
    /// The text of a file, in UTF-8, or in UTF-16 behind a byte-order mark: so does kubectl read it.
    ///
    /// # Errors
    /// What is too large, or no text.
    pub fn read(input: &Input) -> Result<Arc<Self>, Unread> {
        if input.bytes.len() > LARGEST {
            return Err(Unread::TooLarge);
        }
        let text = decoded(&input.bytes).filter(|text| !text.contains('\0')).ok_or(Unread::Binary)?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        Ok(Arc::new(Self { name: input.name.clone(), text }))
    }

    /// The place, with its line unless that may hold a Secret's values.
    #[must_use]
    pub fn spot(&self, line: u64, column: u64, hidden: bool) -> Spot {
        let number = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let excerpt = self.text.lines().nth(number).filter(|_| !hidden).map(|line| line.trim_end().to_owned());
        Spot { file: self.name.clone(), line, column, excerpt }
    }

    /// Its parts between `---` lines.
    #[must_use]
    pub fn pieces(self: &Arc<Self>) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let (mut first_line, mut text) = (1, String::new());
        for (number, line) in (1..).zip(self.text.split_inclusive('\n')) {
            if is_separator(line) {
                pieces.push(Piece { source: Arc::clone(self), first_line, text: std::mem::take(&mut text) });
                first_line = number + 1;
            } else {
                text.push_str(line);
            }
        }
        pieces.push(Piece { source: Arc::clone(self), first_line, text });
        pieces.retain(|piece| !piece.text.trim().is_empty());
        pieces
    }
}

/// `None`: no text.
fn decoded(bytes: &[u8]) -> Option<String> {
    let from_pair: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return String::from_utf8(bytes.to_vec()).ok(),
    };
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().copied().map(from_pair).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

/// Only blanks and a comment may follow, else kubectl takes it for content.
fn is_separator(line: &str) -> bool {
    let rest = line.strip_prefix("---").map(str::trim);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
}

/// What stands between two `---`.
#[derive(Clone, Debug)]
pub struct Piece {
    pub source: Arc<Source>,
    /// The number of its first line in the file.
    pub first_line: u64,
    pub text: String,
}

impl Piece {
    /// Its lines with their numbers in the file.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &str)> {
        (self.first_line..).zip(self.text.lines())
    }

    /// Whether an object of this kind may stand in it, and this word; any if that is empty.
    #[must_use]
    pub fn may_hold(&self, kind: &str, name: &str) -> bool {
        let is_kind = |(at, word): (usize, &str)| {
            let rest = self.text.get(at + word.len()..).unwrap_or_default();
            let rest = rest.trim_start_matches(['"', '\'', ' ', ':']);
            rest.strip_prefix(kind).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        let in_word = |sign: char| sign.is_alphanumeric() || "-.".contains(sign);
        let is_name = |(at, word): (usize, &str)| {
            let (before, behind) = (self.text.get(..at), self.text.get(at + word.len()..));
            !before.is_some_and(|text| text.ends_with(in_word)) && !behind.is_some_and(|text| text.starts_with(in_word))
        };
        self.text.match_indices("kind").any(is_kind) && (name.is_empty() || self.text.match_indices(name).any(is_name))
    }

    /// Whether it may be a Secret, as far as the raw text tells: it may have lost
    /// its kind, or hide it behind escapes.
    #[must_use]
    pub fn may_be_secret(&self) -> bool {
        let marks = ["Secret", "stringData", "\\x", "\\u", "\\U"];
        marks.iter().any(|mark| self.text.contains(mark)) || self.has_data() && !self.is_config_map()
    }

    /// `data:`, `"data" :`, but not `metadata:`.
    fn has_data(&self) -> bool {
        self.text.match_indices("data").any(|(at, word)| {
            let before = self.text.get(..at).and_then(|text| text.chars().next_back());
            let after = self.text.get(at + word.len()..).unwrap_or_default();
            let after = after.trim_start_matches(['"', '\'', ' ', '\t']);
            before.is_none_or(|letter| !letter.is_alphanumeric() && !"-_./".contains(letter)) && after.starts_with(':')
        })
    }

    fn is_config_map(&self) -> bool {
        self.text.lines().any(|line| line.contains("kind") && line.contains("ConfigMap"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(bytes: &[u8]) -> Result<Arc<Source>, Unread> {
        Source::read(&Input { name: "a.yaml".to_owned(), bytes: bytes.to_vec() })
    }

    #[test]
    fn a_file_is_cut_where_kubectl_cuts_it() {
        let text = "a: 1\n--- # next\n---\nb: |\n  ---\n--- c\r\n---\r\nd: 1";
        let pieces = source(text.as_bytes()).unwrap().pieces();
        let found: Vec<_> = pieces.iter().map(|piece| (piece.first_line, piece.text.as_str())).collect();
        assert_eq!(found, [(1, "a: 1\n"), (4, "b: |\n  ---\n--- c\r\n"), (8, "d: 1")]);
    }

    #[test]
    fn what_is_no_text_is_told_and_a_byte_order_mark_is_dropped() {
        assert_eq!(source(b"\xff\xfea\0:\0").unwrap().text, "a:");
        assert_eq!(source(b"\xfe\xff\0a").unwrap().text, "a");
        assert_eq!(source(b"\xff\xfea").unwrap_err(), Unread::Binary);
        assert_eq!(source(b"a\0:\0").unwrap_err(), Unread::Binary);
        assert_eq!(source(b"\x7fELF\0").unwrap_err(), Unread::Binary);
        assert_eq!(source(b"\xc3\x28").unwrap_err(), Unread::Binary);
        assert_eq!(source(&vec![b'a'; LARGEST + 1]).unwrap_err(), Unread::TooLarge);
        assert_eq!(source("\u{feff}a: 1".as_bytes()).unwrap().text, "a: 1");
    }

    #[test]
    fn a_line_that_may_hold_a_secret_is_not_shown() {
        let source = source(b"a: 1\npassword: x\n").unwrap();
        assert_eq!(source.spot(2, 1, false).excerpt.as_deref(), Some("password: x"));
        assert_eq!(source.spot(2, 1, true).excerpt, None);
        assert_eq!(source.spot(9, 1, false).excerpt, None);
    }

    #[test]
    fn a_text_that_cannot_be_read_may_hold_what_its_kind_and_words_say() {
        let may_hold = |text: &str, kind, name| source(text.as_bytes()).unwrap().pieces()[0].may_hold(kind, name);
        let claim = "kind: PersistentVolumeClaim\nspec: {storageClassName: fast-ssd\n";
        assert!(may_hold(claim, "PersistentVolumeClaim", "fast-ssd") && may_hold(claim, "PersistentVolumeClaim", ""));
        assert!(!may_hold(claim, "PersistentVolume", "fast-ssd") && !may_hold(claim, "PersistentVolumeClaim", "fast"));
        assert!(may_hold("{\"kind\": \"Secret\", \"metadata\": {\"name\": \"login\"}", "Secret", "login"));
        assert!(!may_hold("kind: Deployment\nimagePullSecrets: [{name: login}]\na: [", "Secret", "login"));
    }

    #[test]
    fn a_text_that_cannot_be_read_may_be_a_secret_without_its_kind_or_with_an_escaped_one() {
        for (text, may_be) in [
            ("kind: Secret\na: [", true),
            ("stringData:\n  a: [", true),
            ("kind: \"S\\u0065cret\"\na: [", true),
            ("kind: ConfigMap\ndata: {a: \"\\n\"}\na: [", false),
            ("metadata: {name: a}\ndata:\n  password: aHVudGVyMg==\na: [", true),
            ("{\"metadata\": {\"name\": \"a\"}, \"data\" : {\"a\": \"b\"}", true),
            ("kind: Pod\nmetadata: {name: data}\nmountPath: /data\na: [", false),
        ] {
            assert_eq!(source(text.as_bytes()).unwrap().pieces()[0].may_be_secret(), may_be, "{text}");
        }
    }
}
