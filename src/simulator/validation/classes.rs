//! Storage classes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names;
use super::read::{items, one_of, text, texts};
use crate::simulator::status::Cause;

/// A storage class.
pub fn of_class(class: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let provisioner = text(class, "provisioner");
    if provisioner.is_empty() {
        causes.push(Cause::required("provisioner", ""));
    } else {
        causes.extend(names::qualified("provisioner", &provisioner.to_lowercase()));
    }
    if !class["parameters"][""].is_null() {
        causes.push(Cause::invalid("parameters", &"".into(), "field can not be empty."));
    }
    let word = |name: &str, known: &[&str]| {
        one_of(class, name, "", known).map(|cause| Cause { field: name.to_owned(), ..cause })
    };
    causes.extend(word("reclaimPolicy", &["Delete", "Retain"]));
    causes.extend(word("volumeBindingMode", &["Immediate", "WaitForFirstConsumer"]));
    for (path, term) in items(class, "allowedTopologies", "") {
        let mut keys = BTreeSet::new();
        for (path, one) in items(term, "matchLabelExpressions", path.trim_start_matches('.')) {
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
    }
    causes
}

/// A class can only change its annotations, expansion and mount options.
pub fn of_change(old: &Value, new: &Value) -> Vec<Cause> {
    ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"]
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| Cause::invalid(name, &new[name], "field is immutable"))
        .collect()
}
