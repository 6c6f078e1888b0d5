//! Whoever makes pods, or is one, as far as it matters to those who ask whom a
//! Service or a budget chooses: labels, names of ports, and how many there are.

use std::collections::BTreeMap;

use serde_json::Value;

use super::meta::{Meta, count, items, map, maybe_text};
use crate::objects::kinds::ApiKind;

/// The kinds that are read. Pods of all others, such as Jobs and those of
/// operators, are seen as pods.
pub const KINDS: &[ApiKind] = &[
    of_apps("StatefulSet", "statefulsets"),
    of_apps("Deployment", "deployments"),
    of_apps("DaemonSet", "daemonsets"),
    ApiKind { group: "", ..of_apps("Pod", "pods") },
];

const fn of_apps(kind: &'static str, plural: &'static str) -> ApiKind {
    ApiKind { group: "apps", version: "v1", kind, plural, namespaced: true, has_status: true }
}

/// The view of one of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    pub meta: Meta,
    pub kind: &'static ApiKind,
    pub pod_labels: BTreeMap<String, String>,
    /// `None`: its containers were not read.
    pub port_names: Option<Vec<String>>,
    /// How many pods it will have; 0 where they are counted as pods.
    pub pods: u64,
    /// The governing Service of a set.
    pub service_name: Option<String>,
}

impl Workload {
    /// Reads an object of this kind; `None` without a name.
    #[must_use]
    pub fn read(object: &Value, kind: &'static ApiKind) -> Option<Self> {
        let meta = Meta::read(object)?;
        if kind.kind == "Pod" {
            let pod_labels = (*meta.labels).clone();
            return Some(Self { meta, kind, pod_labels, port_names: None, pods: 1, service_name: None });
        }
        let (spec, template) = (&object["spec"], &object["spec"]["template"]);
        let is_set = kind.kind == "StatefulSet";
        // The API defaults a missing number of replicas to 1 (SS-10).
        let replicas = if spec["replicas"].is_null() { 1 } else { count(&spec["replicas"]) };
        Some(Self {
            meta,
            kind,
            pod_labels: map(&template["metadata"]["labels"]),
            port_names: Some(port_names(&template["spec"])),
            pods: if is_set { replicas } else { 0 },
            service_name: maybe_text(&spec["serviceName"]).filter(|name| is_set && !name.is_empty()),
        })
    }

    /// A pod of one of these sets, which tells nothing that the set does not.
    fn is_member(&self, sets: &[(String, String)]) -> bool {
        let owner = self.meta.controller().filter(|owner| owner.kind == "StatefulSet");
        owner.is_some_and(|owner| {
            sets.iter().any(|(namespace, name)| *namespace == self.meta.namespace && *name == owner.name)
        })
    }
}

/// Without the pods of the sets that are among them: what a set says of its pods
/// holds also for those that come after a change.
#[must_use]
pub fn without_members(mut all: Vec<Workload>) -> Vec<Workload> {
    let sets = all.iter().filter(|one| one.kind.kind == "StatefulSet");
    let sets: Vec<(String, String)> = sets.map(|set| (set.meta.namespace.clone(), set.meta.name.clone())).collect();
    all.retain(|one| one.kind.kind != "Pod" || !one.is_member(&sets));
    all
}

fn port_names(spec: &Value) -> Vec<String> {
    let containers = ["initContainers", "containers"].into_iter().flat_map(|list| items(&spec[list]));
    let ports = containers.flat_map(|container| items(&container["ports"]));
    ports.filter_map(|port| maybe_text(&port["name"])).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(kind: &str, object: &Value) -> Workload {
        Workload::read(object, KINDS.iter().find(|known| known.kind == kind).unwrap()).unwrap()
    }

    #[test]
    fn a_set_says_what_its_pods_will_be_and_a_deployment_leaves_the_count_to_its_pods() {
        let container = json!({"name": "app", "ports": [{"name": "http", "containerPort": 80}, {"containerPort": 81}]});
        let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}});
        let object = json!({"metadata": {"name": "web"}, "spec": {"serviceName": "web", "template": template}});
        let set = read("StatefulSet", &object);
        assert_eq!((set.pods, set.service_name.as_deref()), (1, Some("web")));
        assert_eq!(set.port_names, Some(vec!["http".to_owned()]));
        assert_eq!(set.pod_labels["app"], "web");
        let deployment = read("Deployment", &object);
        assert_eq!((deployment.pods, deployment.service_name), (0, None));
    }

    #[test]
    fn the_pods_of_a_set_are_left_out_and_those_of_a_set_of_another_kind_are_not() {
        let pod = |name: &str, set: &str| {
            let owner = json!({"kind": "StatefulSet", "name": set, "uid": "1", "controller": true});
            read("Pod", &json!({"metadata": {"name": name, "ownerReferences": [owner]}}))
        };
        let set = read("StatefulSet", &json!({"metadata": {"name": "web"}}));
        let all = without_members(vec![set, pod("web-0", "web"), pod("db-0", "of-an-operator")]);
        let names: Vec<&str> = all.iter().map(|one| one.meta.name.as_str()).collect();
        assert_eq!(names, ["web", "db-0"]);
    }
}
