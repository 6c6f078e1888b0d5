//! Version, health and discovery: what a client asks before it asks for
//! objects. Old-style discovery is enough for kubectl and for kube.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::access::Review;
use super::groups::{Group, groups};
use super::open_api;
use super::request::{Page, goes_at_once};
use super::store::Store;
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
pub fn answer(page: &Page, store: &Store) -> Reply {
    match page {
        Page::Health => Reply::text(200, "ok"),
        Page::Version => Reply::json(200, version()),
        Page::CoreVersions => Reply::json(200, json!({"kind": "APIVersions", "versions": ["v1"]})),
        Page::Groups => {
            let groups: Vec<Value> = groups(store).iter().map(group).collect();
            Reply::json(200, json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        Page::Group(name) => {
            let known = groups(store).into_iter().find(|known| known.name == *name);
            let mut body = known.as_ref().map_or_else(|| json!({}), group);
            body["kind"] = json!("APIGroup");
            body["apiVersion"] = json!("v1");
            Reply::json(200, body)
        }
        Page::Resources(group, version) => Reply::json(200, resources(store, group, version)),
        Page::NoLimitRanges => Reply::json(
            200,
            json!({
                "kind": "LimitRangeList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": [],
            }),
        ),
        // Asked for as protobuf, in which nothing is an empty document: no kind has
        // a schema, and kubectl goes on to tell that there is no such kind.
        Page::OpenApiBefore => Reply::text(200, ""),
        Page::OpenApi(None) => Reply::json(200, open_api::index(store)),
        Page::OpenApi(Some((group, version))) => Reply::json(200, open_api::document(store, group, version)),
    }
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "gitVersion": VERSION, "gitCommit": "simulated", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "simulated",
    })
}

fn group(group: &Group) -> Value {
    let name = &group.name;
    let shown = |version: &String| json!({"groupVersion": format!("{name}/{version}"), "version": version});
    let versions: Vec<Value> = group.versions.iter().map(shown).collect();
    json!({"name": name, "preferredVersion": versions.first(), "versions": versions})
}

fn resources(store: &Store, group: &str, version: &str) -> Value {
    let mut list = custom_resources(store, group, version);
    let version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
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
            if *part == "finalize" {
                resource["verbs"] = json!(["update"]);
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
    let reviews = Review::ALL.into_iter().map(Review::kind).filter(|kind| kind.group == group);
    list.extend(reviews.map(|kind| {
        json!({
            "name": kind.plural, "singularName": kind.kind.to_lowercase(), "namespaced": kind.namespaced,
            "kind": kind.kind, "verbs": ["create"],
        })
    }));
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": list})
}

fn custom_resources(store: &Store, group: &str, name: &str) -> Vec<Value> {
    let mut list = Vec::new();
    for definition in store.definitions().of_group(group).filter(|definition| definition.is_established) {
        let Some(version) = definition.served(name) else { continue };
        let verbs: Vec<&str> = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
            .into_iter()
            .filter(|verb| !(definition.is_terminating && matches!(*verb, "patch" | "create" | "update")))
            .collect();
        let namespaced = version.kind.namespaced;
        let part = |part: &str| {
            json!({
                "name": format!("{}/{part}", definition.plural), "singularName": "", "namespaced": namespaced,
                "kind": definition.name, "verbs": ["get", "patch", "update"],
            })
        };
        let mut resource = json!({
            "name": definition.plural, "singularName": definition.singular, "namespaced": namespaced,
            "kind": definition.name, "verbs": verbs,
        });
        for (field, names) in [("shortNames", &definition.short_names), ("categories", &definition.categories)] {
            if !names.is_empty() {
                resource[field] = json!(names);
            }
        }
        if version.is_stored {
            let digest = Sha256::digest(format!("{group}/{name}/{}", definition.name));
            resource["storageVersionHash"] = STANDARD.encode(digest.get(..8).unwrap_or_default()).into();
        }
        list.push(resource);
        if version.kind.has_status {
            list.push(part("status"));
        }
        if version.replicas.is_some() {
            let mut scale = part("scale");
            scale["group"] = json!("autoscaling");
            scale["version"] = json!("v1");
            scale["kind"] = json!("Scale");
            list.push(scale);
        }
    }
    list
}

fn subresources(kind: &ApiKind) -> &'static [&'static str] {
    match kind.kind {
        "StatefulSet" => &["scale", "status"],
        "Pod" => &["binding", "eviction", "log", "status"],
        "Namespace" => &["finalize", "status"],
        _ if kind.has_status => &["status"],
        _ => &[],
    }
}

fn short_names(kind: &str) -> &'static [&'static str] {
    match kind {
        "CustomResourceDefinition" => &["crd", "crds"],
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
        "PriorityClass" => &["pc"],
        "ServiceAccount" => &["sa"],
        "Endpoints" => &["ep"],
        "HorizontalPodAutoscaler" => &["hpa"],
        _ => &[],
    }
}

/// What `kubectl get all` means.
fn categories(kind: &str) -> &'static [&'static str] {
    match kind {
        "Pod" | "Service" | "StatefulSet" | "HorizontalPodAutoscaler" => &["all"],
        "CustomResourceDefinition" => &["api-extensions"],
        _ => &[],
    }
}
