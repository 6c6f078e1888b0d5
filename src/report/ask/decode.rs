//! Keys out of the bytes that a terminal sends. Unknown sequences are taken in
//! whole, so that Ctrl-Right does not type `5C`; a lone ESC is told from the
//! start of an arrow key by the pause after it; pasted text is one key.

use std::io;

use super::keys::Key;
#[cfg(test)]
use super::keys::Source;
use crate::report::terminal::guard::Standing;

/// Longest escape sequence and longest paste that are kept; the rest is read
/// and dropped.
const LONGEST_SEQUENCE: usize = 32;
const LONGEST_PASTE: usize = 64 * 1024;

/// Where bytes come from.
pub trait Bytes {
    fn next(&mut self) -> io::Result<u8>;

    /// The next byte if it follows at once.
    fn soon(&mut self) -> io::Result<Option<u8>>;
}

impl Bytes for &Standing {
    fn next(&mut self) -> io::Result<u8> {
        Standing::next(self)
    }

    fn soon(&mut self) -> io::Result<Option<u8>> {
        Standing::soon(self)
    }
}

/// Reads exactly one key.
pub fn decode(bytes: &mut impl Bytes) -> io::Result<Key> {
    Ok(match bytes.next()? {
        0x1b => return after_escape(bytes),
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x01 => Key::Home,
        0x02 => Key::Left,
        0x03 => Key::Interrupt,
        0x04 => Key::End,
        0x05 => Key::Last,
        0x06 => Key::Right,
        0x08 | 0x7f => Key::Backspace,
        0x0e => Key::Down,
        0x10 => Key::Up,
        0x15 => Key::EraseLine,
        0x17 => Key::EraseWord,
        first => return character(first, bytes).map(|found| found.map_or(Key::Unknown, Key::Char)),
    })
}

/// One character in UTF-8; `None` for controls and broken sequences.
fn character(first: u8, bytes: &mut impl Bytes) -> io::Result<Option<char>> {
    let length = match first {
        0x20..=0x7e => return Ok(Some(char::from(first))),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Ok(None),
    };
    let mut encoded = vec![first];
    while encoded.len() < length {
        match bytes.soon()? {
            Some(byte) => encoded.push(byte),
            None => return Ok(None),
        }
    }
    Ok(std::str::from_utf8(&encoded).ok().and_then(|text| text.chars().next()).filter(|found| !found.is_control()))
}

fn after_escape(bytes: &mut impl Bytes) -> io::Result<Key> {
    match bytes.soon()? {
        // Esc pressed twice is still Esc; the second is taken in with it.
        None | Some(0x1b) => Ok(Key::Escape),
        Some(0x03) => Ok(Key::Interrupt),
        Some(b'[') => control_sequence(bytes),
        Some(b'O') => Ok(bytes.soon()?.map_or(Key::Unknown, |last| named(b"", last))),
        // Alt and a key.
        Some(first) => character(first, bytes).map(|_| Key::Unknown),
    }
}

/// Parameters up to a final byte between `@` and `~`.
fn control_sequence(bytes: &mut impl Bytes) -> io::Result<Key> {
    let mut parameters = Vec::new();
    loop {
        match bytes.soon()? {
            None => return Ok(Key::Unknown),
            Some(last @ 0x40..=0x7e) if parameters == b"200" && last == b'~' => return paste(bytes),
            Some(last @ 0x40..=0x7e) => return Ok(named(&parameters, last)),
            Some(byte) if parameters.len() < LONGEST_SEQUENCE => parameters.push(byte),
            Some(_) => {}
        }
    }
}

fn named(parameters: &[u8], last: u8) -> Key {
    match (parameters, last) {
        (b"", b'A') => Key::Up,
        (b"", b'B') => Key::Down,
        (b"", b'C') => Key::Right,
        (b"", b'D') => Key::Left,
        (b"", b'H') | (b"1" | b"7", b'~') => Key::Home,
        (b"", b'F') | (b"4" | b"8", b'~') => Key::Last,
        (b"3", b'~') => Key::Delete,
        (b"5", b'~') => Key::PageUp,
        (b"6", b'~') => Key::PageDown,
        _ => Key::Unknown,
    }
}

/// Up to the closing mark, or to a pause if it never comes.
fn paste(bytes: &mut impl Bytes) -> io::Result<Key> {
    const CLOSE: &[u8] = b"\x1b[201~";
    let mut text = Vec::new();
    let mut tail = Vec::new();
    while let Some(byte) = bytes.soon()? {
        tail.push(byte);
        if tail.ends_with(CLOSE) {
            tail.truncate(tail.len() - CLOSE.len());
            break;
        }
        if tail.len() > CLOSE.len() {
            let settled = tail.remove(0);
            if text.len() < LONGEST_PASTE {
                text.push(settled);
            }
        }
    }
    text.append(&mut tail);
    Ok(Key::Paste(String::from_utf8_lossy(&text).into_owned()))
}

/// Bytes in bursts: within one they follow at once.
#[cfg(test)]
pub struct Script(std::collections::VecDeque<std::collections::VecDeque<u8>>);

#[cfg(test)]
impl Script {
    /// Each character is a burst of its own, as if typed.
    pub fn typed(text: &str) -> Self {
        Self(text.chars().map(|character| character.to_string().into_bytes().into()).collect())
    }
}

#[cfg(test)]
impl Source for Script {
    fn key(&mut self) -> io::Result<Key> {
        decode(self)
    }

    fn drain(&mut self) {}
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    impl Bytes for Script {
        fn next(&mut self) -> io::Result<u8> {
            while self.0.front().is_some_and(VecDeque::is_empty) {
                self.0.pop_front();
            }
            self.0.front_mut().and_then(VecDeque::pop_front).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
        }

        fn soon(&mut self) -> io::Result<Option<u8>> {
            Ok(self.0.front_mut().and_then(VecDeque::pop_front))
        }
    }

    fn keys(bursts: &[&[u8]]) -> Vec<Key> {
        let mut script = Script(bursts.iter().map(|burst| burst.iter().copied().collect()).collect());
        std::iter::from_fn(|| decode(&mut script).ok()).collect()
    }

    #[test]
    fn a_lone_escape_is_a_key_and_an_arrow_is_another() {
        assert_eq!(keys(&[b"\x1b", b"[A"]), [Key::Escape, Key::Char('['), Key::Char('A')]);
        assert_eq!(keys(&[b"\x1b[A\x1bOB\x1b[3~"]), [Key::Up, Key::Down, Key::Delete]);
        assert_eq!(keys(&[b"\x1b\x1b"]), [Key::Escape]);
    }

    #[test]
    fn an_unknown_sequence_types_nothing() {
        assert_eq!(keys(&[b"\x1b[1;5C\x1b[15~\x1bxa"]), [Key::Unknown, Key::Unknown, Key::Unknown, Key::Char('a')]);
    }

    #[test]
    fn a_paste_is_one_key_with_its_newlines() {
        let pasted = keys(&[b"\x1b[200~one\r\ntwo \x1b[31m\x1b[201~x"]);
        assert_eq!(pasted, [Key::Paste("one\r\ntwo \u{1b}[31m".to_owned()), Key::Char('x')]);
        assert_eq!(keys(&[b"\x1b[200~cut", b"x"]), [Key::Paste("cut".to_owned()), Key::Char('x')]);
    }

    #[test]
    fn characters_of_several_bytes_are_one_key() {
        assert_eq!(keys(&["äデ🐶".as_bytes()]), [Key::Char('ä'), Key::Char('デ'), Key::Char('🐶')]);
        assert_eq!(keys(&[b"\xff\xc3", b"a"]), [Key::Unknown, Key::Unknown, Key::Char('a')]);
    }

    proptest! {
        #[test]
        fn any_bytes_become_keys_without_controls(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for key in keys(&[&bytes]) {
                prop_assert!(!matches!(key, Key::Char(found) if found.is_control()));
            }
        }
    }
}
