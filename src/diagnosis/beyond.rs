//! What manifests lean on beyond themselves, and what of it the cluster has.
//! Without a cluster, and for who may not look, that stays unknown: a rule
//! says then only what the manifests alone show.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::kind::Kind;
use super::labels::demands;
use super::manifests::{Document, Manifests};
use super::references::references;
use super::wanted::wanted;
use crate::facts::budget::Budget;
use crate::facts::claim::Claim;
use crate::facts::class::Class;
use crate::facts::volume::Volume;
use crate::facts::workload::{self, Workload};
use crate::objects::kinds::{ApiKind, ObjectRef};
use crate::objects::placed::Placed;

/// What is to be read. Objects without a namespace have an empty one here.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub classes: bool,
    pub volumes: bool,
    /// How many take pods.
    pub nodes: bool,
    /// The claims of these namespaces.
    pub claims_of: BTreeSet<String>,
    /// Who makes pods in these namespaces, or is one.
    pub workloads_of: BTreeSet<String>,
    pub budgets_of: BTreeSet<String>,
    pub objects: BTreeMap<(&'static str, String, String), ObjectRef>,
}

/// What the cluster has of it.
#[derive(Debug, Default)]
pub struct Beyond {
    /// Where objects go that name no namespace.
    pub namespace: String,
    pub classes: Option<Vec<Class>>,
    pub volumes: Option<Vec<Volume>>,
    pub claims: Option<Vec<Claim>>,
    /// Without the pods of sets, which are as their sets say.
    pub workloads: Option<Vec<Workload>>,
    pub budgets: Option<Vec<Budget>>,
    pub nodes: Option<usize>,
    /// Kind, namespace and name; `None`: it does not exist. Of Secrets and
    /// ConfigMaps the keys alone.
    pub objects: BTreeMap<(&'static str, String, String), Option<Value>>,
}

/// An object of the cluster, as far as it was looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen<'a> {
    Unknown,
    Absent,
    There(&'a Value),
}

impl Needs {
    /// Of these manifests: what they make themselves is not looked for, but
    /// claims and sets are, since they may exist already.
    #[must_use]
    pub fn of(all: &Manifests) -> Self {
        let mut needs = Self::default();
        needs.claims_of.extend(wanted(all).iter().map(|claim| claim.document.namespace().to_owned()));
        needs.classes = !needs.claims_of.is_empty();
        needs.volumes = needs.classes || all.of_kind(Kind::Volume).next().is_some();
        needs.nodes = all.of_kind(Kind::Volume).any(|volume| volume.at("spec.hostPath").is_some());
        let reserved = all.of_kind(Kind::Volume).map(|volume| volume.text("spec.claimRef.namespace"));
        needs.claims_of.extend(reserved.filter(|namespace| !namespace.is_empty()).map(str::to_owned));
        needs.of_selectors(all);
        for set in all.of_kind(Kind::StatefulSet) {
            needs.add("StatefulSet", set, set.name());
            let service = set.text("spec.serviceName");
            if all.find(Kind::Service, set.namespace(), service).is_none() {
                needs.add("Service", set, service);
            }
        }
        for document in all.workloads() {
            for reference in references(document) {
                let name = reference.name.text().unwrap_or_default();
                let namespace = reference.namespace(document);
                if all.find(reference.kind, namespace, name).is_none() {
                    needs.add_in(reference.kind_name(), namespace, name);
                }
            }
        }
        needs
    }

    /// Who chooses pods of the input has them; for all others they are looked for.
    fn of_selectors(&mut self, all: &Manifests) {
        for budget in all.of_kind(Kind::Budget) {
            self.budgets_of.insert(budget.namespace().to_owned());
        }
        for service in all.of_kind(Kind::Service).filter(|service| !service.text("spec.clusterIP").is_empty()) {
            self.add("Service", service, service.name());
        }
        for document in all.of_kind(Kind::Service).chain(all.of_kind(Kind::Budget)) {
            if demands(document).is_none() || !all.chosen_by(document).is_empty() {
                continue;
            }
            self.workloads_of.insert(document.namespace().to_owned());
            if document.kind == Kind::Service {
                self.add("Service", document, document.name());
            }
        }
    }

    fn add(&mut self, kind: &str, document: &Document, name: &str) {
        self.add_in(kind, document.namespace(), name);
    }

    fn add_in(&mut self, kind: &str, namespace: &str, name: &str) {
        let Some(kind) = ApiKind::named(kind).filter(|_| !name.is_empty()) else { return };
        let key = (kind.kind, namespace.to_owned(), name.to_owned());
        self.objects.insert(key, ObjectRef { kind, namespace: namespace.to_owned(), name: name.to_owned() });
    }

    /// The manifests stand for themselves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.resources().is_empty()
    }

    /// The resources, as rights name them.
    #[must_use]
    pub fn resources(&self) -> Vec<&'static str> {
        let storage = [
            (self.classes, "storageclasses"),
            (self.volumes, "persistentvolumes"),
            (self.nodes, "nodes"),
            (!self.claims_of.is_empty(), "persistentvolumeclaims"),
        ];
        let makers = workload::KINDS.iter().map(|kind| (!self.workloads_of.is_empty(), kind.plural));
        let budgets = (!self.budgets_of.is_empty(), "poddisruptionbudgets");
        let lists = storage.into_iter().chain(makers).chain([budgets]);
        let lists: Vec<&'static str> = lists.filter_map(|(is_needed, plural)| is_needed.then_some(plural)).collect();
        let objects: BTreeSet<&'static str> = self.objects.values().map(|object| object.kind.plural).collect();
        let objects = objects.into_iter().filter(|plural| !lists.contains(plural));
        lists.iter().copied().chain(objects).collect()
    }
}

impl Beyond {
    fn namespace_of<'a>(&'a self, written: &'a str) -> &'a str {
        if written.is_empty() { &self.namespace } else { written }
    }

    /// Keeps an object; values of Secrets and ConfigMaps are dropped at once.
    pub fn keep(&mut self, object: &ObjectRef, found: Option<Value>) {
        let found = found.map(|mut found| {
            if ["Secret", "ConfigMap"].contains(&object.kind.kind) {
                for map in ["data", "stringData", "binaryData"] {
                    let values = found[map].as_object_mut();
                    values.into_iter().flat_map(serde_json::Map::values_mut).for_each(|value| *value = Value::Null);
                }
                if let Some(metadata) = found["metadata"].as_object_mut() {
                    metadata.remove("annotations");
                }
            }
            found
        });
        let namespace = self.namespace_of(&object.namespace).to_owned();
        self.objects.insert((object.kind.kind, namespace, object.name.clone()), found);
    }

    /// The claim of this name, where claims could be read.
    #[must_use]
    pub fn claim(&self, namespace: &str, name: &str) -> Option<&Claim> {
        let namespace = self.namespace_of(namespace);
        let is_it = |claim: &&Claim| claim.meta.namespace == namespace && claim.meta.name == name;
        self.claims.iter().flatten().find(is_it)
    }
}

impl Manifests {
    /// Whether the cluster has this object; `kind` is one that `Needs` names.
    #[must_use]
    pub fn seen(&self, kind: &'static str, namespace: &str, name: &str) -> Seen<'_> {
        let Some(beyond) = &self.beyond else { return Seen::Unknown };
        match beyond.objects.get(&(kind, beyond.namespace_of(namespace).to_owned(), name.to_owned())) {
            None => Seen::Unknown,
            Some(None) => Seen::Absent,
            Some(Some(object)) => Seen::There(object),
        }
    }

    /// Whether a StorageClass of this name is here or on the cluster; `None`: the cluster's are not known.
    #[must_use]
    pub fn has_class(&self, name: &str) -> Option<bool> {
        let of_cluster = self.beyond.as_ref().and_then(|beyond| beyond.classes.as_ref());
        let is_here = self.find(Kind::Class, "", name).is_some();
        if is_here { Some(true) } else { of_cluster.map(|known| known.iter().any(|class| class.meta.name == name)) }
    }

    /// A namespace as the cluster will call it.
    #[must_use]
    pub fn resolved<'a>(&'a self, namespace: &'a str) -> &'a str {
        self.beyond.as_ref().map_or(namespace, |beyond| beyond.namespace_of(namespace))
    }
}

/// The keys of a Secret or ConfigMap of the cluster.
#[must_use]
pub fn keys_of(object: &Value) -> Vec<&str> {
    let maps = ["data", "binaryData"].into_iter().filter_map(|map| object[map].as_object());
    maps.flat_map(serde_json::Map::keys).map(String::as_str).collect()
}

/// The keys of a Secret or ConfigMap of the input.
#[must_use]
pub fn keys_in(document: &Document) -> Vec<&str> {
    let maps = ["data", "stringData", "binaryData"].into_iter().filter_map(|map| document.at(map));
    maps.flat_map(Placed::entries).map(|entry| entry.key.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::diagnosis::samples::{SOUND, manifests};

    #[test]
    fn manifests_need_what_they_do_not_bring() {
        let variable =
            "env:\n        - {name: A, valueFrom: {secretKeyRef: {name: login, key: p}}}\n        readinessProbe:";
        let text = SOUND.replace("readinessProbe:", variable);
        let named = |text: &str| -> Vec<String> {
            Needs::of(&manifests(text)).objects.values().map(ToString::to_string).collect()
        };
        assert_eq!(named(&text), ["Secret/login", "Service/web", "StatefulSet/web"]);
        assert_eq!(named(text.split_once("---\n").unwrap().1), ["Secret/login", "Service/web", "StatefulSet/web"]);
        let needs = Needs::of(&manifests(&text));
        let all =
            ["storageclasses", "persistentvolumes", "persistentvolumeclaims", "secrets", "services", "statefulsets"];
        assert_eq!(needs.resources(), all);
        assert!(Needs::of(&manifests("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n")).is_empty());
    }

    #[test]
    fn who_chooses_nobody_here_needs_those_who_make_pods_and_a_volume_the_other_volumes() {
        let needs = |text: &str| Needs::of(&manifests(text)).resources();
        let service = SOUND.split_once("---\n").unwrap().0;
        assert_eq!(needs(service), ["statefulsets", "deployments", "daemonsets", "pods", "services"]);
        assert!(needs(&service.replace("clusterIP: None", "type: ExternalName")).is_empty());
        let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {selector: {}}\n";
        assert_eq!(needs(budget), ["poddisruptionbudgets"]);
        let volume = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec: {}\n";
        assert_eq!(needs(volume), ["persistentvolumes"]);
        let reserved = volume.replace("{}", "{claimRef: {namespace: db, name: data}}");
        assert_eq!(needs(&reserved), ["persistentvolumes", "persistentvolumeclaims"]);
    }

    #[test]
    fn values_of_secrets_are_dropped_and_an_object_is_found_in_the_namespace_it_goes_to() {
        let mut beyond = Beyond { namespace: "db".to_owned(), ..Beyond::default() };
        let kind = ApiKind::named("Secret").unwrap();
        let login = ObjectRef { kind, namespace: String::new(), name: "login".to_owned() };
        let metadata = json!({"name": "login", "annotations": {"last": "hunter2"}});
        beyond.keep(&login, Some(json!({"metadata": metadata, "data": {"password": "aHVudGVyMg=="}})));
        let mut all = manifests("");
        all.beyond = Some(beyond);
        assert!(!format!("{all:?}").contains("hunter2") && !format!("{all:?}").contains("aHVud"));
        let Seen::There(object) = all.seen("Secret", "db", "login") else { panic!("{all:?}") };
        assert_eq!(keys_of(object), ["password"]);
        assert_eq!(all.seen("Secret", "other", "login"), Seen::Unknown);
        assert_eq!(Manifests::default().seen("Secret", "", "login"), Seen::Unknown);
    }
}
