//! What actors see: lists and objects, and what a store knows without going
//! through all of them. What is not answered otherwise is worked out here from
//! the lists, so that any other view is right, if slower.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::Value;

use super::attachments::{self, Had, holds, is_attachable, unique_name};
use super::binder::is_in_use;
use super::fields::Fields;
use super::stateful_set::Standing;
use crate::objects::kinds::{ApiKind, KINDS};

/// What an actor may look at. Lists are sorted by namespace and name.
pub trait View {
    /// All objects of a kind (`"Pod"`, `"PersistentVolumeClaim"`, …), each
    /// complete with `apiVersion` and `kind`.
    fn list(&self, kind: &str) -> Vec<Arc<Value>>;

    /// One object; `namespace` is empty for cluster-scoped kinds.
    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>>;

    /// The kinds that custom resource definitions made.
    fn custom_kinds(&self) -> Vec<&'static ApiKind> {
        Vec::new()
    }

    /// Whether there was such a custom kind, and its definition is gone.
    fn is_gone(&self, _kind: &str) -> bool {
        false
    }

    /// The kinds of all objects but Events.
    fn kinds(&self) -> Vec<&'static ApiKind> {
        KINDS.iter().filter(|known| known.kind != "Event").chain(self.custom_kinds()).collect()
    }

    /// The objects of a namespaced kind in one namespace.
    fn list_in(&self, kind: &str, namespace: &str) -> Vec<Arc<Value>> {
        let mut all = self.list(kind);
        all.retain(|object| object["metadata"]["namespace"] == namespace);
        all
    }

    /// The objects that name this UID among their owners, Events aside.
    fn dependents(&self, uid: &str) -> Vec<Arc<Value>> {
        let mut all: Vec<Arc<Value>> = self.kinds().iter().flat_map(|known| self.list(known.kind)).collect();
        all.retain(|object| object.owners().iter().any(|owner| owner["uid"] == uid));
        all
    }

    /// The pods that mount a claim.
    fn pods_with(&self, namespace: &str, claim: &str) -> Vec<Arc<Value>> {
        let mut all = self.list_in("Pod", namespace);
        all.retain(|pod| attachments::mounts(pod, claim));
        all
    }

    /// What the pods of a namespace say to their sets, in the order of a list.
    fn standings(&self, namespace: &str) -> Vec<Arc<Standing>> {
        self.list_in("Pod", namespace).iter().map(|pod| Arc::new(Standing::of(pod))).collect()
    }

    /// Whether any claim in a namespace has an owner.
    fn has_owned_claims(&self, namespace: &str) -> bool {
        self.list_in("PersistentVolumeClaim", namespace).iter().any(|claim| !claim.owners().is_empty())
    }

    /// The attachments of a volume.
    fn attachments_of(&self, volume: &str) -> Vec<Arc<Value>> {
        let mut all = self.list(attachments::KIND);
        all.retain(|held| held["spec"]["source"]["persistentVolumeName"] == volume);
        all
    }

    /// The attachments to a node.
    fn attachments_to(&self, node: &str) -> Vec<Arc<Value>> {
        let mut all = self.list(attachments::KIND);
        all.retain(|held| held["spec"]["nodeName"] == node);
        all
    }

    /// What a claim has, as nodes know it.
    fn disk_of(&self, namespace: &str, claim: &str) -> Had<'_> {
        let Some(claim) = self.get("PersistentVolumeClaim", namespace, claim) else { return Had::NoClaim };
        let volume = self.get("PersistentVolume", "", claim.text("/spec/volumeName")).filter(|_| is_in_use(&claim));
        let disk = volume.filter(|volume| is_attachable(volume));
        disk.map_or(Had::NoDisk, |volume| Had::Disk(unique_name(&volume).into()))
    }

    /// What a node calls the volumes whose attachments to it hold, in no order.
    fn disks_on(&self, node: &str) -> HashSet<Cow<'_, str>> {
        let mut attachments = self.attachments_to(node);
        attachments.retain(|attachment| holds(attachment));
        let volumes = attachments.iter().filter_map(|attachment| {
            let name = attachment.text("/spec/source/persistentVolumeName");
            let volume = self.get("PersistentVolume", "", name)?;
            attachments::is_for(attachment, &volume).then_some(volume)
        });
        volumes.map(|volume| unique_name(&volume).into()).collect()
    }

    /// The volumes that nodes call so.
    fn volumes_called(&self, unique: &str) -> Vec<Arc<Value>> {
        let mut all = self.list("PersistentVolume");
        all.retain(|volume| is_attachable(volume) && unique_name(volume) == unique);
        all
    }

    /// The pods that were put on a node; those on none, if its name is empty.
    fn pods_on(&self, node: &str) -> Vec<Arc<Value>> {
        let mut all = self.list("Pod");
        all.retain(|pod| pod.text("/spec/nodeName") == node);
        all
    }

    /// The first of these addresses that no pod has.
    fn first_free(&self, mut addresses: &mut dyn Iterator<Item = String>) -> Option<String> {
        let pods = self.list("Pod");
        let taken: BTreeSet<&str> = pods.iter().map(|pod| pod.text("/status/podIP")).collect();
        Iterator::find(&mut addresses, |address| !taken.contains(address.as_str()))
    }

    /// The events whose name says that they are about an object of this name,
    /// in this namespace: Kubernetes names them `NAME.SUFFIX`.
    fn events_named(&self, namespace: &str, name: &str) -> Vec<Arc<Value>> {
        let mut all = self.list_in("Event", namespace);
        all.retain(|event| {
            let rest = event["metadata"]["name"].as_str().and_then(|held| held.strip_prefix(name));
            rest.is_some_and(|rest| rest.starts_with('.'))
        });
        all
    }

    /// Those of them that say this.
    fn events_saying(&self, namespace: &str, name: &str, reason: &str, message: &str) -> Vec<Arc<Value>> {
        let mut all = self.events_named(namespace, name);
        all.retain(|event| event["reason"] == reason && event["message"] == message);
        all
    }
}
