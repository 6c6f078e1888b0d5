//! The bearer token. Only its digest is kept, and digests are compared, so that
//! the time a comparison takes says nothing about the token.

use std::fmt::Write as _;

use http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};

/// What a token is checked against.
#[derive(Clone, Debug)]
pub struct Expected {
    digest: [u8; 32],
}

/// A token of these random bytes, as it is sent.
#[must_use]
pub fn token(random: &[u8; 32]) -> String {
    random.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Expected {
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self { digest: Sha256::digest(token).into() }
    }

    /// Whether these headers hold the token; the first of several counts, as it
    /// does for the real server.
    #[must_use]
    pub fn is_shown(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return false };
        let Some((scheme, token)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else { return false };
        let digest: [u8; 32] = Sha256::digest(token.trim()).into();
        scheme.eq_ignore_ascii_case("bearer") && digest == self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        Expected::of("abc").is_shown(&headers)
    }

    #[test]
    fn only_the_whole_token_is_taken() {
        for good in ["Bearer abc", "bearer abc", "Bearer  abc"] {
            assert!(shown(&[good]), "{good}");
        }
        for bad in ["", "abc", "Bearer", "Bearer ", "Bearer ab", "Bearer abcd", "Basic abc", "Bearer ABC"] {
            assert!(!shown(&[bad]), "{bad}");
        }
        assert!(!shown(&[]) && !shown(&["Bearer no", "Bearer abc"]) && shown(&["Bearer abc", "Bearer no"]));
        assert_eq!(token(&[7; 32]).len(), 64);
    }
}
