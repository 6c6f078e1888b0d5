//! Comparing quantities (`10Gi`, `100M`, `500m`) by value (PV-07). A quantity
//! that cannot be read counts as nothing.

use crate::objects::quantity::{Quantity, QuantityError};

/// The value in billionths; huge values stop at the limit.
pub(super) fn amount(text: &str) -> i128 {
    match Quantity::parse(text.trim()) {
        Ok(quantity) => quantity.nanos(),
        Err(QuantityError::TooLarge { .. }) if text.trim().starts_with('-') => i128::MIN,
        Err(QuantityError::TooLarge { .. }) => i128::MAX,
        Err(
            QuantityError::Empty | QuantityError::Number { .. } | QuantityError::Suffix { .. } | QuantityError::TooLong,
        ) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn huge_amounts_are_more_than_any_other_and_what_cannot_be_read_is_nothing() {
        assert!(amount("1e39") > amount("8Ei") && amount("-1e39") < 0);
        for text in ["", "Gi", "1Qi", "--1"] {
            assert_eq!(amount(text), 0, "{text}");
        }
    }
}
