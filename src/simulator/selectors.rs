//! Label selectors: equality and sets.

use serde_json::Value;

use super::status::Refusal;

/// One requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
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
        let requirements = split_outside_brackets(text)
            .into_iter()
            .map(|part| {
                if let Some(why) = stray_operator(part) {
                    return Err(Refusal::bad_request(&why));
                }
                requirement(part.trim()).ok_or_else(|| {
                    let found = part.split_whitespace().nth(1).unwrap_or_default();
                    let expected = "in, notin, =, ==, !=, gt, lt";
                    Refusal::bad_request(&format!("unable to parse requirement: found '{found}', expected: {expected}"))
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { requirements })
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
        self.requirements.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => value(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Requirement::NotIn(key, values) => !value(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Requirement::Exists(key) => value(key).is_some(),
            Requirement::Missing(key) => value(key).is_none(),
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
            })
            .collect();
        parts.sort();
        parts.join(",")
    }
}

fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..).filter(|rest| !rest.trim().is_empty()));
    parts
}

/// What is wrong when an operator stands where a value or the end should be.
fn stray_operator(text: &str) -> Option<String> {
    let rest = text.split_once("!=").or_else(|| text.split_once("==")).or_else(|| text.split_once('='))?.1;
    let value = rest.trim_start();
    if let Some(found) = ["==", "=", "!=", "!"].into_iter().find(|operator| value.starts_with(operator)) {
        return Some(format!("unable to parse requirement: found '{found}', expected: identifier"));
    }
    let at = value.find(['=', '!'])?;
    let stray = value.get(at..)?;
    let found = ["==", "=", "!=", "!"].into_iter().find(|operator| stray.starts_with(operator))?;
    Some(format!("found '{found}', expected: ',' or 'end of string'"))
}

fn requirement(text: &str) -> Option<Requirement> {
    if let Some((key, value)) = text.split_once("!=") {
        return Some(Requirement::NotIn(label_key(key)?, vec![value.trim().to_owned()]));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Some(Requirement::In(label_key(key)?, vec![value.trim().to_owned()]));
    }
    if let Some((head, values)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
        let head = head.trim();
        if let Some(key) = head.strip_suffix(" notin") {
            return Some(Requirement::NotIn(label_key(key)?, values));
        }
        return Some(Requirement::In(label_key(head.strip_suffix(" in")?)?, values));
    }
    match text.strip_prefix('!') {
        Some(key) => Some(Requirement::Missing(label_key(key)?)),
        None => Some(Requirement::Exists(label_key(text)?)),
    }
}

fn label_key(text: &str) -> Option<String> {
    let key = text.trim();
    let fits = key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter));
    (!key.is_empty() && fits).then(|| key.to_owned())
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
