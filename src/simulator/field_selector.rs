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
                return Err(Refusal::bad_request(&format!("invalid selector: '{part}'; can't understand '{part}'")));
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
