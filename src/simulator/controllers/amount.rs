//! Comparing quantities (`10Gi`, `100M`, `500m`) by value (PV-07). A quantity
//! that cannot be read counts as nothing.

/// The value in billionths, rounded up; huge values stop at the limit.
pub(super) fn amount(text: &str) -> i128 {
    parse(text.trim()).unwrap_or(0)
}

const BILLION: i128 = 1_000_000_000;

fn parse(text: &str) -> Option<i128> {
    let digits_end =
        text.find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '.' | '+' | '-')).unwrap_or(text.len());
    let (digits, suffix) = text.split_at(digits_end);
    let number = decimal(digits)?;
    if let Some(exponent) = suffix.strip_prefix(['e', 'E']).filter(|rest| !rest.is_empty()) {
        return scaled(number, exponent.parse().ok()?);
    }
    let factor: i128 = match suffix {
        "n" => return Some(number / BILLION),
        "u" => return Some(number / 1_000_000),
        "m" => return Some(number / 1_000),
        "" => 1,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        "P" => 1_000_000_000_000_000,
        "E" => 1_000_000_000_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        "Pi" => 1 << 50,
        "Ei" => 1 << 60,
        _ => return None,
    };
    Some(number.saturating_mul(factor))
}

/// A plain decimal in billionths.
fn decimal(text: &str) -> Option<i128> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.get(..fraction.len().min(9))?;
    let digits = format!("{whole}{fraction:0<9}");
    let written = !whole.is_empty() || !fraction.is_empty();
    let value: i128 =
        if written && digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok()? } else { return None };
    Some(if negative { -value } else { value })
}

fn scaled(number: i128, exponent: i32) -> Option<i128> {
    let factor = 10_i128.checked_pow(exponent.unsigned_abs())?;
    Some(if exponent < 0 { number / factor } else { number.saturating_mul(factor) })
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn decimal_and_binary_suffixes_differ() {
        assert!(amount("100M") < amount("100Mi"));
        assert_eq!(amount("1Gi"), amount("1024Mi"));
        assert_eq!(amount("1.5Gi"), amount("1536Mi"));
    }

    #[test]
    fn exponents_and_small_parts_are_read() {
        assert_eq!(amount("1e3"), amount("1k"));
        assert_eq!(amount("1500m"), amount("1.5"));
        assert_eq!(amount("1E"), amount("1000P"));
    }

    #[test]
    fn what_cannot_be_read_counts_as_nothing() {
        for text in ["", "Gi", "1Qi", "--1", "1e99999", "9999999999999999999999999999999999999999999"] {
            assert_eq!(amount(text), 0, "{text}");
        }
    }
}
