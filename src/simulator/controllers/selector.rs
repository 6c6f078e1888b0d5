//! Label selectors and node selectors, as the API defines them. A selector
//! that cannot be read matches nothing.

use serde_json::Value;

use super::fields::{Fields, field_of};

/// Whether a `LabelSelector` (`matchLabels`, `matchExpressions`) matches the
/// labels of `object`. An empty selector matches everything, an absent one
/// nothing.
pub(super) fn matches(selector: &Value, object: &Value) -> bool {
    takes(selector, &object["metadata"]["labels"])
}

/// The same of labels alone.
pub(super) fn takes(selector: &Value, labels: &Value) -> bool {
    selector.is_object()
        && pairs(&selector["matchLabels"], labels)
        && expressions(selector, "/matchExpressions", labels)
}

/// Whether all pairs of a plain map stand in `labels`.
pub(super) fn pairs(wanted: &Value, labels: &Value) -> bool {
    wanted.as_object().is_none_or(|wanted| wanted.iter().all(|(key, value)| field_of(labels, key) == Some(value)))
}

fn expressions(holder: &Value, pointer: &str, labels: &Value) -> bool {
    holder.items(pointer).iter().all(|expression| expression_holds(expression, labels))
}

fn expression_holds(expression: &Value, labels: &Value) -> bool {
    let held = labels.get(expression.text("/key"));
    let listed = || held.is_some_and(|value| expression.items("/values").contains(value));
    match expression.text("/operator") {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => held.is_some(),
        "DoesNotExist" => held.is_none(),
        operator @ ("Gt" | "Lt") => compares(operator, held, expression),
        _ => false,
    }
}

fn compares(operator: &str, held: Option<&Value>, expression: &Value) -> bool {
    let parse = |value: &Value| value.as_str().and_then(|text| text.parse::<i64>().ok());
    let (Some(held), Some(bound)) = (held.and_then(parse), expression.items("/values").first().and_then(parse)) else {
        return false;
    };
    if operator == "Gt" { held > bound } else { held < bound }
}

/// Whether a `NodeSelector` (a list of terms, one of which must hold) matches
/// a node. An absent selector matches every node.
pub(super) fn node_matches(selector: &Value, node: &Value) -> bool {
    if !selector.is_object() {
        return true;
    }
    selector.items("/nodeSelectorTerms").iter().any(|term| {
        let by_label = term.items("/matchExpressions");
        let by_field = term.items("/matchFields");
        if by_label.is_empty() && by_field.is_empty() {
            return false;
        }
        let fields = serde_json::json!({ "metadata.name": node.name() });
        expressions(term, "/matchExpressions", &node["metadata"]["labels"])
            && expressions(term, "/matchFields", &fields)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(labels: &Value) -> Value {
        json!({ "metadata": { "labels": labels } })
    }

    #[test]
    fn an_absent_selector_matches_nothing_and_an_empty_one_everything() {
        assert!(!matches(&Value::Null, &pod(&json!({"a": "1"}))));
        assert!(matches(&json!({}), &pod(&json!({"a": "1"}))));
    }

    #[test]
    fn labels_and_expressions_must_all_hold() {
        let selector = json!({
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["db"]},
                {"key": "old", "operator": "DoesNotExist"},
            ],
        });
        assert!(matches(&selector, &pod(&json!({"app": "web", "tier": "db"}))));
        assert!(!matches(&selector, &pod(&json!({"app": "web", "tier": "db", "old": ""}))));
        assert!(!matches(&selector, &pod(&json!({"app": "web"}))));
    }

    #[test]
    fn one_of_the_node_terms_is_enough() {
        let selector = json!({"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]},
            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-b"]}]},
        ]});
        assert!(node_matches(&selector, &json!({"metadata": {"name": "node-b", "labels": {"zone": "b"}}})));
        assert!(!node_matches(&selector, &json!({"metadata": {"name": "node-c", "labels": {"zone": "c"}}})));
    }
}
