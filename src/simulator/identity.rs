//! Names that a cluster makes up. They derive from the seed and the revision, those
//! of events from the time and the revision, so that nothing random has to be kept
//! and a seed gives the same history.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Letters that Kubernetes uses for generated suffixes: no vowels, no look-alikes.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

fn digest(seed: u64, revision: u64, purpose: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(revision.to_be_bytes());
    hash.update(purpose.as_bytes());
    hash.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// A version 4 UUID for the object that this revision creates.
#[must_use]
pub fn uid(seed: u64, revision: u64) -> String {
    let mut bytes = digest(seed, revision, "uid");
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex(&bytes[..16]);
    let cut = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, 32)].join("-")
}

/// The five letters behind a `generateName`.
#[must_use]
pub fn suffix(seed: u64, revision: u64) -> String {
    letters(&digest(seed, revision, "suffix"), 5)
}

/// The hexadecimal tail of an event's name, which says when it was told: events
/// of one second are listed in the order in which they happened.
#[must_use]
pub fn event_suffix(now: Timestamp, revision: u64) -> String {
    format!("{:x}", now.as_nanosecond().saturating_add(i128::from(revision)))
}

/// A number below `limit` for addresses and ports (0 if `limit` is 0).
#[must_use]
pub fn pick(seed: u64, revision: u64, limit: u32) -> u32 {
    let bytes = digest(seed, revision, "pick");
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]).checked_rem(limit).unwrap_or(0)
}

fn letters(bytes: &[u8], count: usize) -> String {
    bytes
        .iter()
        .take(count)
        .filter_map(|byte| LETTERS.get(usize::from(*byte) % LETTERS.len()))
        .map(|letter| char::from(*letter))
        .collect()
}

/// A short stable hash of a request body, for the request log.
#[must_use]
pub fn body_hash(body: &[u8]) -> String {
    hex(&Sha256::digest(body)[..4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_names() {
        assert_eq!(uid(1, 2), uid(1, 2));
        assert_ne!(uid(1, 2), uid(1, 3));
        assert_ne!(uid(1, 2), uid(2, 2));
        assert_eq!(uid(7, 7).len(), 36);
        assert_eq!(uid(7, 7).as_bytes()[14], b'4');
        assert_eq!(suffix(1, 2).len(), 5);
        assert_ne!(suffix(1, 2), suffix(1, 3));
    }
}
