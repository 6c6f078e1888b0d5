//! Label selectors: equality, sets and numbers.

mod parser;

use serde_json::Value;

use super::status::Refusal;

/// One requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
    /// The label is a number above this one.
    Above(String, i64),
    Below(String, i64),
}

/// All requirements must hold; an empty selector takes everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

impl LabelSelector {
    /// Reads `app=web,tier!=cache,env in (a,b),!old`.
    ///
    /// # Errors
    /// 400 for what is no selector.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        parser::parse(text).map(|requirements| Self { requirements }).map_err(|why| Refusal::bad_request(&why))
    }

    /// The selector of a spec (`matchLabels` and `matchExpressions`); `None` if
    /// an operator is unknown.
    #[must_use]
    pub fn of_spec(selector: &Value) -> Option<Self> {
        let mut requirements = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            requirements.push(Requirement::In(key.clone(), vec![value.as_str()?.to_owned()]));
        }
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let key = expression["key"].as_str()?.to_owned();
            let values = expression["values"].as_array().into_iter().flatten();
            let values: Vec<String> = values.filter_map(Value::as_str).map(str::to_owned).collect();
            requirements.push(match expression["operator"].as_str()? {
                "In" if !values.is_empty() => Requirement::In(key, values),
                "NotIn" if !values.is_empty() => Requirement::NotIn(key, values),
                "Exists" => Requirement::Exists(key),
                "DoesNotExist" => Requirement::Missing(key),
                _ => return None,
            });
        }
        Some(Self { requirements })
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether a `metadata.labels` value satisfies every requirement.
    #[must_use]
    pub fn matches(&self, labels: &Value) -> bool {
        let value = |key: &str| labels.get(key).and_then(Value::as_str);
        let number = |key: &str| value(key).and_then(|value| value.parse::<i64>().ok());
        self.requirements.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => value(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Requirement::NotIn(key, values) => !value(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Requirement::Exists(key) => value(key).is_some(),
            Requirement::Missing(key) => value(key).is_none(),
            Requirement::Above(key, bound) => number(key).is_some_and(|number| number > *bound),
            Requirement::Below(key, bound) => number(key).is_some_and(|number| number < *bound),
        })
    }

    /// As the `scale` subresource writes it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut parts: Vec<String> = self
            .requirements
            .iter()
            .map(|requirement| match requirement {
                Requirement::In(key, values) if values.len() == 1 => format!("{key}={}", values.join("")),
                Requirement::In(key, values) => format!("{key} in ({})", values.join(",")),
                Requirement::NotIn(key, values) => format!("{key} notin ({})", values.join(",")),
                Requirement::Exists(key) => key.clone(),
                Requirement::Missing(key) => format!("!{key}"),
                Requirement::Above(key, bound) => format!("{key}>{bound}"),
                Requirement::Below(key, bound) => format!("{key}<{bound}"),
            })
            .collect();
        parts.sort();
        parts.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn label_selectors_select() {
        let labels = json!({"app": "web", "tier": "db"});
        for (text, expected) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier!=cache", true),
            ("app in (web, api),tier", true),
            ("app notin (web)", false),
            ("!old", true),
            ("!app", false),
            ("app=", false),
        ] {
            assert_eq!(LabelSelector::parse(text).expect(text).matches(&labels), expected, "{text}");
        }
        assert!(LabelSelector::parse("a b c").is_err());
        for (text, why) in [
            ("app===web", "unable to parse requirement: found '=', expected: identifier"),
            ("app=web=db", "found '=', expected: ',' or 'end of string'"),
        ] {
            assert_eq!(LabelSelector::parse(text).map_err(|refusal| refusal.message().to_owned()), Err(why.to_owned()));
        }
    }
}
