//! Quantities as the API server reads and rewrites them: `1024Mi` comes back
//! as `1Gi`, `0.5` as `500m`. Exact arithmetic in billionths; what does not fit
//! is left as it was written.

use std::fmt::Write as _;

const NANOS: i128 = 1_000_000_000;
const DECIMAL: &[(&str, i32)] =
    &[("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: &[&str] = &["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Decimal,
    Exponent,
    Binary,
}

/// An amount in billionths, with the family of suffixes it was written in.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    form: Form,
}

impl Quantity {
    /// Reads `10Gi`, `1.5`, `100m`, `1e3`; `None` if it is no quantity or too
    /// large to be counted exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let (digits, suffix) = rest.split_at(end);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        let (form, factor) = factor(suffix)?;
        let mantissa = format!("{whole}{fraction}").parse::<i128>().ok()?;
        let scaled = match factor {
            Factor::Ten(power) => scale_ten(mantissa, power + 9 - i32::try_from(fraction.len()).ok()?)?,
            Factor::Times(factor) => {
                let nanos = mantissa.checked_mul(factor)?.checked_mul(NANOS)?;
                scale_ten(nanos, -i32::try_from(fraction.len()).ok()?)?
            }
        };
        // Sums of a million of them must still fit.
        scaled.checked_mul(1_000_000)?;
        Some(Self { nanos: if negative { -scaled } else { scaled }, form })
    }

    /// The amount in billionths of a unit, for comparisons and sums.
    #[must_use]
    pub fn nanos(self) -> i128 {
        self.nanos
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
        match self.form {
            Form::Binary if self.nanos % NANOS == 0 && (self.nanos / NANOS).abs() >= 1024 => self.binary(),
            Form::Binary | Form::Decimal => self.decimal(),
            Form::Exponent => self.exponent(),
        }
    }

    fn binary(self) -> String {
        let mut units = self.nanos / NANOS;
        let mut step = 0;
        while units % 1024 == 0 && step + 1 < BINARY.len() {
            units /= 1024;
            step += 1;
        }
        format!("{units}{}", BINARY.get(step).copied().unwrap_or_default())
    }

    fn decimal(self) -> String {
        let (value, power) = self.thousands();
        let suffix = DECIMAL.iter().find(|(_, known)| *known == power).map_or("", |(suffix, _)| *suffix);
        format!("{value}{suffix}")
    }

    fn exponent(self) -> String {
        let (value, power) = self.thousands();
        let mut text = value.to_string();
        if power != 0 {
            let _ = write!(text, "e{power}");
        }
        text
    }

    /// The value with the largest power of a thousand that divides it.
    fn thousands(self) -> (i128, i32) {
        if self.nanos == 0 {
            return (0, 0);
        }
        let (mut value, mut power) = (self.nanos, -9);
        while value % 1000 == 0 && power < 18 {
            value /= 1000;
            power += 3;
        }
        (value, power)
    }
}

enum Factor {
    Ten(i32),
    Times(i128),
}

fn factor(suffix: &str) -> Option<(Form, Factor)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((Form::Decimal, Factor::Ten(*power)));
    }
    if let Some(step) = BINARY.iter().position(|known| *known == suffix) {
        return Some((Form::Binary, Factor::Times(1024_i128.checked_pow(u32::try_from(step).ok()?)?)));
    }
    let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    (-30..=30).contains(&power).then_some((Form::Exponent, Factor::Ten(power)))
}

/// Multiplies by a power of ten; fractions of a billionth are rounded up, as
/// the real server does.
fn scale_ten(value: i128, power: i32) -> Option<i128> {
    let factor = 10_i128.checked_pow(power.unsigned_abs())?;
    if power >= 0 {
        return value.checked_mul(factor);
    }
    let rest = value % factor;
    Some(value / factor + i128::from(rest > 0))
}

/// The server's spelling of a quantity; `None` if it is none.
#[must_use]
pub fn canonical(text: &str) -> Option<String> {
    Quantity::parse(text).map(Quantity::canonical)
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
            ("100", "100"),
            ("1000", "1k"),
            ("512Ki", "512Ki"),
            ("0", "0"),
            ("1023Ki", "1023Ki"),
            ("0.5Gi", "512Mi"),
            ("1Ki", "1Ki"),
        ];
        for (written, kept) in cases {
            assert_eq!(canonical(written).as_deref(), Some(kept), "{written}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "Gi", "1.2.3", "10GB", "ten", "1e", "-", "999999999999999999999999999999999999999999Ei"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }
}
