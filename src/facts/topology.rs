//! Which nodes a volume can be reached from: the node selector of its
//! `nodeAffinity`, evaluated as the scheduler does. Terms are alternatives, the
//! expressions of a term must all hold.

use std::collections::BTreeMap;

use serde_json::Value;

use super::meta::{items, text, texts};
use super::node::Node;

/// `spec.nodeAffinity.required` of a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSelector {
    pub terms: Vec<Vec<Requirement>>,
}

/// One expression over a label of the node (or over its name).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    pub key: String,
    pub operator: String,
    pub values: Vec<String>,
    /// From `matchFields`: the only field is `metadata.name`.
    pub on_name: bool,
}

impl NodeSelector {
    /// Reads a node selector; `None` if there is none.
    #[must_use]
    pub fn read(selector: &Value) -> Option<Self> {
        let terms = selector["nodeSelectorTerms"].as_array()?.iter().map(|term| {
            let labels = items(&term["matchExpressions"]).iter().map(|one| Requirement::read(one, false));
            labels.chain(items(&term["matchFields"]).iter().map(|one| Requirement::read(one, true))).collect()
        });
        Some(Self { terms: terms.collect() })
    }

    /// Whether the node matches. `None`: an operator that is not known here
    /// decides, so nobody can say.
    #[must_use]
    pub fn admits(&self, node: &Node) -> Option<bool> {
        let answers: Vec<Option<bool>> = self.terms.iter().map(|term| term_holds(term, node)).collect();
        if answers.contains(&Some(true)) {
            return Some(true);
        }
        if answers.contains(&None) { None } else { Some(false) }
    }

    /// The values that the terms demand of such a label, if every term names
    /// one with `In`.
    #[must_use]
    pub fn demanded(&self, is_key: fn(&str) -> bool) -> Option<Vec<&str>> {
        let mut found = Vec::new();
        for term in &self.terms {
            let one = term.iter().find(|one| !one.on_name && one.operator == "In" && is_key(&one.key))?;
            found.extend(one.values.iter().map(String::as_str));
        }
        found.dedup();
        (!found.is_empty()).then_some(found)
    }
}

/// A term without expressions matches no node, as in the scheduler.
fn term_holds(term: &[Requirement], node: &Node) -> Option<bool> {
    let answers: Vec<Option<bool>> = term.iter().map(|one| one.holds(node)).collect();
    if answers.is_empty() || answers.contains(&Some(false)) {
        return Some(false);
    }
    if answers.contains(&None) { None } else { Some(true) }
}

impl Requirement {
    pub(super) fn read(one: &Value, on_name: bool) -> Self {
        Self { key: text(&one["key"]), operator: text(&one["operator"]), values: texts(&one["values"]), on_name }
    }

    /// That a label has this value.
    pub(super) fn equals(key: String, value: String) -> Self {
        Self { key, operator: "In".to_owned(), values: vec![value], on_name: false }
    }

    fn holds(&self, node: &Node) -> Option<bool> {
        self.holds_for(if self.on_name { Some(node.meta.name.as_str()) } else { label(&node.meta.labels, &self.key) })
    }

    /// Whether it holds for the value of its label.
    pub(super) fn holds_for(&self, actual: Option<&str>) -> Option<bool> {
        let listed = actual.is_some_and(|actual| self.values.iter().any(|value| value == actual));
        let compare = |holds: fn(&i64, &i64) -> bool| {
            let wanted = self.values.first().and_then(|value| value.parse().ok());
            let actual = actual.and_then(|actual| actual.parse().ok());
            actual.zip(wanted).is_some_and(|(actual, wanted)| holds(&actual, &wanted))
        };
        match self.operator.as_str() {
            "In" => Some(listed),
            "NotIn" => Some(!listed),
            "Exists" => Some(actual.is_some()),
            "DoesNotExist" => Some(actual.is_none()),
            "Gt" => Some(compare(i64::gt)),
            "Lt" => Some(compare(i64::lt)),
            _ => None,
        }
    }
}

fn label<'a>(labels: &'a BTreeMap<String, String>, key: &str) -> Option<&'a str> {
    labels.get(key).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(zone: &str, disks: &str) -> Node {
        Node::read(&json!({"metadata": {"name": "node-a", "labels": {"zone": zone, "disks": disks}}})).unwrap()
    }

    fn selector(terms: &Value) -> NodeSelector {
        NodeSelector::read(&json!({"nodeSelectorTerms": terms})).unwrap()
    }

    fn one(operator: &str, key: &str, values: &[&str]) -> Value {
        json!([{"matchExpressions": [{"key": key, "operator": operator, "values": values}]}])
    }

    #[test]
    fn each_operator_is_evaluated_as_the_scheduler_does() {
        let node = node("a", "3");
        for (operator, key, values, expected) in [
            ("In", "zone", vec!["a", "b"], Some(true)),
            ("In", "zone", vec!["b"], Some(false)),
            ("NotIn", "zone", vec!["b"], Some(true)),
            ("NotIn", "missing", vec!["b"], Some(true)),
            ("Exists", "zone", vec![], Some(true)),
            ("DoesNotExist", "zone", vec![], Some(false)),
            ("Gt", "disks", vec!["2"], Some(true)),
            ("Lt", "disks", vec!["2"], Some(false)),
            ("Gt", "zone", vec!["2"], Some(false)),
            ("Near", "zone", vec!["a"], None),
        ] {
            assert_eq!(selector(&one(operator, key, &values)).admits(&node), expected, "{operator} {key} {values:?}");
        }
    }

    #[test]
    fn terms_are_alternatives_and_all_expressions_of_a_term_must_hold() {
        let both = json!({"matchExpressions": [
            {"key": "zone", "operator": "In", "values": ["a"]}, {"key": "disks", "operator": "In", "values": ["9"]},
        ]});
        let by_name = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-a"]}]});
        assert_eq!(selector(&json!([both])).admits(&node("a", "3")), Some(false));
        assert_eq!(selector(&json!([both, by_name])).admits(&node("a", "3")), Some(true));
        assert_eq!(selector(&json!([{}])).admits(&node("a", "3")), Some(false));
    }

    #[test]
    fn a_zone_is_demanded_only_if_every_term_names_one() {
        let zoned = selector(&one("In", "zone", &["a"]));
        assert_eq!(zoned.demanded(|key| key == "zone"), Some(vec!["a"]));
        assert_eq!(zoned.demanded(|key| key == "other"), None);
        assert_eq!(selector(&json!([{}])).demanded(|key| key == "zone"), None);
    }
}
