//! What a copy cannot do without, and what was not read: namespaces that
//! events go to; and for kinds that could not be read (for want of rights) what
//! others refer to, or claims would lose their volumes, pods their nodes, and what
//! is owned would be taken for garbage.
//! What is assumed is the worst that matters: a volume is deleted when its
//! claim is, and it is out of reach of other nodes than those that it was seen on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::references;
use crate::objects::kinds::ApiKind;
use crate::objects::withheld::ASSUMED;
use crate::simulator::clock::clock_text;
use crate::simulator::controllers::all::DISK;
use crate::simulator::controllers::binder::SELECTED_NODE;
use crate::simulator::controllers::fields::Fields as _;
use crate::simulator::identity;
use crate::simulator::seed;
use crate::simulator::world::World;

const HOSTNAME: &str = "kubernetes.io/hostname";

pub(super) fn fill(world: &mut World, namespace: &str, unread: &[String]) {
    for name in ["default", "kube-system", namespace] {
        add(world, "Namespace", "", namespace_object(name));
    }
    for class in priority_classes(world) {
        add(world, "PriorityClass", "", class);
    }
    let owners = named_owners(world, unread);
    for kind in unread {
        let made: Vec<Value> = match kind.as_str() {
            "PersistentVolume" => volumes(world),
            "Node" => texts(&objects(world, "Pod"), "/spec/nodeName").map(|name| node(&name)).collect(),
            "StorageClass" => texts(&objects(world, "PersistentVolumeClaim"), "/spec/storageClassName")
                .map(|name| class(&name))
                .collect(),
            "Secret" | "ConfigMap" => named(world, kind),
            _ => Vec::new(),
        };
        for object in made {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            let uid = owners.get(&(kind.clone(), name.to_owned())).cloned();
            add_as(world, kind, namespace, object, uid);
        }
    }
    for ((kind, name), uid) in owners {
        add_as(world, &kind, namespace, bare(&kind, &name), Some(uid));
    }
}

/// The owners that objects of the copy name, of kinds that were not read: kind
/// and name, with the UID by which the garbage collector knows them. One that is
/// not there would take what it owns with it.
fn named_owners(world: &World, unread: &[String]) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for object in world.store.everything() {
        for owner in object.owners() {
            let (version, kind) = (owner.text("/apiVersion"), owner.text("/kind"));
            let (name, uid) = (owner.text("/name"), owner.text("/uid"));
            let is_known = ApiKind::named(kind).is_some_and(|known| {
                known.api_version() == version && !(known.namespaced && object.namespace().is_empty())
            });
            if is_known && !name.is_empty() && !uid.is_empty() && unread.iter().any(|held| held == kind) {
                found.entry((kind.to_owned(), name.to_owned())).or_insert_with(|| uid.to_owned());
            }
        }
    }
    found
}

/// An object of which nothing is known but that it is there.
fn bare(kind: &str, name: &str) -> Value {
    match kind {
        "Node" => node(name),
        "StorageClass" => class(name),
        "Secret" => json!({"metadata": {"name": name}, "type": "Opaque"}),
        "Service" => json!({"metadata": {"name": name}, "spec": {"type": "ClusterIP", "clusterIP": "None"}}),
        _ => json!({"metadata": {"name": name}}),
    }
}

fn objects(world: &World, kind: &str) -> Vec<Arc<Value>> {
    ApiKind::named(kind).map(|kind| world.store.objects(kind, "").cloned().collect()).unwrap_or_default()
}

/// The different texts at a pointer, empty ones aside.
fn texts(objects: &[Arc<Value>], pointer: &str) -> impl Iterator<Item = String> + use<> {
    let found: BTreeSet<String> =
        objects.iter().filter_map(|object| object.pointer(pointer)?.as_str().map(str::to_owned)).collect();
    found.into_iter().filter(|text| !text.is_empty())
}

/// Puts an object in unless it is there, with a revision and a UID of its own.
fn add(world: &mut World, kind: &str, namespace: &str, object: Value) {
    add_as(world, kind, namespace, object, None);
}

/// The same with the UID that others know it by, if they do.
fn add_as(world: &mut World, kind: &str, namespace: &str, mut object: Value, uid: Option<String>) {
    let Some(kind) = ApiKind::named(kind) else { return };
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if world.store.object(kind, namespace, &name).is_some() {
        return;
    }
    let revision = world.next_revision();
    object["apiVersion"] = kind.api_version().into();
    object["kind"] = kind.kind.into();
    let meta = &mut object["metadata"];
    if kind.namespaced {
        meta["namespace"] = namespace.into();
    }
    meta["uid"] = uid.unwrap_or_else(|| identity::uid(world.seed, revision)).into();
    meta["resourceVersion"] = revision.to_string().into();
    meta["creationTimestamp"] = clock_text(world.now).into();
    meta["annotations"][ASSUMED] = "true".into();
    world.store.restore(kind, object);
    world.store.begin_at(revision);
}

/// The priority classes that every cluster has, and those that pods and
/// templates name, with the priority that such a pod has.
fn priority_classes(world: &World) -> Vec<Value> {
    let (pods, sets) = (objects(world, "Pod"), objects(world, "StatefulSet"));
    let named = texts(&pods, "/spec/priorityClassName").chain(texts(&sets, "/spec/template/spec/priorityClassName"));
    let own = named.collect::<BTreeSet<String>>().into_iter().map(|name| {
        let pod = pods.iter().find(|pod| pod["spec"]["priorityClassName"] == name.as_str());
        let value = pod.and_then(|pod| pod["spec"]["priority"].as_i64()).unwrap_or(0);
        json!({"metadata": {"name": name}, "value": value, "preemptionPolicy": "PreemptLowerPriority"})
    });
    seed::priorities().into_iter().chain(own).collect()
}

fn namespace_object(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
    })
}

/// A volume for each bound claim, tied to the nodes that it was seen on.
fn volumes(world: &World) -> Vec<Value> {
    let pods = objects(world, "Pod");
    let made = objects(world, "PersistentVolumeClaim").into_iter().filter_map(|claim| {
        let mut volume = volume(&claim)?;
        let hosts: Vec<String> = nodes_of(&claim, &pods).into_iter().map(|node| host(world, node)).collect();
        if !hosts.is_empty() {
            volume["spec"]["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": HOSTNAME, "operator": "In", "values": hosts}]},
            ]}});
        }
        Some(volume)
    });
    made.collect()
}

/// Where pods use the claim, and where its disk was made.
fn nodes_of<'a>(claim: &'a Value, pods: &'a [Arc<Value>]) -> BTreeSet<&'a str> {
    let name = claim["metadata"]["name"].as_str();
    let uses = |pod: &&Arc<Value>| {
        let mut volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
        volumes.any(|volume| volume["persistentVolumeClaim"]["claimName"].as_str() == name)
    };
    let seen_at = pods.iter().filter(uses).map(|pod| &pod["spec"]["nodeName"]);
    let made_at = &claim["metadata"]["annotations"][SELECTED_NODE];
    seen_at.chain([made_at]).filter_map(Value::as_str).filter(|node| !node.is_empty()).collect()
}

/// The label of a node that volumes are tied by: its name where it was not read.
fn host(world: &World, node: &str) -> String {
    let held = ApiKind::named("Node").and_then(|kind| world.store.object(kind, "", node));
    held.and_then(|node| node["metadata"]["labels"][HOSTNAME].as_str()).unwrap_or(node).to_owned()
}

fn volume(claim: &Value) -> Option<Value> {
    let name = claim["spec"]["volumeName"].as_str().filter(|name| !name.is_empty())?;
    let (meta, spec, status) = (&claim["metadata"], &claim["spec"], &claim["status"]);
    let given = |value: &Value, otherwise: &Value| if value.is_null() { otherwise.clone() } else { value.clone() };
    Some(json!({
        "metadata": {"name": name, "finalizers": ["kubernetes.io/pv-protection"], "annotations": {
            "pv.kubernetes.io/bound-by-controller": "yes", "pv.kubernetes.io/provisioned-by": DISK,
        }},
        "spec": {
            "accessModes": given(&status["accessModes"], &spec["accessModes"]),
            "capacity": given(&status["capacity"], &spec["resources"]["requests"]),
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "uid": meta["uid"],
                "namespace": meta["namespace"], "name": meta["name"],
            },
            "csi": {"driver": "sandbox.kubectl-stateful", "volumeHandle": name},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": spec["storageClassName"],
            "volumeMode": given(&spec["volumeMode"], &"Filesystem".into()),
        },
        "status": {"phase": "Bound"},
    }))
}

fn node(name: &str) -> Value {
    let amounts = json!({"cpu": "64", "memory": "256Gi", "pods": "250", "ephemeral-storage": "1Ti"});
    json!({
        "metadata": {"name": name, "labels": { HOSTNAME: name, "kubernetes.io/os": "linux" }},
        "spec": {},
        "status": {"capacity": amounts, "allocatable": amounts, "conditions": [
            {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"},
        ]},
    })
}

fn class(name: &str) -> Value {
    json!({
        "metadata": {"name": name}, "provisioner": DISK, "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": false,
    })
}

/// The Secrets or ConfigMaps that pods and templates name.
fn named(world: &World, kind: &str) -> Vec<Value> {
    let (pods, sets) = (objects(world, "Pod"), objects(world, "StatefulSet"));
    let specs = pods.iter().map(|pod| &pod["spec"]);
    let templates = sets.iter().map(|set| &set["spec"]["template"]["spec"]);
    let found = references::named(kind, specs.chain(templates));
    found
        .into_iter()
        .map(|(name, keys)| {
            let data: serde_json::Map<String, Value> = keys.into_iter().map(|key| (key, "".into())).collect();
            let mut object = json!({"metadata": {"name": name}, "data": data});
            if kind == "Secret" {
                object["type"] = "Opaque".into();
            }
            object
        })
        .collect()
}
