//! What of two clusters is compared that share some objects by UID: what was
//! made later gets a symbol, and revisions are told by their number.

use std::collections::{BTreeMap, BTreeSet};

use kubectl_stateful::facts::snapshot::Snapshot;
use serde_json::{Map, Value, json};

/// What both clusters have in common.
pub struct Known {
    uids: BTreeSet<String>,
    /// Events up to here are common history.
    revision: u64,
}

pub fn title(object: &Value) -> String {
    format!("{}/{}", text(object, "/kind"), text(object, "/metadata/name"))
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn revision(object: &Value) -> u64 {
    text(object, "/metadata/resourceVersion").parse().unwrap_or(0)
}

impl Known {
    pub fn of(taken: &Snapshot) -> Self {
        let uids = taken.objects.iter().map(|object| text(object, "/metadata/uid").to_owned()).collect();
        Self { uids, revision: taken.objects.iter().map(revision).max().unwrap_or(0) }
    }

    fn identity(&self, uid: &str) -> String {
        if uid.is_empty() || self.uids.contains(uid) { uid.to_owned() } else { "new".to_owned() }
    }

    /// Pods, claims, volumes, sets and revisions.
    pub fn picture(&self, taken: &Snapshot) -> Value {
        let numbers: BTreeMap<String, Value> = taken
            .of("ControllerRevision")
            .map(|object| (text(object, "/metadata/name").to_owned(), object["revision"].clone()))
            .collect();
        let number = |name: &str| numbers.get(name).cloned().unwrap_or_default();
        let mut all = Map::new();
        for object in &taken.objects {
            let seen = match text(object, "/kind") {
                "Pod" => pod(object, &number(text(object, "/metadata/labels/controller-revision-hash"))),
                "PersistentVolumeClaim" => self.claim(object),
                "PersistentVolume" => self.volume(object),
                "StatefulSet" => {
                    let mut status = object["status"].clone();
                    for field in ["currentRevision", "updateRevision"] {
                        status[field] = number(text(&status, &format!("/{field}")));
                    }
                    json!({"status": status, "spec": object["spec"]})
                }
                "ControllerRevision" => json!({"revision": object["revision"], "data": object["data"]}),
                _ => continue,
            };
            let uid = self.identity(text(object, "/metadata/uid"));
            all.insert(self.place(object), json!({"uid": uid, "seen": seen}));
        }
        all.sort_keys();
        Value::Object(all)
    }

    /// Volumes made later are told by their claim, revisions by set and number.
    fn place(&self, object: &Value) -> String {
        let is_new = !self.uids.contains(text(object, "/metadata/uid"));
        match text(object, "/kind") {
            "PersistentVolume" if is_new => format!("volume of {}", text(object, "/spec/claimRef/name")),
            "ControllerRevision" if is_new => {
                format!("revision {} of {}", object["revision"], text(object, "/metadata/ownerReferences/0/name"))
            }
            _ => title(object),
        }
    }

    fn claim(&self, claim: &Value) -> Value {
        let volume = text(claim, "/spec/volumeName");
        let volume = if self.knows_volume(volume) { volume } else { "new" };
        json!({
            "phase": claim["status"]["phase"], "volume": volume,
            "terminating": !claim["metadata"]["deletionTimestamp"].is_null(),
            "finalizers": claim["metadata"]["finalizers"], "owners": owners(claim),
        })
    }

    /// Provisioned volumes are named after the UID of their claim.
    fn knows_volume(&self, name: &str) -> bool {
        name.strip_prefix("pvc-").is_none_or(|uid| self.uids.contains(uid))
    }

    fn volume(&self, volume: &Value) -> Value {
        json!({
            "phase": volume["status"]["phase"], "policy": volume["spec"]["persistentVolumeReclaimPolicy"],
            "claim": volume["spec"]["claimRef"]["name"],
            "claimUid": self.identity(text(volume, "/spec/claimRef/uid")),
            "finalizers": volume["metadata"]["finalizers"],
        })
    }

    /// What the controller of each set told that it did, in its order.
    pub fn course(&self, mut events: Vec<Value>) -> Value {
        events.retain(|event| revision(event) > self.revision && text(event, "/involvedObject/kind") == "StatefulSet");
        events.sort_by_key(revision);
        let mut course: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for event in &events {
            course.entry(text(event, "/involvedObject/name")).or_default().push(text(event, "/message"));
        }
        json!(course)
    }
}

fn pod(pod: &Value, revision: &Value) -> Value {
    let ready = pod["status"]["conditions"].as_array().into_iter().flatten().find(|one| one["type"] == "Ready");
    json!({
        "phase": pod["status"]["phase"], "ready": ready.map(|ready| ready["status"].clone()), "revision": revision,
        "terminating": !pod["metadata"]["deletionTimestamp"].is_null(),
        "volumes": pod["spec"]["volumes"].as_array().map(|volumes| volumes.iter().filter(|volume| {
            volume["persistentVolumeClaim"].is_object()
        }).cloned().collect::<Vec<_>>()),
        "owners": owners(pod),
    })
}

fn owners(object: &Value) -> Vec<String> {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.map(|owner| format!("{}/{}", text(owner, "/kind"), text(owner, "/name"))).collect()
}
