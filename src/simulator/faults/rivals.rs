//! Others who write to the same namespace, as scripts: each is a list of
//! requests that follow from what is there.

use http::Method;
use serde_json::{Value, json};

use super::cast::Cast;
use crate::objects::kinds::{ApiKind, ObjectRef, collection_path};
use crate::simulator::controllers::fields::Fields as _;
use crate::simulator::controllers::kubelet::NODE_DOWN;
use crate::simulator::controllers::{Dependents, View as _};
use crate::simulator::request::Raw;
use crate::simulator::store::Store;

/// Who rivals are in the history.
pub const RIVAL: &str = "rival";

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

/// What somebody else does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rival {
    ScaleUp {
        set: String,
    },
    ScaleDown {
        set: String,
    },
    DeleteSet {
        set: String,
        how: Dependents,
    },
    /// The same set again, under a new UID.
    RecreateSet {
        set: String,
    },
    DeleteClaim {
        claim: String,
    },
    RecreateClaim {
        claim: String,
    },
    Evict {
        pod: String,
    },
    /// A pod of somebody's own that has a member's name and uses its claims.
    Impostor {
        pod: String,
    },
    /// The node takes no more pods, and those of the namespace are evicted.
    Drain {
        node: String,
    },
    /// An autoscaler sets what it holds right.
    Autoscale {
        set: String,
        replicas: u32,
    },
    /// A GitOps tool applies what it has in its repository, with force.
    Reapply {
        set: String,
        replicas: u32,
    },
    /// An operator edits the template.
    Edit {
        set: String,
    },
    /// The retention policy for scaling is turned over.
    TurnRetention {
        set: String,
    },
    /// Another class, or none, is the default from now on.
    TurnDefault {
        class: String,
    },
    /// The kubelet of a node reports no more.
    NodeDown {
        node: String,
    },
    /// A finalizer that nobody takes off.
    Finalizer {
        kind: &'static str,
        name: String,
    },
}

impl Rival {
    /// One of each kind, about everything in the cast.
    #[must_use]
    pub fn all(cast: &Cast) -> Vec<Self> {
        let set = || cast.set.clone();
        let replicas = cast.replicas;
        let mut all = vec![
            Self::ScaleUp { set: set() },
            Self::ScaleDown { set: set() },
            Self::DeleteSet { set: set(), how: Dependents::Background },
            Self::DeleteSet { set: set(), how: Dependents::Foreground },
            Self::DeleteSet { set: set(), how: Dependents::Orphan },
            Self::RecreateSet { set: set() },
            Self::Autoscale { set: set(), replicas },
            Self::Reapply { set: set(), replicas },
            Self::Edit { set: set() },
            Self::TurnRetention { set: set() },
            Self::TurnDefault { class: cast.class.clone() },
        ];
        for claim in &cast.claims {
            all.push(Self::DeleteClaim { claim: claim.clone() });
            all.push(Self::RecreateClaim { claim: claim.clone() });
            all.push(Self::Finalizer { kind: "PersistentVolumeClaim", name: claim.clone() });
        }
        for pod in &cast.pods {
            all.push(Self::Evict { pod: pod.clone() });
            all.push(Self::Impostor { pod: pod.clone() });
            all.push(Self::Finalizer { kind: "Pod", name: pod.clone() });
        }
        all.extend(cast.volumes.iter().map(|name| Self::Finalizer { kind: "PersistentVolume", name: name.clone() }));
        for node in &cast.nodes {
            all.push(Self::Drain { node: node.clone() });
            all.push(Self::NodeDown { node: node.clone() });
        }
        all
    }

    /// The requests that this takes now.
    pub(in crate::simulator) fn requests(&self, store: &Store, namespace: &str) -> Vec<Raw> {
        let there = Place { store, namespace };
        match self {
            Self::ScaleUp { set } => there.scale(set, |held| held.saturating_add(1)),
            Self::ScaleDown { set } => there.scale(set, |held| held.saturating_sub(1).max(0)),
            Self::Autoscale { set, replicas } => there.scale(set, |_| i64::from(*replicas)),
            Self::DeleteSet { set, how } => there.delete("StatefulSet", set, *how),
            Self::RecreateSet { set } => there.again("StatefulSet", set),
            Self::DeleteClaim { claim } => there.delete("PersistentVolumeClaim", claim, Dependents::Background),
            Self::RecreateClaim { claim } => there.again("PersistentVolumeClaim", claim),
            Self::Evict { pod } => there.evict(pod),
            Self::Impostor { pod } => there.impostor(pod),
            Self::Drain { node } => there.drain(node),
            Self::Reapply { set, replicas } => there.reapply(set, *replicas),
            Self::Edit { set } => {
                let note = json!({"metadata": {"annotations": {"example.com/edited": "yes"}}});
                there.merge("StatefulSet", set, &json!({"spec": {"template": note}}))
            }
            Self::TurnRetention { set } => there.turn_retention(set),
            Self::TurnDefault { class } => there.turn_default(class),
            Self::NodeDown { node } => {
                there.merge("Node", node, &json!({"metadata": {"annotations": {NODE_DOWN: "true"}}}))
            }
            Self::Finalizer { kind, name } => there.hold(kind, name),
        }
    }
}

struct Place<'a> {
    store: &'a Store,
    namespace: &'a str,
}

fn raw(method: Method, path: String, content_type: &str, body: &Value) -> Raw {
    Raw::by(RIVAL, method, path, content_type, body.clone())
}

impl Place<'_> {
    fn find(&self, kind: &str, name: &str) -> Option<(String, &Value)> {
        let kind = ApiKind::named(kind)?;
        let namespace = if kind.namespaced { self.namespace } else { "" };
        let object = self.store.object(kind, namespace, name)?;
        let place = ObjectRef { kind, namespace: namespace.to_owned(), name: name.to_owned() };
        Some((place.path(), object.as_ref()))
    }

    fn merge(&self, kind: &str, name: &str, patch: &Value) -> Vec<Raw> {
        self.find(kind, name).map(|(path, _)| raw(Method::PATCH, path, MERGE, patch)).into_iter().collect()
    }

    fn scale(&self, set: &str, wanted: impl Fn(i64) -> i64) -> Vec<Raw> {
        let Some((path, object)) = self.find("StatefulSet", set) else { return Vec::new() };
        let wanted = wanted(object["spec"]["replicas"].as_i64().unwrap_or(0));
        vec![raw(Method::PATCH, format!("{path}/scale"), MERGE, &json!({"spec": {"replicas": wanted}}))]
    }

    fn delete(&self, kind: &str, name: &str, how: Dependents) -> Vec<Raw> {
        let body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": how.to_string()});
        self.find(kind, name).map(|(path, _)| raw(Method::DELETE, path, JSON, &body)).into_iter().collect()
    }

    /// Deletes and creates again. A claim that no pod uses is let go of in
    /// between, as its protection would do; who else holds the old one makes
    /// the second half fail.
    fn again(&self, kind: &str, name: &str) -> Vec<Raw> {
        let Some((_, old)) = self.find(kind, name) else { return Vec::new() };
        let mut new = json!({"apiVersion": old["apiVersion"], "kind": kind, "spec": old["spec"], "metadata": {
            "name": name, "labels": old["metadata"]["labels"],
        }});
        if let Some(spec) = new["spec"].as_object_mut() {
            spec.remove("volumeName");
        }
        let collection = ApiKind::named(kind).map(|kind| collection_path(kind, self.namespace)).unwrap_or_default();
        let mut requests = self.delete(kind, name, Dependents::Background);
        if kind == "PersistentVolumeClaim" && self.store.pods_with(self.namespace, name).is_empty() {
            requests.extend(self.merge(kind, name, &json!({"metadata": {"finalizers": null}})));
        }
        requests.push(raw(Method::POST, collection, JSON, &new));
        requests
    }

    fn evict(&self, pod: &str) -> Vec<Raw> {
        let body = json!({"apiVersion": "policy/v1", "kind": "Eviction",
                          "metadata": {"name": pod, "namespace": self.namespace}});
        let path = self.find("Pod", pod).map(|(path, _)| format!("{path}/eviction"));
        path.map(|path| raw(Method::POST, path, JSON, &body)).into_iter().collect()
    }

    /// Refused as long as the member is there.
    fn impostor(&self, pod: &str) -> Vec<Raw> {
        let Some(kind) = ApiKind::named("PersistentVolumeClaim") else { return Vec::new() };
        let claims = self.store.objects(kind, self.namespace);
        let claims = claims.filter_map(|claim| claim["metadata"]["name"].as_str());
        let used = claims.filter(|claim| claim.strip_suffix(pod).is_some_and(|rest| rest.ends_with('-')));
        let volumes: Vec<Value> =
            used.map(|claim| json!({"name": claim, "persistentVolumeClaim": {"claimName": claim}})).collect();
        let body = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod}, "spec": {
            "containers": [{"name": "main", "image": "impostor:1"}], "volumes": volumes,
        }});
        let path = ApiKind::named("Pod").map(|kind| collection_path(kind, self.namespace)).unwrap_or_default();
        vec![raw(Method::POST, path, JSON, &body)]
    }

    fn drain(&self, node: &str) -> Vec<Raw> {
        let mut requests = self.merge("Node", node, &json!({"spec": {"unschedulable": true}}));
        let mut pods = self.store.pods_on(node);
        pods.retain(|pod| pod.namespace() == self.namespace);
        requests.extend(pods.iter().flat_map(|pod| self.evict(pod.name())));
        requests
    }

    fn reapply(&self, set: &str, replicas: u32) -> Vec<Raw> {
        let Some((path, old)) = self.find("StatefulSet", set) else { return Vec::new() };
        let spec = &old["spec"];
        let body = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": set}, "spec": {
            "replicas": replicas, "selector": spec["selector"], "serviceName": spec["serviceName"],
        }});
        let mut apply = raw(Method::PATCH, path, APPLY, &body);
        apply.query.push_str("&force=true");
        vec![apply]
    }

    fn turn_retention(&self, set: &str) -> Vec<Raw> {
        let Some((_, object)) = self.find("StatefulSet", set) else { return Vec::new() };
        let is_kept = object["spec"]["persistentVolumeClaimRetentionPolicy"]["whenScaled"] != "Delete";
        let policy = if is_kept { "Delete" } else { "Retain" };
        let policy = json!({"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": policy}}});
        self.merge("StatefulSet", set, &policy)
    }

    fn turn_default(&self, class: &str) -> Vec<Raw> {
        let key = "storageclass.kubernetes.io/is-default-class";
        let Some((_, object)) = self.find("StorageClass", class) else { return Vec::new() };
        let now = if object["metadata"]["annotations"][key] == "true" { "false" } else { "true" };
        self.merge("StorageClass", class, &json!({"metadata": {"annotations": {key: now}}}))
    }

    fn hold(&self, kind: &str, name: &str) -> Vec<Raw> {
        let Some((_, object)) = self.find(kind, name) else { return Vec::new() };
        let mut finalizers = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        finalizers.push("example.com/never".into());
        self.merge(kind, name, &json!({"metadata": {"finalizers": finalizers}}))
    }
}
