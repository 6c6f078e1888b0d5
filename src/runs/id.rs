//! Names of runs: twelve characters of `[a-z0-9]` that sort by the time at which
//! they were planned. Which came after which is told by their numbers.

use std::fmt;

use jiff::Timestamp;

const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// Eight digits of base 36 hold the milliseconds until the year 2059.
const TIME_DIGITS: usize = 8;
const RANDOM_DIGITS: usize = 4;

/// The name of one run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(String);

impl RunId {
    /// A new name; `random` needs no more than to differ between two runs that
    /// start in the same millisecond.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; RANDOM_DIGITS]) -> Self {
        let mut millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let mut digits = [b'0'; TIME_DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit = base36(millis % 36);
            millis /= 36;
        }
        let tail = random.map(|byte| base36(u64::from(byte) % 36));
        Self(digits.iter().chain(&tail).map(|&byte| char::from(byte)).collect())
    }

    /// The name that somebody typed, or that a folder has; `None` if it is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let fits = text.len() == TIME_DIGITS + RANDOM_DIGITS && text.bytes().all(|byte| ALPHABET.contains(&byte));
        fits.then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn base36(digit: u64) -> u8 {
    usize::try_from(digit).ok().and_then(|index| ALPHABET.get(index)).copied().unwrap_or(b'0')
}

impl fmt::Display for RunId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> RunId {
        RunId::new(Timestamp::from_millisecond(millisecond).unwrap(), [35, 255, 0, 7])
    }

    #[test]
    fn a_run_id_is_twelve_lower_case_characters() {
        let id = at(1_795_000_000_000);
        assert_eq!(id.as_str().len(), 12);
        assert!(id.as_str().bytes().all(|byte| ALPHABET.contains(&byte)));
    }

    #[test]
    fn run_ids_sort_by_time() {
        assert!(at(1_795_000_000_000) < at(1_795_000_000_001));
        assert!(at(999) < at(1_795_000_000_000));
    }
}
