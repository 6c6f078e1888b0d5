//! Kubernetes quantities such as `10Gi`, `100M`, `250m` or `1e3`, exactly and
//! without floating point: a count of billionths (the finest step that the API
//! keeps) and the family of the suffix, which only matters for printing.
//!
//! Not here: what a size may be used for. Messages for people are in `size`.

use std::cmp::Ordering;
use std::fmt;

use thiserror::Error;

/// Billionths in one unit.
const UNIT: i128 = 1_000_000_000;
/// Binary quantities are capped here by the API server (2^63 - 1 units).
const BINARY_CAP: i128 = i64::MAX as i128 * UNIT;
/// Longer texts are refused before they are looked at.
const LONGEST: usize = 64;

/// How a quantity was written, and so how it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// `n u m k M G T P E`, powers of ten.
    Decimal,
    /// `Ki Mi Gi Ti Pi Ei`, powers of 1024.
    Binary,
    /// `e3`, powers of ten with the exponent written out.
    Exponent,
}

/// An exact amount. Equality and order are numeric: `1Gi` equals `1024Mi`, and
/// `1G` is less than `1Gi` (PV-07).
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    family: Family,
}

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuantityError {
    #[error("a quantity is missing")]
    Empty,
    #[error("`{text}` does not start with a plain number such as `10` or `1.5`")]
    Number { text: String },
    #[error("`{suffix}` is not a suffix of a quantity; there are n u m k M G T P E and Ki Mi Gi Ti Pi Ei")]
    Suffix { suffix: String },
    #[error("`{text}` is more than a quantity can hold")]
    TooLarge { text: String },
    #[error("a quantity has at most {LONGEST} characters")]
    TooLong,
}

impl Quantity {
    /// Reads a quantity as the API server does; what is finer than a billionth
    /// is rounded away from zero.
    ///
    /// # Errors
    /// When the text is no quantity, or above about 1.7e29.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Empty);
        }
        if text.len() > LONGEST {
            return Err(QuantityError::TooLong);
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let split = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(split);
        let (mut mantissa, fraction_digits) =
            digits(number).ok_or_else(|| QuantityError::Number { text: text.to_owned() })?;
        let Some((scale, family)) = suffix_scale(suffix) else {
            return Err(QuantityError::Suffix { suffix: suffix.to_owned() });
        };
        let too_large = || QuantityError::TooLarge { text: text.to_owned() };
        let power_of_ten = match scale {
            Scale::Ten(exponent) => exponent.saturating_sub(fraction_digits),
            Scale::Two(exponent) => {
                mantissa = mantissa.checked_mul(1_i128 << exponent).ok_or_else(too_large)?;
                -fraction_digits
            }
        };
        let mut nanos = at_scale(mantissa, power_of_ten.saturating_add(9)).ok_or_else(too_large)?;
        let mut family = family;
        if family == Family::Binary {
            nanos = nanos.min(BINARY_CAP);
            if nanos > 0 && nanos < UNIT {
                family = Family::Decimal;
            }
        }
        Ok(Self { nanos: if negative { -nanos } else { nanos }, family })
    }

    /// A whole number of units, printed with binary suffixes.
    #[must_use]
    pub fn whole(units: i64) -> Self {
        Self { nanos: i128::from(units) * UNIT, family: Family::Binary }
    }

    /// Whole units (bytes of a size); `None` if there is a fraction.
    #[must_use]
    pub fn units(&self) -> Option<i128> {
        (self.nanos % UNIT == 0).then_some(self.nanos / UNIT)
    }

    /// The amount in billionths.
    #[must_use]
    pub fn nanos(&self) -> i128 {
        self.nanos
    }

    /// The sum, at the ends of the range what still fits; written as `self` is.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self { nanos: self.nanos.saturating_add(other.nanos), ..*self }
    }

    /// The difference, as `plus`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self { nanos: self.nanos.saturating_sub(other.nanos), ..*self }
    }

    /// So many times the amount, as `plus`.
    #[must_use]
    pub fn times(&self, count: u64) -> Self {
        Self { nanos: self.nanos.saturating_mul(i128::from(count)), ..*self }
    }

    /// Whether it is written in powers of ten (`10G`) where a size usually
    /// means powers of two (S1-e6).
    #[must_use]
    pub fn is_decimal(&self) -> bool {
        match self.family {
            Family::Decimal | Family::Exponent => true,
            Family::Binary => false,
        }
    }

    /// The form in which the API server stores it: `1536Mi` for `1.5Gi`.
    #[must_use]
    pub fn canonical(&self) -> String {
        if self.nanos == 0 {
            return "0".to_owned();
        }
        match self.family {
            Family::Binary => match self.units() {
                Some(units) if units.abs() >= 1024 => binary(units),
                Some(_) | None => decimal(self.nanos, Family::Decimal),
            },
            Family::Decimal | Family::Exponent => decimal(self.nanos, self.family),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.canonical())
    }
}

impl std::str::FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[derive(Clone, Copy)]
enum Scale {
    Ten(i32),
    Two(u32),
}

/// All digits as one number, and how many of them stand behind the point.
fn digits(number: &str) -> Option<(i128, i32)> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.contains('.') || (whole.is_empty() && number.len() < 2) {
        return None;
    }
    let mut mantissa = 0_i128;
    for digit in whole.bytes().chain(fraction.bytes()) {
        mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(digit.checked_sub(b'0')?))?;
    }
    Some((mantissa, i32::try_from(fraction.len()).ok()?))
}

fn suffix_scale(suffix: &str) -> Option<(Scale, Family)> {
    const DECIMAL: [(&str, i32); 10] =
        [("", 0), ("n", -9), ("u", -6), ("m", -3), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
    const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
    if let Some((_, exponent)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((Scale::Ten(*exponent), Family::Decimal));
    }
    if let Some((_, exponent)) = BINARY.iter().find(|(known, _)| *known == suffix) {
        return Some((Scale::Two(*exponent), Family::Binary));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?;
    Some((Scale::Ten(exponent), Family::Exponent))
}

/// `mantissa * 10^exponent`, rounded up; `None` when it does not fit.
fn at_scale(mantissa: i128, exponent: i32) -> Option<i128> {
    if mantissa == 0 {
        return Some(0);
    }
    let power = 10_i128.checked_pow(exponent.unsigned_abs());
    if exponent >= 0 {
        return mantissa.checked_mul(power?);
    }
    // A divisor beyond all numbers leaves a trace, and a trace rounds up.
    Some(power.map_or(1, |power| mantissa / power + i128::from(mantissa % power != 0)))
}

fn binary(units: i128) -> String {
    let mut left = units;
    let mut step = 0;
    while left % 1024 == 0 && step < 6 {
        left /= 1024;
        step += 1;
    }
    let suffix = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][step];
    format!("{left}{suffix}")
}

fn decimal(nanos: i128, family: Family) -> String {
    // Upwards in thousands, as far as nothing is lost and a suffix exists.
    let highest = if family == Family::Exponent { 27 } else { 18 };
    let mut left = nanos;
    let mut exponent = -9;
    while left % 1000 == 0 && exponent < highest {
        left /= 1000;
        exponent += 3;
    }
    let suffix = match (family, exponent) {
        (_, 0) => String::new(),
        (Family::Exponent, _) => format!("e{exponent}"),
        (Family::Decimal | Family::Binary, _) => match exponent {
            -9 => "n",
            -6 => "u",
            -3 => "m",
            3 => "k",
            6 => "M",
            9 => "G",
            12 => "T",
            15 => "P",
            _ => "E",
        }
        .to_owned(),
    };
    format!("{left}{suffix}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> String {
        Quantity::parse(text).unwrap().canonical()
    }

    #[test]
    fn canonical_forms_are_those_of_apimachinery_0_36() {
        let printed_by_go = [
            ("0", "0"),
            ("00", "0"),
            ("1", "1"),
            ("1k", "1k"),
            ("10G", "10G"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("1E", "1E"),
            ("1Ei", "1Ei"),
            ("1.5Gi", "1536Mi"),
            (".5", "500m"),
            ("1.", "1"),
            ("1.1Ki", "1126400m"),
            ("0.5Mi", "512Ki"),
            ("1000m", "1"),
            ("1024Ki", "1Mi"),
            ("1000Ki", "1000Ki"),
            ("1e-3", "1e-3"),
            ("1e10", "10e9"),
            ("12e3", "12e3"),
            ("1.5e3", "1500"),
            ("1e19", "10e18"),
            ("9Ei", "9223372036854775807"),
            ("8Ei", "9223372036854775807"),
            ("1500M", "1500M"),
            ("0.1n", "1n"),
            ("1.0000000001", "1000000001n"),
            ("0.0000000001Ki", "103n"),
            ("12345678901234567890", "12345678901234567890"),
            ("12345678901234567890123456789", "12345678901234567890123456789"),
            ("-1.5Gi", "-1536Mi"),
            ("+5", "5"),
            ("1e+3", "1e3"),
            ("100e-3", "100e-3"),
            ("-0.1n", "-1n"),
            ("1e1", "10"),
            ("1e-10", "1e-9"),
            ("1000", "1k"),
            ("1048576", "1048576"),
            ("1000000e3", "1e9"),
            ("1.5", "1500m"),
            ("0.1Ki", "102400m"),
            ("1000000n", "1m"),
            ("1.5Ki", "1536"),
        ];
        for (text, expected) in printed_by_go {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_that_are_no_quantities_are_refused() {
        for text in ["", ".", "-", "1K", "10GB", "1e", "1E2Gi", "1e3k", "1 Gi", "1..5", "1.2.3", "ten", "Gi", "1e1.5"] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_beyond_the_representation_are_errors_and_never_wrap() {
        for text in ["1e1000", "1e2147483647", "999999999999999999999999999999999999999E", &"9".repeat(60)] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
        assert_eq!(canonical("1e-2147483648"), "1e-9");
        assert_eq!(Quantity::parse(&"1".repeat(1_000_000)), Err(QuantityError::TooLong));
    }

    #[test]
    fn order_is_numeric_across_suffix_families() {
        let ordered = ["-1Gi", "0", "1n", "1m", "1", "999", "1k", "1Ki", "100M", "100Mi", "1G", "1Gi", "1e12", "1Ti"];
        for pair in ordered.windows(2) {
            assert!(Quantity::parse(pair[0]).unwrap() < Quantity::parse(pair[1]).unwrap(), "{pair:?}");
        }
        assert_eq!(Quantity::parse("1Gi"), Quantity::parse("1024Mi"));
        assert_eq!(Quantity::parse("1e3"), Quantity::parse("1k"));
    }

    proptest! {
        #[test]
        fn the_canonical_form_means_the_same_and_is_stable(
            whole in 0_u64..1_000_000_000_000, fraction in "[0-9]{0,6}", negative: bool,
            suffix in prop::sample::select(vec!["", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "E-3"]),
        ) {
            let text = format!("{}{whole}.{fraction}{suffix}", if negative { "-" } else { "" });
            if let Ok(once) = Quantity::parse(&text) {
                let again = Quantity::parse(&once.canonical()).unwrap();
                prop_assert_eq!(once, again);
                prop_assert_eq!(once.canonical(), again.canonical());
            }
        }

        #[test]
        fn whole_bytes_survive_every_suffix(count in 0_i64..8_000_000) {
            for (suffix, factor) in [("k", 1_000_i128), ("M", 1_000_000), ("Ki", 1024), ("Mi", 1 << 20), ("Gi", 1 << 30)] {
                let read = Quantity::parse(&format!("{count}{suffix}")).unwrap();
                prop_assert_eq!(read.units(), Some(i128::from(count) * factor));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.eEinumkKMGTP ]{0,70}") {
            let _ = Quantity::parse(&text).map(|quantity| quantity.canonical());
        }

        #[test]
        fn no_unicode_makes_it_panic(text in any::<String>()) {
            let _ = Quantity::parse(&text).map(|quantity| quantity.canonical());
        }
    }
}
