//! Sizes as runbooks have them: amounts, whichever way they are written. Text
//! compares letter by letter (`"10Gi" < "9Gi"` holds), and a comparison that
//! the language does not know is silently false; so each is known here.

use std::cmp::Ordering;

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString};

use super::engine::thrown;
use crate::objects::quantity::Quantity;

type Outcome<T> = Result<T, Box<EvalAltResult>>;
type Holds = fn(Ordering) -> bool;

const COMPARISONS: [(&str, Holds); 6] = [
    ("<", Ordering::is_lt),
    ("<=", Ordering::is_le),
    (">", Ordering::is_gt),
    (">=", Ordering::is_ge),
    ("==", Ordering::is_eq),
    ("!=", Ordering::is_ne),
];

/// The size that a text says; what is none stays the text that it is.
pub(super) fn size(text: &str) -> Dynamic {
    Quantity::parse(text).map_or_else(|_| text.into(), Dynamic::from)
}

fn read(text: &str) -> Outcome<Quantity> {
    Quantity::parse(text).map_err(|why| thrown(why.to_string(), "a size is written like `10Gi`"))
}

/// Makes sizes known to an engine.
pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Quantity>("size")
        .register_fn("quantity", |text: ImmutableString| read(&text))
        .register_fn("quantity", |size: Quantity| size)
        .register_fn("to_string", |size: &mut Quantity| size.to_string())
        .register_fn("to_debug", |size: &mut Quantity| size.to_string())
        .register_fn("+", |one: Quantity, other: Quantity| one.plus(&other))
        .register_fn("-", |one: Quantity, other: Quantity| one.minus(&other));
    for (sign, holds) in COMPARISONS {
        engine
            .register_fn(sign, move |one: Quantity, other: Quantity| holds(one.cmp(&other)))
            .register_fn(sign, move |one: Quantity, other: ImmutableString| -> Outcome<bool> {
                Ok(holds(one.cmp(&read(&other)?)))
            })
            .register_fn(sign, move |one: ImmutableString, other: Quantity| -> Outcome<bool> {
                Ok(holds(read(&one)?.cmp(&other)))
            })
            .register_fn(sign, move |one: Quantity, other: i64| holds(one.cmp(&Quantity::whole(other))))
            .register_fn(sign, move |one: i64, other: Quantity| holds(Quantity::whole(one).cmp(&other)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::engine::{Notes, engine};
    use super::*;

    fn says(expression: &str) -> Outcome<String> {
        let mut engine = engine(Arc::new(|| false), &Notes::default());
        register(&mut engine);
        engine.eval_expression::<Dynamic>(expression).map(|value| value.to_string())
    }

    #[test]
    fn sizes_compare_as_amounts_whichever_side_the_text_stands_on() {
        for holds in [
            "quantity(\"10Gi\") > \"9Gi\"",
            "\"9Gi\" < quantity(\"10Gi\")",
            "quantity(\"1Gi\") == \"1024Mi\"",
            "\"1G\" != quantity(\"1Gi\")",
            "quantity(\"10Gi\") >= quantity(\"10Gi\")",
            "quantity(\"1k\") <= 1000",
            "999 < quantity(\"1k\")",
            "quantity(\"1Gi\") + quantity(\"1Gi\") == \"2Gi\"",
        ] {
            assert_eq!(says(holds).unwrap(), "true", "{holds}");
        }
        assert_eq!(says("quantity(\"10Gi\") < \"9Gi\"").unwrap(), "false");
    }

    #[test]
    fn what_is_no_size_is_told() {
        for expression in ["quantity(\"ten\")", "quantity(\"1Gi\") < \"\"", "\"big\" > quantity(\"1Gi\")"] {
            assert!(says(expression).is_err(), "{expression}");
        }
        assert_eq!(size("").to_string(), "");
    }

    #[test]
    fn a_size_is_shown_as_it_was_written() {
        assert_eq!(says("`${quantity(\"10Gi\")}`").unwrap(), "10Gi");
    }
}
