//! Label selectors (equality and sets) and the field selectors that clients of
//! our kinds use.

use serde_json::Value;

use super::status::Refusal;
use crate::objects::kinds::ApiKind;

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

/// Fields beside name and namespace that a kind can be selected by.
fn selectable(kind: &ApiKind) -> &'static [&'static str] {
    match kind.kind {
        "Pod" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        "Event" => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        "Namespace" => &["status.phase"],
        "Node" => &["spec.unschedulable"],
        "Secret" => &["type"],
        "Service" => &["spec.clusterIP", "spec.type"],
        _ => &[],
    }
}

/// `field=value` and `field!=value`, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    /// Field, value, and whether they are to be equal.
    terms: Vec<(String, String, bool)>,
}

impl FieldSelector {
    /// Reads `metadata.name=web,status.phase!=Running`.
    ///
    /// # Errors
    /// 400 for what is no selector and for fields that cannot be selected by.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let mut terms = Vec::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (field, value, equal) = if let Some((field, value)) = part.split_once("!=") {
                (field, value, false)
            } else if let Some((field, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (field, value, true)
            } else {
                return Err(Refusal::bad_request(&format!("invalid selector: {part:?}; can't understand {part:?}")));
            };
            terms.push((field.to_owned(), value.to_owned(), equal));
        }
        Ok(Self { terms })
    }

    /// Whether a kind can be selected by these fields.
    ///
    /// # Errors
    /// 400 that names the field.
    pub fn check(&self, kind: &ApiKind) -> Result<(), Refusal> {
        let own = selectable(kind);
        let is_known = |field: &str| matches!(field, "metadata.name" | "metadata.namespace") || own.contains(&field);
        match self.terms.iter().find(|(field, ..)| !is_known(field)) {
            None => Ok(()),
            Some((field, ..)) if own.is_empty() => Err(Refusal::bad_request(&format!(
                "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
            ))),
            Some((field, ..)) => Err(Refusal::bad_request(&format!("field label not supported: {field}"))),
        }
    }

    #[must_use]
    pub fn matches(&self, object: &Value) -> bool {
        self.terms.iter().all(|(field, value, equal)| {
            let found = field_value(object, field);
            (found == value) == *equal
        })
    }
}

/// A field as selectors see it: flags as words, and of an event's source its
/// component.
fn field_value<'a>(object: &'a Value, field: &str) -> &'a str {
    let text = |path: &str| path.split('.').fold(object, |at, name| &at[name]);
    match (field, text(field)) {
        ("source", source) => match source["component"].as_str().unwrap_or_default() {
            "" => text("reportingComponent").as_str().unwrap_or_default(),
            component => component,
        },
        ("spec.unschedulable" | "spec.hostNetwork", flag) => {
            if *flag == true {
                "true"
            } else {
                "false"
            }
        }
        (_, value) => value.as_str().unwrap_or_default(),
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

    #[test]
    fn field_selectors_select() {
        let pod = json!({"metadata": {"name": "web-0"}, "status": {"phase": "Running"}});
        for (text, expected) in [
            ("metadata.name=web-0", true),
            ("metadata.name=web-0,status.phase!=Running", false),
            ("spec.nodeName=", true),
        ] {
            assert_eq!(FieldSelector::parse(text).expect(text).matches(&pod), expected, "{text}");
        }
        let red = FieldSelector::parse("spec.color=red").expect("readable");
        assert!(ApiKind::named("Pod").is_some_and(|pod| red.check(pod).is_err()));
    }
}
