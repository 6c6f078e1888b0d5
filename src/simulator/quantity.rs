//! Quantities as the API server reads and rewrites them: `1024Mi` comes back
//! as `1Gi`, `0.5` as `500m`, and `+1Gi` as it was written. Amounts are exact
//! up to where they are cut off.

use std::fmt::Write as _;

const NANOS: i128 = 1_000_000_000;
/// Larger amounts count as this much, so that sums of a million of them fit.
const LARGEST: i128 = 100_000_000_000_000_000_000_000_000_000_000;
/// Binary amounts are cut off here by the real server itself.
const LARGEST_BINARY: i128 = 9_223_372_036_854_775_807;
const DECIMAL: &[(&str, i32)] =
    &[("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: &[&str] = &["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Digits that the real server reads without counting in large numbers.
const FAST_DIGITS: i64 = 18;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Decimal,
    Exponent,
    Binary,
}

/// Why a text is no quantity, in the real server's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Format,
    Suffix,
}

impl Fault {
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Format => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            Self::Suffix => "unable to parse quantity's suffix",
        }
    }
}

/// An amount in billionths, with the family of suffixes it was written in.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    form: Form,
}

impl Quantity {
    /// Reads `10Gi`, `1.5`, `100m`, `1e3`; `None` if it is no quantity.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Written::read(text).ok().map(|written| written.quantity())
    }

    /// The amount in billionths of a unit, for comparisons and sums.
    #[must_use]
    pub fn nanos(self) -> i128 {
        self.nanos
    }

    /// The amount in units, parts of one counted as one.
    #[must_use]
    pub fn units(self) -> i128 {
        let rest = i128::from(self.nanos % NANOS > 0);
        (self.nanos / NANOS).saturating_add(rest)
    }

    /// So many units, in decimal form.
    #[must_use]
    pub fn whole(units: i128) -> Self {
        Self { nanos: units.saturating_mul(NANOS), form: Form::Decimal }
    }

    /// The sum, in the form of the first that is not zero.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        let form = if self.nanos == 0 { more.form } else { self.form };
        Self { nanos: self.nanos.saturating_add(more.nanos), form }
    }

    /// The difference, in the form of the first that is not zero.
    #[must_use]
    pub fn minus(self, less: Self) -> Self {
        self.plus(Self { nanos: -less.nanos, form: less.form })
    }

    /// The form in which the server hands it out.
    #[must_use]
    pub fn canonical(self) -> String {
        if self.form == Form::Binary && self.nanos % NANOS == 0 && (self.nanos / NANOS).abs() >= 1024 {
            return binary(self.nanos / NANOS);
        }
        let digits = self.nanos.unsigned_abs().to_string();
        decimal(self.nanos < 0, &digits, -9, self.form)
    }
}

fn binary(mut units: i128) -> String {
    let mut step = 0;
    while units % 1024 == 0 && step + 1 < BINARY.len() {
        units /= 1024;
        step += 1;
    }
    format!("{units}{}", BINARY.get(step).copied().unwrap_or_default())
}

/// Digits times a power of ten with as few digits as powers of a thousand
/// allow. Above the last suffix the real server writes none.
fn decimal(is_negative: bool, digits: &str, power: i32, form: Form) -> String {
    let shown = digits.trim_start_matches('0').trim_end_matches('0');
    if shown.is_empty() {
        return "0".to_owned();
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let power = power.saturating_add(i32::try_from(zeros).unwrap_or(i32::MAX));
    let rest = power.rem_euclid(3);
    let power = power - rest;
    let mut text = if is_negative { "-".to_owned() } else { String::new() };
    text.push_str(shown);
    text.extend((0..rest).map(|_| '0'));
    if form == Form::Exponent {
        if power != 0 {
            let _ = write!(text, "e{power}");
        }
    } else {
        text.push_str(DECIMAL.iter().find(|(_, known)| *known == power).map_or("", |(suffix, _)| *suffix));
    }
    text
}

/// A quantity taken apart.
struct Written<'a> {
    is_negative: bool,
    /// Digits before and behind the point, without zeros in front.
    whole: &'a str,
    fraction: &'a str,
    form: Form,
    /// The power of ten, or of two for binary suffixes.
    power: i32,
}

impl<'a> Written<'a> {
    fn read(text: &'a str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Err(Fault::Format);
        }
        let (is_negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let digits = |text: &str| text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (whole, rest) = rest.trim_start_matches('0').split_at(digits(rest.trim_start_matches('0')));
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(digits(rest)),
            None => ("", rest),
        };
        let tail = suffix.trim_start_matches(|letter: char| "eEinumkKMGTP".contains(letter));
        let tail = tail.strip_prefix(['-', '+']).unwrap_or(tail);
        if digits(tail) != tail.len() {
            return Err(Fault::Format);
        }
        let (form, power) = factor(suffix).ok_or(Fault::Suffix)?;
        let whole = if whole.is_empty() { "0" } else { whole };
        Ok(Self { is_negative, whole, fraction, form, power })
    }

    fn quantity(&self) -> Quantity {
        let places = i32::try_from(self.fraction.len()).unwrap_or(i32::MAX);
        let mantissa = format!("{}{}", self.whole, self.fraction).parse::<i128>();
        let scaled = mantissa.ok().and_then(|mantissa| match self.form {
            Form::Binary => {
                let factor = 1_i128.checked_shl(u32::try_from(self.power).ok()?)?;
                scale_ten(mantissa.checked_mul(factor)?.checked_mul(NANOS)?, places.saturating_neg())
            }
            Form::Decimal | Form::Exponent => scale_ten(mantissa, self.power.saturating_add(9).saturating_sub(places)),
        });
        let is_tiny = self.power < 0 || self.whole == "0";
        let nanos = scaled.unwrap_or(if is_tiny { 1 } else { LARGEST }).min(LARGEST);
        let most = if self.form == Form::Binary { LARGEST_BINARY.saturating_mul(NANOS) } else { LARGEST };
        let nanos = nanos.min(most);
        Quantity { nanos: if self.is_negative { -nanos } else { nanos }, form: self.form }
    }

    /// Whether the real server keeps the text, which it does for what was read
    /// fast and is short enough.
    fn is_kept(&self) -> bool {
        let count = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
        let written = format!("{}{}", self.whole, self.fraction);
        let places = i32::try_from(self.fraction.len()).unwrap_or(i32::MAX);
        match self.form {
            Form::Binary => {
                let fast = 14 - count(self.whole) - i64::from(self.power) * 3 / 10;
                let number = self.whole.parse::<i64>().unwrap_or_default();
                let is_small = number.checked_shl(u32::try_from(self.power).unwrap_or(64)).is_some();
                self.fraction.is_empty() && fast >= 0 && is_small && number % 8 != 0
            }
            Form::Decimal | Form::Exponent => {
                let scale = self.power.saturating_sub(places);
                let is_fast = count(&written) <= FAST_DIGITS && scale >= -9;
                is_fast && scale % 3 == 0 && !written.ends_with("000") && !written.starts_with('0')
            }
        }
    }

    fn canonical(&self) -> String {
        let quantity = self.quantity();
        if self.form == Form::Binary || quantity.nanos.abs() < LARGEST {
            return quantity.canonical();
        }
        let places = i32::try_from(self.fraction.len()).unwrap_or(i32::MAX);
        let digits = format!("{}{}", self.whole, self.fraction);
        decimal(self.is_negative, &digits, self.power.saturating_sub(places), self.form)
    }
}

fn factor(suffix: &str) -> Option<(Form, i32)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((Form::Decimal, *power));
    }
    if let Some(step) = BINARY.iter().position(|known| *known == suffix) {
        return Some((Form::Binary, i32::try_from(step).ok()?.checked_mul(10)?));
    }
    let power = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Form::Exponent, power))
}

/// Multiplies by a power of ten; fractions of a billionth are rounded up, as
/// the real server does.
fn scale_ten(value: i128, power: i32) -> Option<i128> {
    let factor = 10_i128.checked_pow(power.unsigned_abs());
    if power >= 0 {
        return if value == 0 { Some(0) } else { value.checked_mul(factor?) };
    }
    let Some(factor) = factor else { return Some(i128::from(value > 0)) };
    let rest = value % factor;
    Some(value / factor + i128::from(rest > 0))
}

/// The server's spelling of a quantity.
///
/// # Errors
/// What is wrong with it.
pub fn canonical(text: &str) -> Result<String, Fault> {
    let written = Written::read(text)?;
    Ok(if written.is_kept() { text.to_owned() } else { written.canonical() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_rewritten_as_the_real_server_does() {
        let cases = [
            ("1024Mi", "1Gi"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("10Gi", "10Gi"),
            ("1.5Gi", "1536Mi"),
            ("10G", "10G"),
            ("1000M", "1G"),
            ("1e3", "1e3"),
            ("1e30", "1e30"),
            ("100", "100"),
            ("1000", "1k"),
            ("512Ki", "512Ki"),
            ("0", "0"),
            ("1023Ki", "1023Ki"),
            ("0.5Gi", "512Mi"),
            ("1Ki", "1Ki"),
            ("+1Gi", "+1Gi"),
            ("01Gi", "01Gi"),
            ("Gi", "0"),
            ("99999999999999999999Gi", "9223372036854775807"),
        ];
        for (written, kept) in cases {
            assert_eq!(canonical(written).as_deref(), Ok(kept), "{written}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "1.2.3", "10GB", "ten", "1 Gi"] {
            assert_eq!(canonical(text), Err(Fault::Format), "{text}");
        }
        for text in ["1e", "--1", "1K"] {
            assert_eq!(canonical(text), Err(Fault::Suffix), "{text}");
        }
    }
}
