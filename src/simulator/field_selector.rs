//! The field selectors that clients of our kinds use.

use serde_json::Value;

use super::status::Refusal;
use crate::objects::kinds::ApiKind;

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

/// Field, value, and whether they are to be equal.
type Term = (String, String, bool);

/// `field=value` and `field!=value`, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    terms: Vec<Term>,
}

impl FieldSelector {
    /// Reads `metadata.name=web,status.phase!=Running`.
    ///
    /// # Errors
    /// 400 for what is no selector and for fields that cannot be selected by.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let parts = parts(text).into_iter().filter(|part| !part.is_empty());
        Ok(Self { terms: parts.map(term).collect::<Result<_, _>>()? })
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
            Some((field, ..)) if own.is_empty() && !kind.is_custom() => Err(Refusal::bad_request(&format!(
                "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
            ))),
            Some((field, ..)) => Err(Refusal::bad_request(&format!("field label not supported: {field}"))),
        }
    }

    /// The one name that is selected.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let wanted = self.terms.iter().find(|(field, _, equal)| field == "metadata.name" && *equal);
        wanted.map(|(_, value, _)| value.as_str())
    }

    /// Narrows the selection to one name.
    pub fn require_name(&mut self, name: &str) {
        self.terms.push(("metadata.name".to_owned(), name.to_owned(), true));
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
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

/// What stands between commas that are not escaped.
fn parts(text: &str) -> Vec<&str> {
    let mut is_escaped = false;
    let is_comma = |one: char| {
        let is_comma = one == ',' && !is_escaped;
        is_escaped = one == '\\' && !is_escaped;
        is_comma
    };
    text.split(is_comma).collect()
}

fn term(part: &str) -> Result<Term, Refusal> {
    // The first sign counts, and of those that begin there the longest.
    let sign = part.char_indices().find_map(|(at, _)| {
        let rest = part.get(at..)?;
        ["!=", "==", "="].into_iter().find(|sign| rest.starts_with(sign)).map(|sign| (at, sign))
    });
    let Some((at, sign)) = sign else {
        return Err(Refusal::bad_request(&format!("invalid selector: '{part}'; can't understand '{part}'")));
    };
    let (field, value) = (part.get(..at).unwrap_or_default(), part.get(at + sign.len()..).unwrap_or_default());
    Ok((field.to_owned(), unescaped(value)?, sign != "!="))
}

/// A value without the backslashes before commas, equals signs and backslashes.
fn unescaped(value: &str) -> Result<String, Refusal> {
    let wrong = |why: &str| Refusal::bad_request(&format!("invalid field selector: {why}"));
    let mut out = String::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(one) = rest.next() {
        match one {
            '\\' => match rest.next() {
                Some(escaped @ ('\\' | ',' | '=')) => out.push(escaped),
                Some(other) => return Err(wrong(&format!("invalid escape sequence: \\{other}"))),
                None => return Err(wrong("invalid escape sequence: \\")),
            },
            ',' | '=' => return Err(wrong(&format!("unescaped character in value: {}", u32::from(one)))),
            plain => out.push(plain),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
