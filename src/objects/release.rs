//! Which release of Kubernetes a server is of, as far as it matters here.

/// The minor release whose behaviour is simulated.
pub const SIMULATED: u32 = 36;

/// A release of Kubernetes 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    pub minor: u32,
    pub patch: u32,
}

impl Release {
    /// The release in what a server says about its version: `v1.33.2-gke.100`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.strip_prefix("v1.")?.splitn(2, '.');
        let mut number = || {
            let text = numbers.next()?;
            let end = text.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(text.len());
            text.get(..end)?.parse().ok()
        };
        Some(Self { minor: number()?, patch: number()? })
    }

    /// Whether `rollingUpdate.maxUnavailable` of a set counts unless somebody
    /// switches it: it went off again in 1.35.4, for one release (SS-63).
    #[must_use]
    pub fn counts_max_unavailable(self) -> bool {
        self.minor >= 37 || self.minor == 35 && self.patch < 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_all_makes_are_understood() {
        let read = |text: &str| Release::parse(text).map(|release| (release.minor, release.patch));
        assert_eq!(read("v1.36.3"), Some((36, 3)));
        assert_eq!(read("v1.33.2-gke.100"), Some((33, 2)));
        assert_eq!(read("v1.30.14+k3s1"), Some((30, 14)));
        assert_eq!(read("v1.37.0-alpha.1.20+abc"), Some((37, 0)));
        for text in ["", "v2.0.0", "1.36.3", "v1.", "v1.x.y", "v1.36", "v1.99999999999.0"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn max_unavailable_counts_where_it_is_switched_on() {
        let counts = |minor, patch| Release { minor, patch }.counts_max_unavailable();
        assert_eq!(
            [(34, 9), (35, 3), (35, 4), (36, 0), (37, 0)].map(|(minor, patch)| counts(minor, patch)),
            [false, true, false, false, true]
        );
    }
}
