//! Sizes of volumes: quantities of whole bytes, at least one, with errors that
//! teach the difference between `10G` and `10Gi` (S1-e6), and bytes in words.

use thiserror::Error;

use super::quantity::{Quantity, QuantityError};

/// Why a text is not the size of a volume. The text reads after "`X`: ".
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SizeError {
    #[error("a size is missing, such as `10Gi` (10,737,418,240 bytes)")]
    Missing,
    #[error("`{text}` is not a size: {advice}")]
    Spelling { text: String, advice: String },
    #[error("`{text}` is not a size: {source}")]
    Quantity {
        text: String,
        #[source]
        source: QuantityError,
    },
    #[error("`{text}` is not a size: a volume has at least one byte")]
    Zero { text: String },
    #[error("`{text}` is not a size: it is negative")]
    Negative { text: String },
    #[error("`{text}` is not a whole number of bytes{advice}")]
    Fraction { text: String, advice: String },
    #[error("`{text}` is larger than the 9,223,372,036,854,775,807 bytes that the API can hold")]
    TooLarge { text: String },
}

/// Reads the size of a volume.
///
/// # Errors
/// Everything but a whole number of bytes from 1 to 2^63 - 1.
pub fn parse(text: &str) -> Result<Quantity, SizeError> {
    if text.trim().is_empty() {
        return Err(SizeError::Missing);
    }
    let quantity = Quantity::parse(text).map_err(|error| misread(text, error))?;
    let owned = text.to_owned();
    if quantity.nanos() == 0 {
        return Err(SizeError::Zero { text: owned });
    }
    if quantity.nanos() < 0 {
        return Err(SizeError::Negative { text: owned });
    }
    match quantity.units() {
        None => Err(SizeError::Fraction { advice: fraction_advice(text), text: owned }),
        Some(bytes) if bytes > i128::from(i64::MAX) => Err(SizeError::TooLarge { text: owned }),
        Some(_) => Ok(quantity),
    }
}

/// The bytes of a size in words: `10,737,418,240 bytes`.
#[must_use]
pub fn in_words(size: &Quantity) -> String {
    match size.units() {
        Some(1) => "1 byte".to_owned(),
        Some(bytes) => format!("{} bytes", grouped(bytes)),
        None => format!("{} bytes", size.canonical()),
    }
}

/// Below this a size was probably meant in another unit.
const SUSPICIOUS: i128 = 1024 * 1024;

/// One line on a size that may have been meant otherwise: in powers of ten
/// where people mean powers of two, with an exponent, or hardly any bytes.
/// `None` when there is nothing to say.
#[must_use]
pub fn note(text: &str) -> Option<String> {
    let size = parse(text).ok()?;
    if size.units().is_some_and(|bytes| bytes < SUSPICIOUS) {
        return Some(format!("`{text}` is only {}", in_words(&size)));
    }
    decimal_note(text).or_else(|| {
        let exponent = parts(text)?.1.starts_with(['e', 'E']) && parts(text)?.1.len() > 1 && size.is_decimal();
        exponent.then(|| format!("`{text}` is {}", in_words(&size)))
    })
}

/// One line on a size in powers of ten that may have been meant in powers of two.
fn decimal_note(text: &str) -> Option<String> {
    let size = parse(text).ok()?;
    let (number, suffix) = parts(text)?;
    let binary = Quantity::parse(&format!("{number}{}i", suffix.to_uppercase())).ok()?;
    (size.is_decimal() && matches!(suffix, "k" | "M" | "G" | "T" | "P" | "E")).then(|| {
        format!("`{text}` is {}; `{number}{}i` would be {}", in_words(&size), suffix.to_uppercase(), in_words(&binary))
    })
}

/// Digits in groups of three.
fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = if number < 0 { "-".to_owned() } else { String::new() };
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn parts(text: &str) -> Option<(&str, &str)> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    number.bytes().any(|byte| byte.is_ascii_digit()).then_some((number, suffix))
}

/// People write `10GB`, `10 gb`, `1K`, `10gi`: guess the letter, show both readings.
#[must_use]
pub fn advice(text: &str) -> Option<String> {
    let (number, rest) = parts(text.trim())?;
    let word = rest.trim().to_lowercase();
    let letter = word.trim_end_matches("bytes").trim_end_matches('b').trim_end_matches('i');
    if !matches!(letter, "k" | "m" | "g" | "t" | "p" | "e") {
        return None;
    }
    let upper = letter.to_uppercase();
    let ten = format!("{number}{}", if letter == "k" { letter } else { &upper });
    let two = format!("{number}{upper}i");
    let in_ten = in_words(&Quantity::parse(&ten).ok()?);
    let in_two = in_words(&Quantity::parse(&two).ok()?);
    Some(format!("write `{ten}` ({in_ten}) or `{two}` ({in_two})"))
}

fn misread(text: &str, error: QuantityError) -> SizeError {
    let owned = text.to_owned();
    if text.len() > 32 || text.starts_with(['-', '+']) {
        return if text.starts_with('-') && text.len() <= 32 {
            SizeError::Negative { text: owned }
        } else {
            SizeError::Quantity { text: text.chars().take(32).collect(), source: error }
        };
    }
    match advice(text) {
        Some(advice) => SizeError::Spelling { text: owned, advice },
        None => SizeError::Spelling {
            text: owned,
            advice: "write a number and a suffix, such as `10Gi` (10,737,418,240 bytes) or `10G` \
                     (10,000,000,000 bytes)"
                .to_owned(),
        },
    }
}

fn fraction_advice(text: &str) -> String {
    text.strip_suffix('m')
        .map(|number| format!(": `m` means thousandths; write `{number}M` or `{number}Mi`"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn common_misspellings_are_answered_with_both_readings() {
        assert_eq!(
            error("10GB"),
            "`10GB` is not a size: write `10G` (10,000,000,000 bytes) or `10Gi` (10,737,418,240 bytes)"
        );
        assert_eq!(error("1K"), "`1K` is not a size: write `1k` (1,000 bytes) or `1Ki` (1,024 bytes)");
        for text in ["10 Gi", "10gi", "10GiB", "10gb", "10 GB"] {
            assert!(error(text).contains("`10Gi` (10,737,418,240 bytes)"), "{}", error(text));
        }
    }

    #[test]
    fn zero_negative_fractional_and_huge_sizes_say_what_is_wrong() {
        assert!(error("0").contains("at least one byte"));
        assert!(error("-1").contains("negative"));
        assert!(error("-1GB").contains("negative"));
        assert!(error("500m").contains("`500M` or `500Mi`"));
        assert!(error("1.5").contains("whole number of bytes"));
        assert!(error("10E").contains("larger than"));
        assert!(error("").contains("missing"));
        assert!(error("lots").contains("10,737,418,240"));
        assert!(error(&"9".repeat(10_000)).len() < 200);
    }

    #[test]
    fn the_sizes_of_the_couchdb_tutorial_are_read_and_explained() {
        assert_eq!(in_words(&parse("100M").unwrap()), "100,000,000 bytes");
        assert_eq!(in_words(&parse("1e3").unwrap()), "1,000 bytes");
        assert_eq!(decimal_note("100M").unwrap(), "`100M` is 100,000,000 bytes; `100Mi` would be 104,857,600 bytes");
        assert_eq!(decimal_note("100Mi"), None);
        assert_eq!(decimal_note("1000"), None);
    }

    #[test]
    fn a_size_that_may_have_been_meant_otherwise_is_worth_a_line() {
        assert_eq!(note("1e3").unwrap(), "`1e3` is only 1,000 bytes");
        assert_eq!(note("10").unwrap(), "`10` is only 10 bytes");
        assert_eq!(note("1e10").unwrap(), "`1e10` is 10,000,000,000 bytes");
        assert!(note("10G").unwrap().contains("`10Gi` would be"));
        for plain in ["10Gi", "1Mi", "10737418240", "lots"] {
            assert_eq!(note(plain), None, "{plain}");
        }
    }
}
