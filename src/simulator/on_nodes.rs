//! What is on which node: pods, attached volumes and the addresses of pods. What
//! is asked of one node or volume does not grow with the cluster.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::controllers::attachments;
use super::controllers::fields::Fields;
use super::shelves::Place;

/// Names by what they are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct OnNodes {
    pods: BTreeMap<String, BTreeSet<Place>>,
    addresses: BTreeMap<String, BTreeSet<Place>>,
    attached_to: BTreeMap<String, BTreeSet<String>>,
    attachments_of: BTreeMap<String, BTreeSet<String>>,
}

impl OnNodes {
    /// Takes in a change of an object.
    pub fn note(&mut self, before: Option<&Value>, after: Option<&Value>) {
        match after.or(before).map(Fields::kind) {
            Some("Pod") => {
                turn(&mut self.pods, before.map(|pod| (at(pod), place(pod))), after.map(|pod| (at(pod), place(pod))));
                let address = |pod: &Value| said(pod, "/status/podIP", place);
                turn(&mut self.addresses, before.and_then(address), after.and_then(address));
            }
            Some(attachments::KIND) => {
                let node = |attachment: &Value| said(attachment, "/spec/nodeName", name);
                turn(&mut self.attached_to, before.and_then(node), after.and_then(node));
                let volume = |attachment: &Value| said(attachment, "/spec/source/persistentVolumeName", name);
                turn(&mut self.attachments_of, before.and_then(volume), after.and_then(volume));
            }
            _ => {}
        }
    }

    /// The pods on a node, in the order of a list; those on none, if its name is empty.
    pub fn pods_on(&self, node: &str) -> impl Iterator<Item = &Place> {
        self.pods.get(node).into_iter().flatten()
    }

    /// The attachments to a node, by name.
    pub fn attachments_to(&self, node: &str) -> impl Iterator<Item = &str> {
        self.attached_to.get(node).into_iter().flatten().map(String::as_str)
    }

    /// The attachments of a volume, by name.
    pub fn attachments_of(&self, volume: &str) -> impl Iterator<Item = &str> {
        self.attachments_of.get(volume).into_iter().flatten().map(String::as_str)
    }

    /// Whether a pod has this address.
    pub fn is_taken(&self, address: &str) -> bool {
        self.addresses.contains_key(address)
    }
}

fn place(pod: &Value) -> Place {
    Place::within(pod.namespace(), pod.name())
}

fn name(object: &Value) -> String {
    object.name().to_owned()
}

/// The node of a pod; empty if it is on none.
fn at(pod: &Value) -> String {
    pod.text("/spec/nodeName").to_owned()
}

/// What an object says at a pointer, and its name; nothing if it says nothing.
fn said<Name>(object: &Value, pointer: &str, name: fn(&Value) -> Name) -> Option<(String, Name)> {
    Some(object.text(pointer)).filter(|text| !text.is_empty()).map(|text| (text.to_owned(), name(object)))
}

/// Moves a name from where it was to where it is.
fn turn<Name: Ord>(
    held: &mut BTreeMap<String, BTreeSet<Name>>,
    before: Option<(String, Name)>,
    after: Option<(String, Name)>,
) {
    if before == after {
        return;
    }
    if let Some((old, name)) = before
        && let Some(names) = held.get_mut(&old)
    {
        names.remove(&name);
        if names.is_empty() {
            held.remove(&old);
        }
    }
    if let Some((new, name)) = after {
        held.entry(new).or_default().insert(name);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_and_attachments_are_known_where_they_are() {
        let pod = |node: &str, address: &str| {
            json!({"kind": "Pod", "metadata": {"namespace": "n", "name": "p"}, "spec": {"nodeName": node},
                   "status": {"podIP": address}})
        };
        let attachment = json!({"kind": "VolumeAttachment", "metadata": {"name": "a"},
            "spec": {"nodeName": "x", "source": {"persistentVolumeName": "v"}}});
        let mut on_nodes = OnNodes::default();
        let (new, bound, up) = (pod("", ""), pod("x", ""), pod("x", "1.2.3.4"));
        on_nodes.note(None, Some(&new));
        assert!(on_nodes.pods_on("").eq([&Place::within("n", "p")]) && on_nodes.addresses.is_empty());
        on_nodes.note(Some(&new), Some(&bound));
        assert!(on_nodes.pods_on("").next().is_none());
        on_nodes.note(Some(&bound), Some(&up));
        on_nodes.note(None, Some(&attachment));
        assert!(on_nodes.pods_on("x").eq([&Place::within("n", "p")]) && on_nodes.is_taken("1.2.3.4"));
        assert!(on_nodes.attachments_to("x").eq(["a"]) && on_nodes.attachments_of("v").eq(["a"]));
        on_nodes.note(Some(&up), None);
        on_nodes.note(Some(&attachment), None);
        assert!(on_nodes.pods.is_empty() && on_nodes.addresses.is_empty());
        assert!(on_nodes.attached_to.is_empty() && on_nodes.attachments_of.is_empty());
    }
}
