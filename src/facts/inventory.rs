//! All that `status` and the rules of `doctor` look at, as it was read from
//! one namespace or from all. A list that may not be read is `None`, so that
//! nothing unread passes for "there is none".

use std::collections::{BTreeMap, BTreeSet};

use futures::join;
use jiff::Timestamp;
use serde_json::Value;

use super::claim::Claim;
use super::event::Event;
use super::lock::Held;
use super::node::Node;
use super::pod::Pod;
use super::reader::{Reader, is_forbidden, is_missing};
use super::service::Service;
use super::set::Set;
use super::volume::Volume;
use crate::objects::kinds::ApiKind;

/// What was read. `sets` are all sets of the namespaces that may be read, also
/// those that nobody asked for: claim names are ambiguous only among all of them (H-10).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    pub sets: Vec<Set>,
    /// There may be more sets, which may not be listed.
    pub sets_hidden: bool,
    pub pods: Option<Vec<Pod>>,
    pub claims: Option<Vec<Claim>>,
    pub services: Option<Vec<Service>>,
    pub volumes: Option<Vec<Volume>>,
    pub nodes: Option<Vec<Node>>,
    pub events: Option<Vec<Event>>,
    /// Who works on sets, or has stopped without an end.
    pub locks: Option<Vec<Held>>,
}

/// A list that the caller may not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unreadable {
    Sets,
    Pods,
    Claims,
    Services,
    Volumes,
    Nodes,
    Events,
    Leases,
}

impl Unreadable {
    /// The resource as rights name it.
    #[must_use]
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Sets => "statefulsets",
            Self::Pods => "pods",
            Self::Claims => "persistentvolumeclaims",
            Self::Services => "services",
            Self::Volumes => "persistentvolumes",
            Self::Nodes => "nodes",
            Self::Events => "events",
            Self::Leases => "leases",
        }
    }
}

impl Inventory {
    /// Reads everything around these sets but the events, which only matter
    /// where something is wrong. An empty `namespace` means all of them.
    ///
    /// # Errors
    /// Whatever is not a lack of rights.
    pub async fn around(sets: Vec<Set>, reader: &Reader, namespace: &str) -> Result<Self, kube::Error> {
        let (pods, claims, services, volumes, nodes, locks) = join!(
            read_list(reader, "Pod", namespace, Pod::read),
            read_list(reader, "PersistentVolumeClaim", namespace, Claim::read),
            read_list(reader, "Service", namespace, Service::read),
            read_list(reader, "PersistentVolume", "", Volume::read),
            read_list(reader, "Node", "", Node::read),
            read_list(reader, "Lease", namespace, Held::read),
        );
        Ok(Self {
            sets,
            sets_hidden: false,
            pods: pods?,
            claims: claims?,
            services: services?,
            volumes: volumes?,
            nodes: nodes?,
            events: Some(Vec::new()),
            locks: locks?,
        })
    }

    /// Adds the events, which say why something is not as it should be.
    ///
    /// # Errors
    /// Whatever is not a lack of rights.
    pub async fn with_events(mut self, reader: &Reader, namespace: &str) -> Result<Self, kube::Error> {
        self.events = read_list(reader, "Event", namespace, Event::read).await?;
        Ok(self)
    }

    /// Those that anything was read of, by name, and those that volumes and locks are left of.
    #[must_use]
    pub fn namespaces(&self) -> BTreeSet<&str> {
        let sets = self.sets.iter().map(|set| &set.meta);
        let pods = self.pods.iter().flatten().map(|pod| &pod.meta);
        let claims = self.claims.iter().flatten().map(|claim| &claim.meta);
        let services = self.services.iter().flatten().map(|service| &service.meta);
        let read = sets.chain(pods).chain(claims).chain(services).map(|meta| meta.namespace.as_str());
        let volumes =
            self.volumes.iter().flatten().filter_map(|volume| Some(volume.claim.as_ref()?.namespace.as_str()));
        let locks = self.locks.iter().flatten().map(|lock| lock.namespace.as_str());
        read.chain(volumes).chain(locks).filter(|name| !name.is_empty()).collect()
    }

    /// What could not be read, for want of rights.
    #[must_use]
    pub fn unreadable(&self) -> Vec<Unreadable> {
        [
            (self.sets_hidden, Unreadable::Sets),
            (self.pods.is_none(), Unreadable::Pods),
            (self.claims.is_none(), Unreadable::Claims),
            (self.services.is_none(), Unreadable::Services),
            (self.volumes.is_none(), Unreadable::Volumes),
            (self.nodes.is_none(), Unreadable::Nodes),
            (self.events.is_none(), Unreadable::Events),
            (self.locks.is_none(), Unreadable::Leases),
        ]
        .into_iter()
        .filter_map(|(missing, what)| missing.then_some(what))
        .collect()
    }
}

/// A list of a kind; `None` if the caller may not read it. Of a kind that the
/// server does not know there are no objects.
///
/// # Errors
/// Whatever is not a lack of rights.
pub async fn read_list<T>(
    reader: &Reader,
    kind: &str,
    namespace: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<Vec<T>>, kube::Error> {
    read_selected(reader, kind, namespace, None, read).await
}

/// The same of those with these labels.
///
/// # Errors
/// Whatever is not a lack of rights.
pub async fn read_selected<T>(
    reader: &Reader,
    kind: &str,
    namespace: &str,
    selector: Option<&str>,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<Vec<T>>, kube::Error> {
    let Some(kind) = ApiKind::named(kind) else { return Ok(None) };
    read_kind(reader, kind, namespace, selector, read).await
}

/// The same of a kind that this program otherwise does not handle.
///
/// # Errors
/// Whatever is not a lack of rights.
pub async fn read_kind<T>(
    reader: &Reader,
    kind: &ApiKind,
    namespace: &str,
    selector: Option<&str>,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<Vec<T>>, kube::Error> {
    match reader.list_as(kind, namespace, selector, read).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_forbidden(&error) => Ok(None),
        Err(error) if is_missing(&error) => Ok(Some(Vec::new())),
        Err(error) => Err(error),
    }
}

/// One namespace of an inventory, indexed by name, at one moment.
pub struct Scene<'a> {
    pub now: Timestamp,
    pub namespace: String,
    pub sets: Vec<&'a Set>,
    /// See [`Inventory::sets_hidden`].
    pub sets_hidden: bool,
    pub pods: Option<Vec<&'a Pod>>,
    pub claims: Option<BTreeMap<&'a str, &'a Claim>>,
    pub services: Option<BTreeMap<&'a str, &'a Service>>,
    pub volumes: Option<BTreeMap<&'a str, &'a Volume>>,
    pub nodes: Option<&'a [Node]>,
    pub events: Option<&'a [Event]>,
    pub locks: Option<Vec<&'a Held>>,
}

impl<'a> Scene<'a> {
    #[must_use]
    pub fn of(inventory: &'a Inventory, namespace: &str, now: Timestamp) -> Self {
        Self {
            now,
            namespace: namespace.to_owned(),
            sets: inventory.sets.iter().filter(|set| set.meta.namespace == namespace).collect(),
            sets_hidden: inventory.sets_hidden,
            pods: inventory
                .pods
                .as_ref()
                .map(|pods| pods.iter().filter(|pod| pod.meta.namespace == namespace).collect()),
            claims: inventory.claims.as_ref().map(|claims| {
                let here = claims.iter().filter(|claim| claim.meta.namespace == namespace);
                here.map(|claim| (claim.meta.name.as_str(), claim)).collect()
            }),
            services: inventory.services.as_ref().map(|services| {
                let here = services.iter().filter(|service| service.meta.namespace == namespace);
                here.map(|service| (service.meta.name.as_str(), service)).collect()
            }),
            volumes: inventory
                .volumes
                .as_ref()
                .map(|volumes| volumes.iter().map(|volume| (volume.meta.name.as_str(), volume)).collect()),
            nodes: inventory.nodes.as_deref(),
            events: inventory.events.as_deref(),
            locks: inventory
                .locks
                .as_ref()
                .map(|locks| locks.iter().filter(|lock| lock.namespace == namespace).collect()),
        }
    }

    #[must_use]
    pub fn node(&self, name: &str) -> Option<&'a Node> {
        self.nodes?.iter().find(|node| node.meta.name == name)
    }

    /// Who holds the lock of a set.
    #[must_use]
    pub fn lock_on(&self, set: &str) -> Option<&'a Held> {
        self.locks.as_ref()?.iter().copied().find(|lock| lock.set == set)
    }

    /// The volume that a claim is bound to, where it can be read.
    #[must_use]
    pub fn volume_of(&self, claim: &Claim) -> Option<&'a Volume> {
        self.volumes.as_ref()?.get(claim.volume_name.as_deref()?).copied()
    }

    /// The pods on a node that use this claim, finished ones included: they
    /// keep a deleted claim from going (PV-51).
    #[must_use]
    pub fn holders(&self, claim: &Claim) -> Vec<&'a Pod> {
        let uses = |pod: &&Pod| pod.node.is_some() && pod.uses(&claim.meta.name);
        self.pods.iter().flatten().copied().filter(|pod| uses(pod)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_not_read_is_named() {
        let mut inventory = Inventory::default();
        assert_eq!(inventory.unreadable().len(), 7);
        inventory.pods = Some(Vec::new());
        inventory.claims = Some(Vec::new());
        inventory.services = Some(Vec::new());
        inventory.events = Some(Vec::new());
        inventory.locks = Some(Vec::new());
        let names: Vec<_> = inventory.unreadable().into_iter().map(Unreadable::resource).collect();
        assert_eq!(names, ["persistentvolumes", "nodes"]);
    }

    #[test]
    fn only_pods_on_a_node_hold_a_claim_and_finished_ones_do_too() {
        let pod = |name: &str, node: Option<&str>, phase: &str| {
            let volumes = json!([{"name": "d", "persistentVolumeClaim": {"claimName": "data-web-0"}}]);
            let spec = json!({"nodeName": node, "volumes": volumes});
            Pod::read(&json!({"metadata": {"name": name}, "spec": spec, "status": {"phase": phase}})).unwrap()
        };
        let pods = vec![
            pod("waiting", None, "Pending"),
            pod("done", Some("n"), "Succeeded"),
            pod("web-0", Some("n"), "Running"),
        ];
        let inventory = Inventory { pods: Some(pods), ..Inventory::default() };
        let scene = Scene::of(&inventory, "", Timestamp::UNIX_EPOCH);
        let claim = Claim::read(&json!({"metadata": {"name": "data-web-0"}})).unwrap();
        let holders: Vec<_> = scene.holders(&claim).iter().map(|pod| pod.meta.name.as_str()).collect();
        assert_eq!(holders, ["done", "web-0"]);
    }
}
