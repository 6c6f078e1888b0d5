//! Who makes pods, or is one: the workloads of the input, and those of the
//! cluster that the input does not replace. Rules that ask who is behind a
//! Service or budget take both from here.

use std::collections::BTreeMap;

use super::kind::Kind;
use super::labels::{chooses, demands};
use super::manifests::{Document, Manifests};
use crate::facts::workload::Workload;
use crate::objects::placed::Placed;

/// One of them.
#[derive(Clone, Copy, Debug)]
pub enum Maker<'a> {
    Written(&'a Document),
    /// Of the cluster.
    Live(&'a Workload),
}

impl Manifests {
    /// Those of a namespace, the ones of the input first. Where the cluster was
    /// not asked or may not be read, there are no others.
    pub fn makers<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = Maker<'a>> {
        let own = self.resolved(namespace);
        let is_own =
            move |workload: &&Document| self.resolved(workload.namespace()) == own && !self.is_member(workload);
        let written = self.workloads().filter(is_own);
        let live = self.beyond.iter().filter_map(|beyond| beyond.workloads.as_ref()).flatten();
        let live = live.filter(move |workload| workload.meta.namespace == own && !self.replaces(workload));
        written.map(Maker::Written).chain(live.map(Maker::Live))
    }

    /// Those whose pods the Service or budget chooses by labels.
    #[must_use]
    pub fn chosen_by<'a>(&'a self, document: &'a Document) -> Vec<Maker<'a>> {
        let Some((_, demanded)) = demands(document) else { return Vec::new() };
        self.makers(document.namespace()).filter(|maker| chooses(&demanded, maker.labels())).collect()
    }

    /// Whether all who make pods on the cluster were seen.
    #[must_use]
    pub fn sees_makers(&self) -> bool {
        self.beyond.as_ref().is_some_and(|beyond| beyond.workloads.is_some())
    }

    /// An exported pod, beside who made it: that one stands for all of them.
    fn is_member(&self, document: &Document) -> bool {
        let owners = document.items("metadata.ownerReferences").iter();
        let text = |owner: &'_ Placed, key: &str| owner.get(key).and_then(Placed::text).unwrap_or_default().to_owned();
        let is_here = |owner: &Placed| {
            let kind = Kind::of(&text(owner, "apiVersion"), &text(owner, "kind"));
            self.find(kind, document.namespace(), &text(owner, "name")).is_some()
        };
        document.kind == Kind::Pod && owners.into_iter().any(is_here)
    }

    fn replaces(&self, workload: &Workload) -> bool {
        let kind = Kind::of(&workload.kind.api_version(), workload.kind.kind);
        self.find(kind, &workload.meta.namespace, &workload.meta.name).is_some()
    }
}

impl<'a> Maker<'a> {
    /// `StatefulSet/web`, and whether it is one of the cluster.
    #[must_use]
    pub fn title(self) -> String {
        match self {
            Self::Written(document) => document.title(),
            Self::Live(workload) => format!("{}/{} of the cluster", workload.kind.kind, workload.meta.name),
        }
    }

    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// A set, a Deployment and the like, and no pod by itself.
    #[must_use]
    pub fn has_template(self) -> bool {
        match self {
            Self::Written(document) => document.kind != Kind::Pod,
            Self::Live(workload) => workload.kind.kind != "Pod",
        }
    }

    /// The labels of its pods.
    #[must_use]
    pub const fn labels(self) -> &'a BTreeMap<String, String> {
        match self {
            Self::Written(document) => document.pod_labels(),
            Self::Live(workload) => &workload.pod_labels,
        }
    }

    /// The names of the ports of its containers; `None`: unknown.
    #[must_use]
    pub fn port_names(self) -> Option<Vec<&'a str>> {
        match self {
            Self::Written(document) => {
                let ports =
                    document.containers().filter_map(|container| container.get("ports")).flat_map(Placed::items);
                Some(ports.filter_map(|port| port.get("name")?.text()).collect())
            }
            Self::Live(workload) => Some(workload.port_names.as_ref()?.iter().map(String::as_str).collect()),
        }
    }

    /// The numbers of the ports of its containers; `None`: unknown, as of what is live.
    #[must_use]
    pub fn port_numbers(self) -> Option<Vec<i64>> {
        let Self::Written(document) = self else { return None };
        let ports = document.containers().filter_map(|container| container.get("ports")).flat_map(Placed::items);
        Some(ports.filter_map(|port| port.get("containerPort")?.number()).collect())
    }

    /// How many pods it counts for.
    #[must_use]
    pub fn pods(self) -> i64 {
        match self {
            Self::Written(document) => document.replicas(),
            Self::Live(workload) => i64::try_from(workload.pods).unwrap_or(i64::MAX),
        }
    }

    /// A set that names this Service as its own.
    #[must_use]
    pub fn is_governed_by(self, service: &str) -> bool {
        match self {
            Self::Written(document) => {
                document.kind == Kind::StatefulSet && document.text("spec.serviceName") == service
            }
            Self::Live(workload) => workload.service_name.as_deref() == Some(service),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnosis::samples::{SOUND, beyond, manifests};
    use crate::facts::samples::{pod, set};

    #[test]
    fn exported_pods_beside_their_set_are_no_makers_of_their_own() {
        let owner = "ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web}]";
        let pod = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web-0, labels: {{app: web}}, {owner}}}\n");
        let all = manifests(&format!("{SOUND}---\n{pod}"));
        assert_eq!(all.makers("").map(Maker::title).collect::<Vec<_>>(), ["StatefulSet/web"]);
        assert_eq!(manifests(&pod).makers("").count(), 1);
    }

    #[test]
    fn the_input_comes_first_and_replaces_what_the_cluster_has_under_its_name() {
        let mut all = manifests(SOUND);
        let mut other = pod("api", 0, "node-a");
        other["metadata"]["namespace"] = json!("other");
        all.beyond =
            Some(beyond(&[set("web", 1), set("db", 2), pod("db", 0, "node-a"), pod("api", 0, "node-a"), other]));
        let titles: Vec<String> = all.makers("").map(Maker::title).collect();
        assert_eq!(titles, ["StatefulSet/web", "StatefulSet/db of the cluster", "Pod/api-0 of the cluster"]);
        let same: Vec<String> = all.makers("default").map(Maker::title).collect();
        assert_eq!(same, titles);
        assert_eq!(all.makers("other").count(), 1);
        assert!(all.makers("").all(|maker| maker.has_template() || maker.port_names().is_none()));
    }

    #[test]
    fn without_a_cluster_the_input_stands_for_itself() {
        let all = manifests(SOUND);
        assert_eq!((all.makers("").count(), all.sees_makers()), (1, false));
        assert_eq!(all.chosen_by(&all.documents[0]).len(), 1);
    }
}
