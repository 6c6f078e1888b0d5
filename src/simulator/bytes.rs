//! Bytes in objects: base64, read as leniently as Go reads it.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// Where base64 ends being base64, as Go counts: line breaks are passed over,
/// groups are four letters, and unused bits may be set.
#[must_use]
pub fn fault(text: &str) -> Option<usize> {
    let mut group = 0_usize;
    let mut letters = text.bytes().enumerate().filter(|(_, letter)| !matches!(letter, b'\r' | b'\n')).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != b'=' {
            if !(letter.is_ascii_alphanumeric() || matches!(letter, b'+' | b'/')) {
                return Some(at);
            }
            group = (group + 1) % 4;
            continue;
        }
        if group < 2 {
            return Some(at);
        }
        if group == 2 {
            match letters.next() {
                Some((_, b'=')) => {}
                Some(_) => return Some(at),
                None => return Some(text.len()),
            }
        }
        return letters.next().map(|(at, _)| at);
    }
    (group > 0).then(|| text.len().saturating_sub(group))
}

/// Base64 of bytes.
#[must_use]
pub fn written(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Bytes in the one way in which they are written.
#[must_use]
pub fn encoded(text: &str) -> Option<String> {
    let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let written: String = text.chars().filter(|letter| !matches!(letter, '\r' | '\n')).collect();
    let bytes = GeneralPurpose::new(&STANDARD, lenient).decode(written).ok()?;
    Some(GeneralPurpose::new(&STANDARD, lenient).encode(bytes))
}
