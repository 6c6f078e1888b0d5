//! A value of another type than the field has.

use crate::diagnosis::finding::{Finding, Severity};
use crate::diagnosis::form::Fault;
use crate::diagnosis::manifests::Document;
use crate::diagnosis::rule::{Check, Rule};
use crate::objects::placed::{self, Placed};
use crate::schema::Shape;

pub static RULE: Rule = Rule {
    code: "wrong-type",
    severity: Severity::Error,
    sources: &["SS-08"],
    summary: "a value is of another type than the field",
    page: include_str!("../../../docs/explain/wrong-type.md"),
    checks: &[Check::Form(mistyped)],
};

fn mistyped(document: &Document, fault: &Fault<'_>) -> Option<Finding> {
    let Fault::Mistyped { path, value, expected } = fault else { return None };
    let (wanted, there) = (wanted(expected), found(value));
    Some(
        RULE.at(document, value, format!("`{path}` takes {wanted}, and here is {there}"))
            .because("the server cannot read it, and refuses the whole object")
            .remedy(remedy(expected, value, wanted)),
    )
}

const fn wanted(shape: &Shape) -> &'static str {
    match shape {
        Shape::String => "a text",
        Shape::Int32 | Shape::Int64 => "a whole number",
        Shape::Number => "a number",
        Shape::Boolean => "`true` or `false`",
        Shape::Quantity => "an amount",
        Shape::IntOrString => "a whole number or a text",
        Shape::Time | Shape::MicroTime => "a time",
        Shape::Bytes => "a text in base64",
        Shape::Any | Shape::Deduced => "anything",
        Shape::Struct(_) | Shape::Inline(_) | Shape::Map { .. } => "a map",
        Shape::List { .. } => "a list",
    }
}

const fn found(value: &Placed) -> &'static str {
    match &value.shape {
        placed::Shape::Null => "nothing",
        placed::Shape::Bool(true) => "`true`",
        placed::Shape::Bool(false) => "`false`",
        placed::Shape::Number(_) => "a number",
        placed::Shape::Text(_) => "a text",
        placed::Shape::List(_) => "a list",
        placed::Shape::Map(_) => "a map",
    }
}

fn remedy(expected: &Shape, value: &Placed, wanted: &str) -> String {
    let quotes = || "put it in quotes".to_owned();
    match (expected, &value.shape) {
        (Shape::String, placed::Shape::Bool(_)) => {
            format!("{}: without them YAML takes words such as `yes`, `no`, `on` and `true` for no text", quotes())
        }
        (Shape::String, placed::Shape::Number(_)) => format!("{}: without them YAML reads a number", quotes()),
        (Shape::Int32 | Shape::Int64 | Shape::Number, placed::Shape::Text(text)) if text.parse::<f64>().is_ok() => {
            "write it without quotes".to_owned()
        }
        (Shape::Boolean, placed::Shape::Text(text)) if ["true", "false"].contains(&text.as_str()) => {
            "write it without quotes".to_owned()
        }
        (Shape::List { .. }, _) => "begin each item with `- ` on a line of its own".to_owned(),
        (Shape::Struct(_) | Shape::Inline(_) | Shape::Map { .. }, placed::Shape::List(_)) => {
            "remove the `- `: here is one map, and not several".to_owned()
        }
        (Shape::Struct(_) | Shape::Inline(_) | Shape::Map { .. }, _) => {
            "write `KEY: VALUE` lines below it, two blanks further in".to_owned()
        }
        (_, _) => format!("write {wanted}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::{SOUND, fires, found, silent};

    fn told(good: &str, bad: &str) -> (String, String) {
        assert!(SOUND.contains(good), "{good}");
        let text = SOUND.replacen(good, bad, 1);
        let [said] = <[String; 1]>::try_from(fires(&RULE, &text)).unwrap();
        (said, found(&RULE, &text)[0].remedy.clone())
    }

    #[test]
    fn each_type_is_told_with_what_to_write() {
        let (said, remedy) = told("replicas: 3", "replicas: \"3\"");
        assert_eq!(said, "17:13 `spec.replicas` takes a whole number, and here is a text");
        assert_eq!(remedy, "write it without quotes");
        let (said, remedy) = told("labels: {app: web}", "labels: {app: 1}");
        assert_eq!(said, "22:21 `spec.template.metadata.labels.app` takes a text, and here is a number");
        assert!(remedy.starts_with("put it in quotes"), "{remedy}");
        let (said, remedy) = told("tcpSocket: {port: 80}", "tcpSocket: {port: 80, host: yes}");
        assert!(said.ends_with("takes a text, and here is `true`") && remedy.contains("`yes`"), "{said} {remedy}");
        let (said, remedy) = told("accessModes: [ReadWriteOnce]", "accessModes: ReadWriteOnce");
        assert!(said.ends_with("takes a list, and here is a text") && remedy.contains("`- `"), "{said} {remedy}");
        let (said, remedy) = told("    matchLabels: {app: web}", "  - matchLabels: {app: web}");
        assert!(said.contains("`spec.selector` takes a map, and here is a list"), "{said}");
        assert!(remedy.contains("remove the `- `"), "{remedy}");
    }

    #[test]
    fn what_can_be_read_as_the_type_is_fine() {
        silent(&RULE, SOUND);
        silent(&RULE, &SOUND.replace("replicas: 3", "replicas: 1e1"));
        silent(&RULE, &SOUND.replace("storage: 1Gi", "storage: 1073741824"));
        silent(&RULE, &SOUND.replace("tcpSocket: {port: 80}", "tcpSocket: {port: http}"));
        silent(&RULE, &SOUND.replace("replicas: 3", "replicas:"));
    }

    #[test]
    fn marks_that_somebody_else_fills_in_have_rules_of_their_own() {
        silent(&RULE, &SOUND.replace("replicas: 3", "replicas: ${REPLICAS}"));
        silent(&RULE, &SOUND.replace("replicas: 3", "replicas: '{{ .Values.replicas }}'"));
    }
}
