//! Storage classes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names;
use super::read::{items, one_of, text, texts};
use crate::simulator::status::Cause;

/// The server calls them bytes when there are more.
const MOST_PARAMETERS: usize = 512;

/// A storage class.
pub fn of_class(class: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let provisioner = text(class, "provisioner");
    if provisioner.is_empty() {
        causes.push(Cause::required("provisioner", ""));
    } else {
        causes.extend(names::qualified("provisioner", &provisioner.to_lowercase()));
    }
    let parameters = class["parameters"].as_object();
    if parameters.is_some_and(|parameters| parameters.len() > MOST_PARAMETERS) {
        causes.push(Cause::too_long("parameters", MOST_PARAMETERS));
    } else if !class["parameters"][""].is_null() {
        causes.push(Cause::invalid("parameters", &"".into(), "field can not be empty."));
    }
    let word = |name: &str, known: &[&str]| {
        one_of(class, name, "", known).map(|cause| Cause { field: name.to_owned(), ..cause })
    };
    causes.extend(word("reclaimPolicy", &["Delete", "Retain"]));
    causes.extend(word("volumeBindingMode", &["Immediate", "WaitForFirstConsumer"]));
    let mut terms = BTreeSet::new();
    for (path, term) in items(class, "allowedTopologies", "") {
        let path = path.trim_start_matches('.');
        let mut keys = BTreeSet::new();
        for (path, one) in items(term, "matchLabelExpressions", path) {
            let values = texts(one, "values", &path);
            if values.is_empty() {
                causes.push(Cause::required(format!("{path}.values"), ""));
            }
            let mut seen = BTreeSet::new();
            for (path, value) in values {
                if !seen.insert(value) {
                    causes.push(Cause::duplicate(path, value));
                }
            }
            causes.extend(names::qualified(&format!("{path}.key"), text(one, "key")));
            if !keys.insert(text(one, "key")) {
                causes.push(Cause::duplicate(format!("{path}.key"), text(one, "key")));
            }
        }
        if !terms.insert(meant(term)) {
            causes.push(Cause::duplicate(format!("{path}.matchLabelExpressions"), ""));
        }
    }
    causes
}

/// What a term says, whatever the order.
fn meant(term: &Value) -> Vec<(&str, BTreeSet<&str>)> {
    let expressions = term["matchLabelExpressions"].as_array().into_iter().flatten();
    let mut meant: Vec<(&str, BTreeSet<&str>)> = expressions
        .map(|one| {
            (text(one, "key"), one["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect())
        })
        .collect();
    meant.sort();
    meant
}

/// A class can only change its annotations, expansion and mount options.
pub fn of_change(old: &Value, new: &Value) -> Vec<Cause> {
    ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"]
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| Cause::invalid(name, &new[name], "field is immutable"))
        .collect()
}
