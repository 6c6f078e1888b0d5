//! Whether the objects of a recipe agree with one another: names that exist,
//! selectors that match, mounts and references that lead somewhere. Pure. The
//! API server checks none of this when the objects are created; the pods find
//! out, one restart after the other.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::{service, set};
use crate::objects::kinds::{ApiKind, ObjectRef};
use crate::objects::names;
use crate::runbook::vocabulary::Existing;

/// One disagreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which of the objects, counted from 0.
    pub at: usize,
    /// `Kind/name`.
    pub object: String,
    /// Such as `.spec.serviceName`; empty for the object itself.
    pub path: String,
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}`", self.object)?;
        if !self.path.is_empty() {
            write!(out, " at `{}`", self.path)?;
        }
        write!(out, ": {}", self.message)
    }
}

/// Findings about one object are collected here.
pub(super) struct Findings<'a> {
    at: usize,
    object: String,
    /// Where something that is missing was looked for.
    place: &'static str,
    found: &'a mut Vec<Finding>,
}

impl<'a> Findings<'a> {
    /// About one set and what is in a cluster.
    pub(super) fn of_cluster(found: &'a mut Vec<Finding>) -> Self {
        Self { at: 0, object: String::new(), place: "", found }
    }

    fn of(at: usize, object: String, found: &'a mut Vec<Finding>) -> Self {
        Self { at, object, place: " among the objects", found }
    }

    pub(super) fn missing(&mut self, path: &str, what: &str) {
        let place = self.place;
        self.add(path, format!("there is no {what}{place}"));
    }

    pub(super) fn add(&mut self, path: &str, message: impl Into<String>) {
        self.found.push(Finding {
            at: self.at,
            object: self.object.clone(),
            path: path.to_owned(),
            message: message.into(),
        });
    }
}

/// Fills in the namespace where an object of a namespaced kind has none.
pub fn complete(objects: &mut [Value], namespace: &str) {
    for object in objects {
        let namespaced = object["kind"].as_str().and_then(ApiKind::named).is_some_and(|kind| kind.namespaced);
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { continue };
        if namespaced && !metadata.contains_key("namespace") {
            // The name stands first; the namespace goes right behind it.
            let at = usize::from(metadata.keys().next().is_some_and(|key| key == "name"));
            metadata.shift_insert(at, "namespace".to_owned(), namespace.into());
        }
    }
}

/// All disagreements, in the order of the objects.
#[must_use]
pub fn check(objects: &[Value], namespace: &str, existing: &[Existing]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, object) in objects.iter().enumerate() {
        let before = found.len();
        identity(at, object, namespace, &mut found);
        let Some(reference) = ObjectRef::of(object).filter(|_| found.len() == before) else { continue };
        let mut findings = Findings::of(at, reference.to_string(), &mut found);
        if !seen.insert(reference.to_string()) {
            findings.add("", "it is made twice");
        }
        match reference.kind.kind {
            "StatefulSet" => set::check(object, objects, existing, &mut findings),
            "Service" => service::check(object, objects, &mut findings),
            _ => {}
        }
    }
    found
}

/// Kind, version, name and namespace.
fn identity(at: usize, object: &Value, namespace: &str, found: &mut Vec<Finding>) {
    let kind = object["kind"].as_str().unwrap_or_default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let shown = format!("{}/{name}", if kind.is_empty() { format!("object {}", at + 1) } else { kind.to_owned() });
    let mut findings = Findings::of(at, shown, found);
    let Some(known) = ApiKind::named(kind) else {
        return findings
            .add(".kind", if kind.is_empty() { "the kind is missing" } else { "a recipe cannot make this kind" });
    };
    if object["apiVersion"].as_str() != Some(known.api_version().as_str()) {
        findings.add(".apiVersion", format!("must be `{}`", known.api_version()));
    }
    let good = match kind {
        "StatefulSet" => names::set_name(name),
        "Service" => names::service_name(name),
        _ => names::dns_subdomain(name),
    };
    if let Err(reason) = good {
        findings.add(".metadata.name", reason);
    }
    match object["metadata"].get("namespace").map(|value| value.as_str().unwrap_or_default()) {
        Some(_) if !known.namespaced => findings.add(".metadata.namespace", "this kind has no namespace"),
        Some(other) if other != namespace => {
            findings.add(".metadata.namespace", format!("must be `{namespace}`, or left out"));
        }
        Some(_) | None => {}
    }
}

/// The object of this kind and name among those that are made.
pub(super) fn among<'a>(objects: &'a [Value], kind: &str, name: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
}

/// Whether labels have everything that a selector asks for; an empty or absent
/// selector matches nothing here.
pub(super) fn matches(selector: &Value, labels: &Value) -> bool {
    selector
        .as_object()
        .is_some_and(|wanted| !wanted.is_empty() && wanted.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

/// Containers and init containers of a pod template.
pub(super) fn containers(template: &Value) -> impl Iterator<Item = (&'static str, usize, &Value)> {
    ["initContainers", "containers"].into_iter().flat_map(|list| {
        template["spec"][list].as_array().into_iter().flatten().enumerate().map(move |(at, one)| (list, at, one))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A set with everything around it, all in order.
    fn sound() -> Vec<Value> {
        let labels = json!({ "app": "web" });
        let service = |name: &str, spec: Value| json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": name }, "spec": spec });
        let ports = json!([{ "name": "http", "port": 80, "targetPort": "http" }]);
        vec![
            json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "keys" }, "stringData": { "key": "x" } }),
            service("web", json!({ "clusterIP": "None", "selector": labels })),
            service("web-client", json!({ "selector": labels, "ports": ports })),
            json!({
                "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "web", "namespace": "apps" },
                "spec": {
                    "serviceName": "web",
                    "selector": { "matchLabels": labels },
                    "template": {
                        "metadata": { "labels": { "app": "web", "tier": "db" } },
                        "spec": {
                            "containers": [{
                                "name": "main",
                                "ports": [{ "name": "http", "containerPort": 8080 }],
                                "env": [{ "name": "K", "valueFrom": { "secretKeyRef": { "name": "keys", "key": "key" } } }],
                                "volumeMounts": [{ "name": "data", "mountPath": "/a" }, { "name": "tmp", "mountPath": "/b" }],
                            }],
                            "volumes": [{ "name": "tmp", "emptyDir": {} }],
                        },
                    },
                    "volumeClaimTemplates": [{
                        "metadata": { "name": "data" },
                        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
                    }],
                },
            }),
        ]
    }

    /// The findings after one value was replaced; `null` removes it.
    fn after(object: usize, pointer: &str, value: Value) -> Vec<String> {
        let mut objects = sound();
        *objects[object].pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        check(&objects, "apps", &[]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn objects_that_agree_are_not_complained_about() {
        let mut objects = sound();
        complete(&mut objects, "apps");
        assert_eq!(check(&objects, "apps", &[]), []);
        assert!(objects.iter().all(|object| object["metadata"]["namespace"] == "apps"));
    }

    #[test]
    fn each_broken_link_is_found_at_its_place() {
        let template = "/spec/template/spec";
        for (object, pointer, value, finding) in [
            (0, "/metadata/name", json!("Keys"), "`Secret/Keys` at `.metadata.name`: capital letters"),
            (0, "/kind", json!("Deployment"), "a recipe cannot make this kind"),
            (0, "/apiVersion", json!("v2"), "must be `v1`"),
            (0, "/metadata/name", json!("kyes"), "there is no Secret `keys`"),
            (0, "/stringData", json!({ "other": "x" }), "Secret `keys` has no key `key`"),
            (1, "/metadata/name", json!("wbe"), "there is no Service `web` among the objects"),
            (1, "/spec/clusterIP", json!("10.0.0.1"), "Service `web` is not headless"),
            (1, "/spec/selector", json!({ "app": "other" }), "Service `web` does not select the pods"),
            (1, "/metadata/name", json!("web-client"), "`Service/web-client`: it is made twice"),
            (2, "/spec/selector", json!({ "app": "other" }), "it selects none of the pods"),
            (2, "/spec/ports/0/targetPort", json!("htpp"), "no container has a port named `htpp`"),
            (2, "/spec/ports", json!([]), "needs a port"),
            (3, "/metadata/name", json!("w".repeat(53)), "52 are allowed"),
            (3, "/metadata/namespace", json!("other"), "must be `apps`, or left out"),
            (3, "/spec/serviceName", Value::Null, "it names no Service"),
            (3, "/spec/selector", json!({}), "does not match the labels of the template"),
            (3, "/spec/selector/matchLabels", json!({ "app": "x" }), "does not match the labels of the template"),
            (3, "/spec/volumeClaimTemplates/0/metadata/name", json!("dat"), "no volume or claim template `data`"),
            (3, "/spec/volumeClaimTemplates/0/metadata/name", json!("dat"), "no container mounts `dat`"),
            (3, "/spec/volumeClaimTemplates/0/spec/resources", json!({}), "it requests no storage"),
            (3, "/spec/volumeClaimTemplates/0/spec/accessModes", json!([]), "it has no access mode"),
            (3, &format!("{template}/volumes"), json!([]), "no volume or claim template `tmp`"),
            (3, &format!("{template}/containers/0/volumeMounts/1/mountPath"), json!("/a"), "`/a` is mounted twice"),
        ] {
            let found = after(object, pointer, value);
            assert!(found.iter().any(|line| line.contains(finding)), "{pointer}: {found:?}");
        }
    }

    #[test]
    fn what_exists_already_or_is_optional_need_not_be_made() {
        let without_secret = &sound()[1..];
        assert_eq!(check(without_secret, "apps", &[]).len(), 1);
        let existing = [Existing { kind: "Secret".into(), name: "keys".into() }];
        assert_eq!(check(without_secret, "apps", &existing), []);
        let source = json!({ "secretKeyRef": { "name": "gone", "key": "x", "optional": true } });
        assert!(after(3, "/spec/template/spec/containers/0/env/0/valueFrom", source).is_empty());
    }

    #[test]
    fn volumes_and_whole_objects_as_environment_are_references_too() {
        let container = "/spec/template/spec/containers/0/env";
        let found = after(
            3,
            "/spec/template/spec/volumes",
            json!([
                { "name": "tmp", "secret": { "secretName": "keys", "items": [{ "key": "nope", "path": "x" }] } },
                { "name": "more", "configMap": { "name": "settings" } },
            ]),
        );
        assert!(found[0].contains("Secret `keys` has no key `nope`"), "{found:?}");
        assert!(found[1].contains("there is no ConfigMap `settings`"), "{found:?}");
        assert!(after(3, container, json!([])).is_empty());
    }

    #[test]
    fn nonsense_is_reported_and_never_panics() {
        for object in [json!(null), json!(1), json!({}), json!({ "kind": "StatefulSet" }), json!({ "kind": 1 })] {
            let mut objects = vec![object];
            complete(&mut objects, "apps");
            assert!(!check(&objects, "apps", &[]).is_empty(), "{objects:?}");
        }
        let hollow = json!({ "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": { "name": "a" }, "spec": [] });
        assert!(!check(&[hollow], "apps", &[]).is_empty());
    }
}
