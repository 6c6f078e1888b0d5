//! Names and numbers that must look random and be the same each time: made
//! from a digest of what they stand for.

use sha2::{Digest, Sha256};

/// The letters that Kubernetes puts into generated names.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// `length` (up to 32) letters that depend on `content` alone.
pub(super) fn suffix(content: &str, length: usize) -> String {
    digest(content)
        .iter()
        .take(length)
        .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
        .map(|letter| char::from(*letter))
        .collect()
}

/// A number that depends on `content` alone.
pub(super) fn number(content: &str) -> u64 {
    digest(content).iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn digest(content: &str) -> [u8; 32] {
    Sha256::digest(content.as_bytes()).into()
}
