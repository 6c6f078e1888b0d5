//! A set against objects that it does not bring along: the same rules as for
//! the objects of a recipe, told about a cluster.

use serde_json::Value;

use super::check::Findings;
use super::{references, set};
use crate::runbook::vocabulary::Existing;

/// The Service, Secrets and ConfigMaps that a set needs, each once.
#[must_use]
pub fn wanted(set: &Value) -> Vec<Existing> {
    let mut found: Vec<Existing> = Vec::new();
    let mut add = |kind: &str, name: &str| {
        let one = Existing { kind: kind.to_owned(), name: name.to_owned() };
        if !name.is_empty() && !found.contains(&one) {
            found.push(one);
        }
    };
    add("Service", set["spec"]["serviceName"].as_str().unwrap_or_default());
    references::each(&set["spec"]["template"], &mut |need| add(need.kind, need.name));
    found
}

/// What the set needs and the objects do not have. Of those that are `unknown`
/// nothing is said.
#[must_use]
pub fn around(set: &Value, objects: &[Value], unknown: &[Existing]) -> Vec<String> {
    let mut found = Vec::new();
    let mut findings = Findings::of_cluster(&mut found);
    let spec = &set["spec"];
    let governed =
        Existing { kind: "Service".to_owned(), name: spec["serviceName"].as_str().unwrap_or_default().to_owned() };
    if !unknown.contains(&governed) {
        set::governing(spec, &spec["template"]["metadata"]["labels"], objects, &mut findings);
    }
    references::check(&spec["template"], objects, unknown, &mut findings);
    let mut lines: Vec<String> = Vec::new();
    for finding in found {
        if !lines.contains(&finding.message) {
            lines.push(finding.message);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set() -> Value {
        let from = |field: &str, name: &str, key: &str| json!({"valueFrom": {field: {"name": name, "key": key}}});
        json!({"kind": "StatefulSet", "spec": {"serviceName": "web", "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"env": [
                from("secretKeyRef", "keys", "a"), from("secretKeyRef", "keys", "b"), from("configMapKeyRef", "conf", "c"),
            ]}]},
        }}})
    }

    #[test]
    fn what_a_set_needs_is_listed_once() {
        let found: Vec<_> = wanted(&set()).into_iter().map(|one| format!("{}/{}", one.kind, one.name)).collect();
        assert_eq!(found, ["Service/web", "Secret/keys", "ConfigMap/conf"]);
    }

    #[test]
    fn what_is_missing_or_does_not_do_is_told_and_what_is_unknown_is_not() {
        assert_eq!(
            around(&set(), &[], &[]),
            ["there is no Service `web`", "there is no Secret `keys`", "there is no ConfigMap `conf`"]
        );
        let service = json!({"kind": "Service", "metadata": {"name": "web"}, "spec": {"clusterIP": "10.0.0.1"}});
        let keys = json!({"kind": "Secret", "metadata": {"name": "keys"}, "data": {"a": ""}});
        let conf = Existing { kind: "ConfigMap".into(), name: "conf".into() };
        assert_eq!(
            around(&set(), &[service, keys], &[conf]),
            ["Service `web` is not headless: its `clusterIP` must be `None`", "Secret `keys` has no key `b`"]
        );
        assert_eq!(around(&set(), &[], &wanted(&set())), Vec::<String>::new());
    }
}
