//! What has happened in the namespace of one scenario, as it was told: the
//! objects as they are now, and names for what the servers choose freely.
//!
//! A revision is A, B, C, … in the order of making. An object is known by its
//! name and by how many of that name there have been.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kubectl_stateful::objects::kinds::ApiKind;
use serde_json::Value;

/// The kinds that a scenario is told of.
pub const RECORDED: [&str; 9] = [
    "Namespace",
    "ConfigMap",
    "StatefulSet",
    "ControllerRevision",
    "Pod",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "VolumeAttachment",
    "Event",
];

/// One change of one object.
pub struct Change {
    pub kind: &'static ApiKind,
    pub object: Value,
    pub gone: bool,
}

/// The story of one namespace.
pub(super) struct Story {
    pub namespace: String,
    /// Events that tell of a lost race are read as if it had been won.
    has_races: bool,
    /// Attachments are listened to.
    attachments: bool,
    objects: BTreeMap<(&'static str, String), Arc<Change>>,
    /// UID, and how the object is called.
    uids: Vec<(String, String)>,
    /// Names of revisions, in the order of making.
    revisions: Vec<String>,
    /// What pods went through since the last rest: the pod and what it was.
    course: Vec<(String, String)>,
    /// Texts of events that do not count when they are told again.
    told: BTreeSet<String>,
    /// Texts of events since the last rest that had not been told before.
    news: BTreeSet<String>,
}

impl Story {
    pub fn new(namespace: &str, has_races: bool, attachments: bool) -> Self {
        Self {
            namespace: namespace.to_owned(),
            has_races,
            attachments,
            objects: BTreeMap::new(),
            uids: Vec::new(),
            revisions: Vec::new(),
            course: Vec::new(),
            told: BTreeSet::new(),
            news: BTreeSet::new(),
        }
    }

    /// Takes in what belongs to the namespace; answers whether anything did
    /// that a rest has to wait for.
    pub fn hear(&mut self, changes: &[Arc<Change>]) -> bool {
        let mut moved = false;
        for change in changes {
            if !self.concerns(change) {
                continue;
            }
            if change.kind.kind == "Event" {
                self.hear_event(change);
            } else {
                moved |= self.is_told_apart(change);
                self.hear_object(change);
            }
        }
        moved
    }

    fn concerns(&self, change: &Change) -> bool {
        let namespace = self.namespace.as_str();
        if change.kind.namespaced {
            return change.object["metadata"]["namespace"] == namespace;
        }
        if change.kind.kind == "VolumeAttachment" {
            return self.attachments;
        }
        let spec = &change.object["spec"];
        let name = text(&change.object, "/metadata/name");
        if change.kind.kind == "Namespace" {
            return name == namespace;
        }
        spec["claimRef"]["namespace"] == namespace
            || spec["storageClassName"] == namespace
            || name.strip_prefix(namespace).is_some_and(|rest| rest.starts_with('-'))
    }

    /// All attachments are listened to, since a volume may be heard of later
    /// than what it is attached to; those of others move nothing here.
    fn is_told_apart(&self, change: &Change) -> bool {
        let volume = text(&change.object, "/spec/source/persistentVolumeName");
        change.kind.kind != "VolumeAttachment" || self.seen("PersistentVolume", volume).is_some()
    }

    fn hear_object(&mut self, change: &Arc<Change>) {
        let name = text(&change.object, "/metadata/name").to_owned();
        self.name_uid(change.kind.kind, &name, text(&change.object, "/metadata/uid"));
        match change.kind.kind {
            "ControllerRevision" if !self.revisions.contains(&name) => self.revisions.push(name.clone()),
            "Pod" => self.hear_pod(&name, change),
            "Namespace" => self.hear_namespace(change),
            _ => {}
        }
        self.objects.insert((change.kind.kind, name), Arc::clone(change));
    }

    fn hear_pod(&mut self, name: &str, change: &Change) {
        let uid = &change.object["metadata"]["uid"];
        let before = self.object("Pod", name).filter(|pod| pod["metadata"]["uid"] == *uid);
        let terminating = |pod: &Value| pod["metadata"]["deletionTimestamp"].is_string();
        let mut moves = Vec::new();
        if before.is_none() && !change.gone {
            // The revision may not have been heard of yet.
            let revision = text(&change.object, "/metadata/labels/controller-revision-hash");
            moves.push(if revision.is_empty() { "created".to_owned() } else { format!("created at {revision}") });
        }
        if change.gone {
            moves.push("gone".to_owned());
        } else if terminating(&change.object) && !before.is_some_and(terminating) {
            moves.push("deletion begins".to_owned());
        } else if is_ready(&change.object) && !before.is_some_and(is_ready) {
            moves.push("ready".to_owned());
        }
        self.course.extend(moves.into_iter().map(|what| (name.to_owned(), what)));
    }

    fn hear_namespace(&mut self, change: &Change) {
        let is_terminating = |object: &Value| object["metadata"]["deletionTimestamp"].is_string();
        let was_terminating = self.object("Namespace", &self.namespace).is_some_and(is_terminating);
        let what = match (change.gone, is_terminating(&change.object) && !was_terminating) {
            (true, _) => "gone",
            (false, true) => "deletion begins",
            (false, false) => return,
        };
        self.course.push(("namespace".to_owned(), what.to_owned()));
    }

    fn hear_event(&mut self, change: &Change) {
        if change.gone || !is_lasting(&change.object, self.attachments) {
            return;
        }
        let about = &change.object["involvedObject"];
        let [kind, reason, message] = ["/type", "/reason", "/message"].map(|pointer| text(&change.object, pointer));
        let message = message.strip_prefix("(combined from similar events): ").unwrap_or(message);
        // What the server's own structs look like is left to the corpus of requests.
        let message = message.split("\n@@").next().unwrap_or(message);
        // How much of a quota is used is counted some time after it was used.
        let message = message.split(", used: ").next().unwrap_or(message);
        let race = if self.has_races { lost_race(message) } else { Race::None };
        let told = match race {
            Race::None => format!("{kind} {reason}: {message}"),
            Race::InsteadOf(told) => told,
            Race::Lost => return,
        };
        let line = format!("{}/{} {told}", text(about, "/kind"), text(about, "/name"));
        if self.told.insert(line.clone()) {
            self.news.insert(line);
        }
    }

    fn name_uid(&mut self, kind: &str, name: &str, uid: &str) {
        if self.uids.iter().any(|(known, _)| known == uid) {
            return;
        }
        let same = format!("{kind}/{name} #");
        let number = 1 + self.uids.iter().filter(|(_, called)| called.starts_with(&same)).count();
        self.uids.push((uid.to_owned(), format!("{same}{number}")));
    }

    /// The object of this name, if it is there.
    pub fn object(&self, kind: &str, name: &str) -> Option<&Value> {
        self.seen(kind, name).filter(|seen| !seen.gone).map(|seen| &seen.object)
    }

    /// The object of this name as it was last seen.
    pub fn seen(&self, kind: &str, name: &str) -> Option<&Arc<Change>> {
        self.objects.iter().find(|((known, held), _)| *known == kind && held == name).map(|(_, seen)| seen)
    }

    /// All objects of a kind that are there, by name.
    pub fn all<'a>(&'a self, kind: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let of_kind = self.objects.iter().filter(move |((known, _), seen)| *known == kind && !seen.gone);
        of_kind.map(|((_, name), seen)| (name.as_str(), &seen.object))
    }

    /// The letter of a revision.
    pub fn revision(&self, name: &str) -> String {
        match self.revisions.iter().position(|known| known == name) {
            Some(position) => letter(position),
            None => name.to_owned(),
        }
    }

    /// How the object with this UID is called, such as `Pod/web-0 #2`.
    pub fn called<'a>(&'a self, uid: &'a str) -> &'a str {
        self.uids.iter().find(|(known, _)| known == uid).map_or(uid, |(_, called)| called)
    }

    /// A text with everything renamed that the servers choose freely.
    pub fn plain(&self, text: &str) -> String {
        let mut plain = text.replace(&self.namespace, "$NAMESPACE");
        for (uid, called) in self.uids.iter().filter(|(uid, _)| !uid.is_empty()) {
            plain = plain.replace(uid.as_str(), &format!("<{called}>"));
        }
        for (position, name) in self.revisions.iter().enumerate() {
            plain = plain.replace(name.as_str(), &format!("<revision {}>", letter(position)));
        }
        for node in ["node-a", "node-b", "node-c"] {
            plain = plain.replace(node, "<node>");
        }
        plain
    }

    /// The course since the last rest; pod by pod where no order is promised.
    pub fn course(&self, unordered: bool) -> Vec<String> {
        let mut course = self.course.clone();
        if unordered {
            course.sort_by(|one, other| one.0.cmp(&other.0));
        }
        let told = course.into_iter().map(|(pod, what)| match what.strip_prefix("created at ") {
            Some(revision) => format!("{pod} created at {}", self.revision(revision)),
            None => format!("{pod} {what}"),
        });
        told.collect()
    }

    /// Events since the last rest; a warning when it is first told.
    pub fn events(&self) -> Vec<String> {
        self.news.iter().map(|line| self.plain(line)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// A rest is over.
    pub fn turn_page(&mut self) {
        self.course.clear();
        self.news.clear();
        // What was done can be done again; a complaint is repeated at times of its own.
        self.told.retain(|line| !line.contains(" Normal "));
    }
}

/// Whether a pod's condition says that it is ready.
pub(super) fn is_ready(pod: &Value) -> bool {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|held| held["type"] == "Ready" && held["status"] == "True")
}

fn letter(position: usize) -> String {
    let offset = u8::try_from(position % 26).unwrap_or(0);
    char::from(b'A' + offset).to_string()
}

pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

/// Told because of a state that lasts or of something that was done. Others
/// come and go with the races between components.
fn is_lasting(event: &Value, attachments: bool) -> bool {
    match text(event, "/source/component") {
        "statefulset-controller" => true,
        "attachdetach-controller" => attachments,
        "persistentvolume-controller" => matches!(
            text(event, "/reason"),
            "VolumeMismatch"
                | "ClaimLost"
                | "ClaimMisbound"
                | "VolumeFailedDelete"
                | "ProvisioningFailed"
                | "FailedBinding"
        ),
        _ => false,
    }
}

/// What an event tells of two controllers that wrote the same object at once.
enum Race {
    None,
    /// It stands in the place of this one.
    InsteadOf(String),
    /// It is told now and then, and the write is tried again.
    Lost,
}

/// The controller writes into a claim that it has just made, and loses that
/// race to the binder now and then: then it tells of this instead of the pod's
/// creation.
fn lost_race(message: &str) -> Race {
    if !message.ends_with("please apply your changes to the latest version and try again") {
        return Race::None;
    }
    let about = message.split_once(" failed error: could not update claim ").map(|(before, _)| before);
    match about.and_then(|before| before.strip_prefix("Update")) {
        Some(about) => Race::InsteadOf(format!("Normal SuccessfulCreate: Create{about} successful")),
        None => Race::Lost,
    }
}
