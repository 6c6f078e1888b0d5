//! Small pieces of cells.

use serde_json::Value;

pub const NONE: &str = "<none>";
pub const UNSET: &str = "<unset>";
pub const UNKNOWN: &str = "<unknown>";

/// The object's name.
#[must_use]
pub fn name(object: &Value) -> Value {
    text(&object["metadata"]["name"]).into()
}

/// A text; empty if there is none.
#[must_use]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The text, or what stands for a missing one.
#[must_use]
pub fn or<'a>(value: &'a Value, missing: &'a str) -> &'a str {
    match text(value) {
        "" => missing,
        text => text,
    }
}

/// The items of a list; none if it is none.
pub fn items(value: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// `a=1,b=2`, sorted by key.
#[must_use]
pub fn labels(value: &Value) -> String {
    let mut pairs: Vec<String> =
        value.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={}", text(value))).collect();
    pairs.sort();
    if pairs.is_empty() { NONE.to_owned() } else { pairs.join(",") }
}

/// The number of fields of an object.
#[must_use]
pub fn count(value: &Value) -> usize {
    value.as_object().map_or(0, serde_json::Map::len)
}

/// Short names of access modes, each once and in a fixed order.
#[must_use]
pub fn access_modes(modes: &Value) -> String {
    let known =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let has = |mode: &str| items(modes).any(|found| found == mode);
    let short: Vec<&str> = known.iter().filter(|(mode, _)| has(mode)).map(|(_, short)| *short).collect();
    short.join(",")
}

/// Three of many, and how many more there are.
#[must_use]
pub fn some_of(all: &[String]) -> String {
    const SHOWN: usize = 3;
    match all.get(..SHOWN) {
        _ if all.is_empty() => UNSET.to_owned(),
        Some(shown) if all.len() > SHOWN => format!("{} + {} more...", shown.join(","), all.len() - SHOWN),
        Some(_) | None => all.join(","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_named_and_many_counted() {
        let all = |count: usize| (1..=count).map(|number| number.to_string()).collect::<Vec<_>>();
        assert_eq!(some_of(&all(0)), "<unset>");
        assert_eq!(some_of(&all(3)), "1,2,3");
        assert_eq!(some_of(&all(5)), "1,2,3 + 2 more...");
    }
}
