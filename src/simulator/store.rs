//! The objects, one strictly rising revision, and the recent history that
//! watches, continued lists and reads of the past are served from.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::controllers::attachments::{Had, KIND as ATTACHMENT};
use super::controllers::stateful_set::Standing;
use super::controllers::{Change, View};
use super::custom::Definitions;
use super::disks::Disks;
use super::mounts::Mounts;
use super::on_nodes::OnNodes;
use super::sayings::Sayings;
use super::shelves::{Key, Place, Shelf, Shelves};
use super::standings::Standings;
use super::status::Refusal;
use crate::objects::kinds::ApiKind;

/// The kind of objects that define other kinds.
const DEFINITION: &str = "CustomResourceDefinition";

/// How many commits are remembered. A watch from before that is told 410.
const HISTORY: usize = 2_000;

/// How long an event is kept.
const EVENTS_LAST: Duration = Duration::from_hours(1);

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Commit {
    pub revision: u64,
    /// Virtual time.
    pub at: Timestamp,
    pub kind: &'static ApiKind,
    pub namespace: String,
    pub name: String,
    /// `None` for a new object.
    pub before: Option<Arc<Value>>,
    /// `None` for a removed object.
    pub after: Option<Arc<Value>>,
    /// The field manager or user agent that asked for it.
    pub by: String,
}

impl Commit {
    /// The commit as actors are told of it.
    #[must_use]
    pub fn change(&self) -> Change<'_> {
        Change { kind: self.kind.kind, by: &self.by, before: self.before.as_deref(), after: self.after.as_deref() }
    }
}

/// The objects of the cluster.
#[derive(Clone, Debug, Default)]
pub struct Store {
    revision: u64,
    objects: Shelves,
    /// When each event is forgotten.
    expiries: BTreeSet<(Timestamp, Key)>,
    definitions: Definitions,
    /// Who names a UID among their owners.
    dependents: BTreeMap<String, BTreeSet<Key>>,
    mounts: Mounts,
    on_nodes: OnNodes,
    standings: Standings,
    disks: Disks,
    sayings: Sayings,
    history: VecDeque<Commit>,
    /// How many commits it remembers, if not as many as others.
    memory: Option<usize>,
    /// Everything up to this revision is forgotten.
    forgotten: u64,
}

impl Store {
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    #[must_use]
    pub fn object(&self, kind: &ApiKind, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.named(kind, namespace, name)
    }

    /// All objects of a kind, sorted by namespace and name; an empty namespace
    /// means all of them.
    pub fn objects<'a>(&'a self, kind: &ApiKind, namespace: &str) -> impl Iterator<Item = &'a Arc<Value>> + use<'a> {
        self.with_places(kind, namespace).map(|(_, object)| object)
    }

    fn with_places<'a>(
        &'a self,
        kind: &ApiKind,
        namespace: &str,
    ) -> impl Iterator<Item = (&'a Place, &'a Arc<Value>)> + use<'a> {
        let mut start = Key::new(kind, namespace, "");
        let wanted = (!namespace.is_empty() && kind.namespaced).then(|| start.place.namespace.clone());
        if wanted.is_none() {
            start.place = Place::default();
        }
        self.objects
            .from(start)
            .take_while(move |(place, _)| wanted.as_ref().is_none_or(|namespace| place.namespace == *namespace))
    }

    /// The events in a namespace that are named after an object of this name.
    pub fn events_about<'a>(&'a self, namespace: &str, name: &str) -> impl Iterator<Item = &'a Arc<Value>> + use<'a> {
        let events = ApiKind::named("Event").map(|kind| Key::new(kind, namespace, &format!("{name}.")));
        events.into_iter().flat_map(move |start| {
            let first = start.place.clone();
            let is_about =
                move |place: &Place| place.namespace == first.namespace && place.name.starts_with(&first.name);
            self.objects.from(start).take_while(move |(place, _)| is_about(place)).map(|(_, object)| object)
        })
    }

    /// An object as it was at a revision, as far as that is known.
    #[must_use]
    pub fn object_at(&self, kind: &ApiKind, namespace: &str, name: &str, revision: u64) -> Option<Arc<Value>> {
        let since = self.history.iter().rev().take_while(|commit| commit.revision > revision);
        let here = since
            .filter(|commit| commit.kind.kind == kind.kind && commit.namespace == namespace && commit.name == name);
        match here.last() {
            Some(first) => first.before.clone(),
            None => self.object(kind, namespace, name).cloned(),
        }
    }

    /// The events whose time is over.
    #[must_use]
    pub fn expired_events(&self, now: Timestamp) -> Vec<Arc<Value>> {
        let over = self.expiries.iter().take_while(|(at, _)| *at <= now);
        over.filter_map(|(_, key)| self.objects.get(key)).cloned().collect()
    }

    /// How many commits are remembered.
    #[must_use]
    pub fn history_len(&self) -> usize {
        self.history.len()
    }

    /// Has it remember so many commits and no more.
    pub fn remember(&mut self, commits: usize) {
        self.memory = Some(commits);
    }

    /// All objects of all kinds, for compaction.
    pub fn everything(&self) -> impl Iterator<Item = &Arc<Value>> {
        self.objects.values()
    }

    /// The objects of a kind as they were at a revision.
    ///
    /// # Errors
    /// 410 if that is no longer known, 504 if it is still to come.
    pub fn objects_at(&self, kind: &ApiKind, namespace: &str, revision: u64) -> Result<Vec<Arc<Value>>, Refusal> {
        if revision > self.revision {
            return Err(Refusal::from_the_future(revision, self.revision));
        }
        if revision < self.forgotten {
            return Err(Refusal::expired_list());
        }
        let now = self.with_places(kind, namespace);
        let mut then: BTreeMap<Place, Arc<Value>> =
            now.map(|(place, object)| (place.clone(), Arc::clone(object))).collect();
        let since = self.history.iter().rev().take_while(|commit| commit.revision > revision);
        for commit in since.filter(|commit| commit.kind.kind == kind.kind && is_in(&commit.namespace, namespace)) {
            let place = Key::new(kind, &commit.namespace, &commit.name).place;
            match &commit.before {
                Some(before) => then.insert(place, Arc::clone(before)),
                None => then.remove(&place),
            };
        }
        Ok(then.into_values().collect())
    }

    /// The objects as they were at a revision, or at the oldest one that is
    /// remembered. It has no history, and does not know who mounts or owns what, nor
    /// what is on which node.
    #[must_use]
    pub fn as_of(&self, revision: u64) -> Self {
        let revision = revision.max(self.forgotten).min(self.revision);
        let mut then = Self {
            revision,
            objects: self.objects.clone(),
            forgotten: revision,
            definitions: self.definitions.clone(),
            ..Self::default()
        };
        for commit in self.history.iter().rev().take_while(|commit| commit.revision > revision) {
            let key = Key::new(commit.kind, &commit.namespace, &commit.name);
            match &commit.before {
                Some(before) => then.objects.insert(key, Arc::clone(before)),
                None => then.objects.remove(&key),
            }
        }
        then
    }

    /// The changes of a kind after a revision, oldest first.
    ///
    /// # Errors
    /// 410 if some of them are forgotten.
    pub fn since(&self, kind: &ApiKind, namespace: &str, revision: u64) -> Result<Vec<Commit>, Refusal> {
        if revision < self.forgotten {
            // Of events the real server keeps no recent changes at hand: its database answers.
            let is_at_hand = kind.kind != "Event";
            return Err(if is_at_hand { Refusal::expired(revision, self.forgotten) } else { Refusal::expired_watch() });
        }
        let start = self.history.partition_point(|commit| commit.revision <= revision);
        let news = self.history.iter().skip(start);
        Ok(news
            .filter(|commit| commit.kind.kind == kind.kind && is_in(&commit.namespace, namespace))
            .cloned()
            .collect())
    }

    /// Takes in a commit; its revision becomes the newest.
    pub fn put(&mut self, commit: Commit) {
        let key = Key::new(commit.kind, &commit.namespace, &commit.name);
        self.index(&key, commit.before.as_deref(), commit.after.as_ref());
        match &commit.after {
            Some(after) => self.objects.insert(key, Arc::clone(after)),
            None => self.objects.remove(&key),
        }
        self.revision = self.revision.max(commit.revision);
        self.history.push_back(commit);
        if self.history.len() > self.memory.unwrap_or(HISTORY)
            && let Some(gone) = self.history.pop_front()
        {
            self.forgotten = gone.revision;
        }
    }

    /// What the custom resource definitions say.
    #[must_use]
    pub fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    fn index(&mut self, key: &Key, before: Option<&Value>, after: Option<&Arc<Value>>) {
        self.standings.note(before, after);
        let after = after.map(|after| &**after);
        if key.shelf.kind == DEFINITION {
            self.definitions.define(&key.place.name, after);
        }
        self.mounts.note(before, after);
        self.on_nodes.note(before, after);
        self.disks.note(before, after);
        self.sayings.note(before, after);
        if let Some(at) = before.and_then(expiry) {
            self.expiries.remove(&(at, key.clone()));
        }
        if let Some(at) = after.and_then(expiry) {
            self.expiries.insert((at, key.clone()));
        }
        for uid in owners(before) {
            if let Some(held) = self.dependents.get_mut(uid) {
                held.remove(key);
                if held.is_empty() {
                    self.dependents.remove(uid);
                }
            }
        }
        for uid in owners(after) {
            self.dependents.entry(uid.to_owned()).or_default().insert(key.clone());
        }
    }

    /// Takes in an object from a snapshot, which has no history.
    pub fn restore(&mut self, kind: &'static ApiKind, object: Value) {
        let (namespace, name) = place(&object);
        let object = Arc::new(object);
        self.index(&Key::new(kind, &namespace, &name), None, Some(&object));
        self.objects.insert(Key::new(kind, &namespace, &name), object);
    }

    /// Ends a snapshot: this is the newest revision, and nothing before it is known.
    pub fn begin_at(&mut self, revision: u64) {
        self.revision = revision;
        self.forgotten = revision;
        self.history.clear();
    }
}

/// When an event is forgotten: an hour after it was last seen.
fn expiry(object: &Value) -> Option<Timestamp> {
    if object["kind"] != "Event" {
        return None;
    }
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let seen = time(&object["lastTimestamp"]).max(time(&object["metadata"]["creationTimestamp"]))?;
    seen.checked_add(EVENTS_LAST).ok()
}

fn owners(object: Option<&Value>) -> impl Iterator<Item = &str> {
    let owners = object.and_then(|object| object["metadata"]["ownerReferences"].as_array());
    owners.into_iter().flatten().filter_map(|owner| owner["uid"].as_str())
}

fn place(object: &Value) -> (String, String) {
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("name"))
}

fn is_in(namespace: &str, wanted: &str) -> bool {
    wanted.is_empty() || namespace == wanted
}

impl View for Store {
    fn list(&self, kind: &str) -> Vec<Arc<Value>> {
        self.list_in(kind, "")
    }

    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.object(self.kind_named(kind)?, namespace, name).cloned()
    }

    fn list_in(&self, kind: &str, namespace: &str) -> Vec<Arc<Value>> {
        self.kind_named(kind).map(|kind| self.objects(kind, namespace).cloned().collect()).unwrap_or_default()
    }

    fn custom_kinds(&self) -> Vec<&'static ApiKind> {
        self.definitions().stored_kinds().collect()
    }

    fn is_gone(&self, kind: &str) -> bool {
        self.definitions().is_gone(kind)
    }

    fn dependents(&self, uid: &str) -> Vec<Arc<Value>> {
        let keys = self.dependents.get(uid).into_iter().flatten();
        keys.filter_map(|key| self.objects.get(key)).cloned().collect()
    }

    fn pods_with(&self, namespace: &str, claim: &str) -> Vec<Arc<Value>> {
        let names = self.mounts.of(namespace, claim);
        names.filter_map(|name| self.get("Pod", namespace, name)).collect()
    }

    fn standings(&self, namespace: &str) -> Vec<Arc<Standing>> {
        self.standings.of_pods(namespace).cloned().collect()
    }

    fn has_owned_claims(&self, namespace: &str) -> bool {
        self.standings.has_owned_claims(namespace)
    }

    fn attachments_of(&self, volume: &str) -> Vec<Arc<Value>> {
        self.on_nodes.attachments_of(volume).filter_map(|name| self.get(ATTACHMENT, "", name)).collect()
    }

    fn attachments_to(&self, node: &str) -> Vec<Arc<Value>> {
        self.on_nodes.attachments_to(node).filter_map(|name| self.get(ATTACHMENT, "", name)).collect()
    }

    fn disk_of(&self, namespace: &str, claim: &str) -> Had<'_> {
        self.disks.of_claim(namespace, claim)
    }

    fn disks_on(&self, node: &str) -> HashSet<Cow<'_, str>> {
        let held = self.on_nodes.attachments_to(node);
        held.filter_map(|name| self.disks.of_attachment(name)).map(Cow::Borrowed).collect()
    }

    fn volumes_called(&self, unique: &str) -> Vec<Arc<Value>> {
        self.disks.called(unique).filter_map(|name| self.get("PersistentVolume", "", name)).collect()
    }

    fn pods_on(&self, node: &str) -> Vec<Arc<Value>> {
        let Some(pods) = ApiKind::named("Pod").map(Shelf::of) else { return Vec::new() };
        self.on_nodes.pods_on(node).filter_map(|place| self.objects.at(&pods, place)).cloned().collect()
    }

    fn first_free(&self, mut addresses: &mut dyn Iterator<Item = String>) -> Option<String> {
        Iterator::find(&mut addresses, |address| !self.on_nodes.is_taken(address))
    }

    fn events_named(&self, namespace: &str, name: &str) -> Vec<Arc<Value>> {
        self.events_about(namespace, name).cloned().collect()
    }

    fn events_saying(&self, namespace: &str, name: &str, reason: &str, message: &str) -> Vec<Arc<Value>> {
        let same = self.sayings.of(namespace, name, reason, message);
        let same = same.filter(|event| event.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')));
        same.filter_map(|event| self.get("Event", namespace, event)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_pods_of_a_node_come_in_the_order_of_a_list() {
        let mut store = Store::default();
        let kind = ApiKind::named("Pod").unwrap();
        for namespace in ["a", "a-b", "b"] {
            let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": "p"},
                             "spec": {"nodeName": "x"}});
            store.restore(kind, pod);
        }
        let listed = store.list("Pod");
        let namespaces: Vec<&str> = listed.iter().map(|pod| pod["metadata"]["namespace"].as_str().unwrap()).collect();
        assert_eq!(namespaces, ["a-b", "a", "b"]);
        assert_eq!(store.pods_on("x"), listed);
    }
}
