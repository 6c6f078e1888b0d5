//! What was probably meant by a misspelt word.

/// The known word that was probably meant.
#[must_use]
pub fn nearest<'a>(raw: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let raw = shortened(raw);
    known
        .map(|value| (strsim::jaro_winkler(&raw, value), value))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, value)| value)
}

/// The known word that is at most so many letters away.
#[must_use]
pub fn within<'a>(most: usize, raw: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far = |word: &str| strsim::damerau_levenshtein(word, raw);
    let letters = |word: &str| word.chars().count();
    let near = known.filter(|word| letters(word).abs_diff(letters(raw)) <= most);
    near.map(|word| (far(word), word)).filter(|(far, _)| *far <= most).min_by_key(|(far, _)| *far).map(|(_, word)| word)
}

/// At most 60 characters of somebody's text, for use in a message.
#[must_use]
pub fn shortened(raw: &str) -> String {
    let mut out: String = raw.chars().take(60).collect();
    if out.len() < raw.len() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted_and_not_their_bytes() {
        assert_eq!(within(1, "größe", ["grösse", "grösze", "größen"].into_iter()), Some("größen"));
        assert_eq!(within(1, "a", ["€"].into_iter()), Some("€"));
    }
}
