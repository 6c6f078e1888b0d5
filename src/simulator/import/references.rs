//! The Secrets and ConfigMaps that pods name, with the keys that they ask for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Names of one kind to keys.
pub(super) type Named = BTreeMap<String, BTreeSet<String>>;

/// What these pod specs name as `kind` (`Secret` or `ConfigMap`).
pub(super) fn named<'a>(kind: &str, pods: impl Iterator<Item = &'a Value>) -> Named {
    let mut found = Named::new();
    for pod in pods {
        for volume in list(pod, "volumes") {
            of_source(kind, volume, &mut found);
            for source in list(&volume["projected"], "sources") {
                of_source(kind, source, &mut found);
            }
        }
        for container in ["initContainers", "containers"].iter().flat_map(|name| list(pod, name)) {
            of_environment(kind, container, &mut found);
        }
    }
    found
}

fn of_source(kind: &str, volume: &Value, found: &mut Named) {
    let source = if kind == "Secret" { &volume["secret"] } else { &volume["configMap"] };
    let name = if source["secretName"].is_string() { &source["secretName"] } else { &source["name"] };
    add(name, list(source, "items").iter().map(|item| &item["key"]), found);
}

fn of_environment(kind: &str, container: &Value, found: &mut Named) {
    let (one, whole) =
        if kind == "Secret" { ("secretKeyRef", "secretRef") } else { ("configMapKeyRef", "configMapRef") };
    for variable in list(container, "env") {
        let reference = &variable["valueFrom"][one];
        add(&reference["name"], std::iter::once(&reference["key"]), found);
    }
    for from in list(container, "envFrom") {
        add(&from[whole]["name"], std::iter::empty(), found);
    }
}

fn add<'a>(name: &Value, keys: impl Iterator<Item = &'a Value>, found: &mut Named) {
    if let Some(name) = name.as_str() {
        found.entry(name.to_owned()).or_default().extend(keys.filter_map(Value::as_str).map(str::to_owned));
    }
}

fn list<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    object[name].as_array().map_or(&[], Vec::as_slice)
}
