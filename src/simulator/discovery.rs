//! Version, health and discovery: what a client asks before it asks for
//! objects. Old-style discovery is enough for kubectl and for kube.

use serde_json::{Value, json};

use super::access::Review;
use super::open_api;
use super::request::{Page, goes_at_once, groups, has_status, version_of};
use super::world::Reply;
use crate::objects::kinds::{ApiKind, KINDS};

/// The version that the simulator behaves like.
pub const VERSION: &str = "v1.36.3";

const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

fn verbs(kind: &ApiKind) -> Vec<&'static str> {
    VERBS.iter().copied().filter(|verb| *verb != "deletecollection" || goes_at_once(kind)).collect()
}

/// Answers a page.
#[must_use]
pub fn answer(page: &Page) -> Reply {
    match page {
        Page::Health => Reply::text(200, "ok"),
        Page::Version => Reply::json(200, version()),
        Page::CoreVersions => Reply::json(200, json!({"kind": "APIVersions", "versions": ["v1"]})),
        Page::Groups => {
            let groups: Vec<Value> = groups().into_iter().map(group).collect();
            Reply::json(200, json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        Page::Group(name) => {
            let mut body = group(name);
            body["kind"] = json!("APIGroup");
            body["apiVersion"] = json!("v1");
            Reply::json(200, body)
        }
        Page::Resources(name) => Reply::json(200, resources(name)),
        Page::NoLimitRanges => Reply::json(
            200,
            json!({
                "kind": "LimitRangeList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": [],
            }),
        ),
        Page::OpenApi(None) => Reply::json(200, open_api::index()),
        Page::OpenApi(Some(name)) => Reply::json(200, open_api::document(name)),
    }
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "gitVersion": VERSION, "gitCommit": "simulated", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "simulated",
    })
}

fn group(name: &str) -> Value {
    let version = version_of(name);
    let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({"name": name, "versions": [version], "preferredVersion": version})
}

fn resources(group: &str) -> Value {
    let version = version_of(group);
    let version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut list = Vec::new();
    let mut kinds: Vec<&ApiKind> = KINDS.iter().filter(|kind| kind.group == group).collect();
    kinds.sort_by_key(|kind| kind.plural);
    for kind in kinds {
        list.push(json!({
            "name": kind.plural, "singularName": kind.kind.to_lowercase(), "namespaced": kind.namespaced,
            "kind": kind.kind, "verbs": verbs(kind), "shortNames": short_names(kind.kind), "categories": categories(kind.kind),
        }));
        for part in subresources(kind) {
            let mut resource = json!({
                "name": format!("{}/{part}", kind.plural), "singularName": "", "namespaced": kind.namespaced,
                "kind": kind.kind, "verbs": ["get", "patch", "update"],
            });
            if *part == "scale" {
                resource["group"] = json!("autoscaling");
                resource["version"] = json!("v1");
                resource["kind"] = json!("Scale");
            }
            if *part == "binding" {
                resource["kind"] = json!("Binding");
                resource["verbs"] = json!(["create"]);
            }
            if *part == "log" {
                resource["verbs"] = json!(["get"]);
            }
            if *part == "eviction" {
                resource["group"] = json!("policy");
                resource["version"] = json!("v1");
                resource["kind"] = json!("Eviction");
                resource["verbs"] = json!(["create"]);
            }
            list.push(resource);
        }
    }
    if group == "authorization.k8s.io" {
        list.extend(Review::ALL.map(|review| {
            let kind = review.kind();
            json!({
                "name": kind.plural, "singularName": kind.kind.to_lowercase(), "namespaced": kind.namespaced,
                "kind": kind.kind, "verbs": ["create"],
            })
        }));
    }
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": list})
}

fn subresources(kind: &ApiKind) -> &'static [&'static str] {
    match kind.kind {
        "StatefulSet" => &["scale", "status"],
        "Pod" => &["binding", "eviction", "log", "status"],
        _ if has_status(kind) => &["status"],
        _ => &[],
    }
}

fn short_names(kind: &str) -> &'static [&'static str] {
    match kind {
        "Namespace" => &["ns"],
        "Node" => &["no"],
        "StorageClass" => &["sc"],
        "ConfigMap" => &["cm"],
        "PersistentVolume" => &["pv"],
        "PersistentVolumeClaim" => &["pvc"],
        "Service" => &["svc"],
        "StatefulSet" => &["sts"],
        "Pod" => &["po"],
        "Event" => &["ev"],
        "ResourceQuota" => &["quota"],
        "PodDisruptionBudget" => &["pdb"],
        "ServiceAccount" => &["sa"],
        "Endpoints" => &["ep"],
        "HorizontalPodAutoscaler" => &["hpa"],
        _ => &[],
    }
}

/// What `kubectl get all` means.
fn categories(kind: &str) -> &'static [&'static str] {
    if matches!(kind, "Pod" | "Service" | "StatefulSet") { &["all"] } else { &[] }
}
