//! What a namespace looks like: one line for each set, revision, pod, claim and
//! volume, and for the namespace if it goes, with what tells one course of things from another. What is usual is
//! left out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::story::{Story, is_ready, text};

/// The line of each object, by kind and name.
pub(super) type Picture = BTreeMap<String, String>;

/// How an object of a kind is described.
type View = fn(&Story, &Value) -> Vec<String>;

/// The picture of a namespace.
pub(super) fn of(story: &Story) -> Picture {
    let views: [(&str, &str, View); 7] = [
        ("set", "StatefulSet", set),
        ("revision", "ControllerRevision", revision),
        ("pod", "Pod", pod),
        ("config", "ConfigMap", config),
        ("claim", "PersistentVolumeClaim", claim),
        ("volume", "PersistentVolume", volume),
        ("attachment", "VolumeAttachment", attachment),
    ];
    let namespace = story.object("Namespace", &story.namespace).filter(|home| is_terminating(home));
    let home = namespace.map(|object| ("namespace".to_owned(), self::namespace(story, object).join("; ")));
    let lines = views.into_iter().flat_map(|(word, kind, view)| {
        story.all(kind).filter(|(_, object)| !is_remade(story, object)).filter_map(move |(name, object)| {
            let mut line = view(story, object);
            line.extend(common(story, object));
            let name = if kind == "VolumeAttachment" { attached(story, object)? } else { story.plain(name) };
            Some((format!("{word}/{name}"), line.join("; ")))
        })
    });
    home.into_iter().chain(lines).collect()
}

/// A revision of a set that waits for its dependents: the collector deletes it
/// and the set makes it anew, by turns.
fn is_remade(story: &Story, object: &Value) -> bool {
    let owners = || object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let waits = |set: &Value| {
        let finalizers = set["metadata"]["finalizers"].as_array().into_iter().flatten();
        is_terminating(set) && finalizers.into_iter().any(|finalizer| finalizer == "foregroundDeletion")
    };
    let sets = || story.all("StatefulSet").map(|(_, set)| set).filter(|set| waits(set));
    object["kind"] == "ControllerRevision"
        && sets().any(|set| owners().any(|owner| owner["uid"] == set["metadata"]["uid"]))
}

fn is_terminating(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

/// What the conditions say, whose texts name what is left.
fn namespace(story: &Story, object: &Value) -> Vec<String> {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let told = conditions.map(|held| {
        let [kind, status, reason, message] =
            ["/type", "/status", "/reason", "/message"].map(|pointer| text(held, pointer));
        story.plain(&format!("{kind} {status}, {reason}: {message}"))
    });
    std::iter::once(text(object, "/status/phase").to_owned()).chain(told).collect()
}

/// What is attached where, if it is a volume of this story. (Attachments have
/// names that nobody can read.)
fn attached(story: &Story, object: &Value) -> Option<String> {
    let volume = text(object, "/spec/source/persistentVolumeName");
    story.seen("PersistentVolume", volume)?;
    Some(format!("{} on {}", story.plain(volume), text(object, "/spec/nodeName")))
}

fn attachment(_story: &Story, object: &Value) -> Vec<String> {
    let mut line = vec![text(object, "/spec/attacher").to_owned()];
    if object["status"]["attached"] == true {
        line.push("attached".to_owned());
    }
    line
}

/// What every kind tells: that it is on its way out, whose it is, and which of
/// its name.
fn common(story: &Story, object: &Value) -> Vec<String> {
    let mut line = Vec::new();
    if is_terminating(object) {
        line.push("terminating".to_owned());
    }
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let owners = owners.map(|owner| {
        let word = if owner["controller"] == true { "controlled by" } else { "owned by" };
        format!("{word} {}", story.called(text(owner, "/uid")))
    });
    line.extend(owners);
    let called = story.called(text(object, "/metadata/uid"));
    if let Some((_, number)) = called.rsplit_once('#').filter(|(_, number)| *number != "1") {
        line.push(format!("number {number} of this name"));
    }
    line
}

fn set(story: &Story, object: &Value) -> Vec<String> {
    let status = &object["status"];
    let count = |name: &str| status[name].as_u64().unwrap_or(0);
    let mut line = vec![format!(
        "{} of {} replicas, {} ready, {} available, {} current, {} updated",
        count("replicas"),
        object["spec"]["replicas"],
        count("readyReplicas"),
        count("availableReplicas"),
        count("currentReplicas"),
        count("updatedReplicas")
    )];
    let [current, update] =
        ["/currentRevision", "/updateRevision"].map(|pointer| story.revision(text(status, pointer)));
    line.push(if current == update { format!("at {current}") } else { format!("from {current} to {update}") });
    if status["observedGeneration"] != object["metadata"]["generation"] {
        line.push("not observed".to_owned());
    }
    let conditions = status["conditions"].as_array().into_iter().flatten();
    line.extend(conditions.map(|held| format!("{} {}", text(held, "/type"), text(held, "/status"))));
    line
}

fn revision(_story: &Story, object: &Value) -> Vec<String> {
    vec![format!("revision {}", object["revision"])]
}

fn pod(story: &Story, object: &Value) -> Vec<String> {
    let conditions = object["status"]["conditions"].as_array();
    let condition = |kind: &str| conditions.into_iter().flatten().find(|held| held["type"] == kind);
    let ready = if is_ready(object) { ", ready" } else { "" };
    let mut line = vec![format!("{}{ready}", text(object, "/status/phase"))];
    let waiting = text(object, "/status/containerStatuses/0/state/waiting/reason");
    let reasons = [text(object, "/status/reason"), waiting];
    line.extend(reasons.iter().filter(|reason| !reason.is_empty()).map(|reason| (*reason).to_owned()));
    line.extend(unprepared(object));
    let hash = text(object, "/metadata/labels/controller-revision-hash");
    if !hash.is_empty() {
        line.push(format!("at {}", story.revision(hash)));
    }
    let volumes = object["spec"]["volumes"].as_array().into_iter().flatten();
    let mut claims: Vec<&str> =
        volumes.filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str()).collect();
    // The controller puts them in in no fixed order.
    claims.sort_unstable();
    line.extend(claims.iter().map(|name| format!("mounts {name}")));
    if let Some(waits) = condition("PodScheduled").filter(|held| held["status"] != "True") {
        line.push(format!("on no node: {}", story.plain(text(waits, "/message"))));
    }
    line
}

/// The init container that keeps a pod from going on, and why.
fn unprepared(pod: &Value) -> Option<String> {
    let statuses = pod["status"]["initContainerStatuses"].as_array().into_iter().flatten();
    let waiting = statuses.map(|status| {
        let [name, waiting, ended] =
            ["/name", "/state/waiting/reason", "/state/terminated/reason"].map(|pointer| text(status, pointer));
        (name, if waiting.is_empty() { ended } else { waiting })
    });
    let (name, reason) = waiting.into_iter().find(|(_, reason)| !matches!(*reason, "" | "Completed"))?;
    Some(format!("{name} {reason}"))
}

fn config(_story: &Story, object: &Value) -> Vec<String> {
    let held = object["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let held: Vec<&str> = held.collect();
    vec![if held.is_empty() { "there".to_owned() } else { format!("held by {}", held.join(", ")) }]
}

fn claim(story: &Story, object: &Value) -> Vec<String> {
    let asked = text(object, "/spec/resources/requests/storage");
    let has = text(object, "/status/capacity/storage");
    let phase = text(object, "/status/phase");
    let mut line = vec![phase.to_owned()];
    line.push(match has {
        "" if phase == "Bound" => format!("{asked} asked, no capacity"),
        "" => asked.to_owned(),
        has if has == asked => asked.to_owned(),
        has => format!("{asked} asked, {has} had"),
    });
    let volume = text(object, "/spec/volumeName");
    if !volume.is_empty() {
        line.push(story.plain(volume));
    }
    match object["spec"]["storageClassName"].as_str() {
        Some(class) if class == story.namespace => {}
        Some(class) => line.push(format!("class `{}`", story.plain(class))),
        None => line.push("no class".to_owned()),
    }
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    line.extend(conditions.map(|condition| text(condition, "/type").to_owned()));
    line
}

fn volume(story: &Story, object: &Value) -> Vec<String> {
    let size = text(object, "/spec/capacity/storage").to_owned();
    let policy = text(object, "/spec/persistentVolumeReclaimPolicy").to_owned();
    let mut line = vec![text(object, "/status/phase").to_owned(), size, policy];
    let reference = &object["spec"]["claimRef"];
    if reference.is_object() {
        let claim = match text(reference, "/uid") {
            "" => format!("any {}", text(reference, "/name")),
            uid => story.plain(story.called(uid)),
        };
        line.push(format!("for {claim}"));
    }
    if object["metadata"]["annotations"].get("pv.kubernetes.io/bound-by-controller").is_some() {
        line.push("bound by the controller".to_owned());
    }
    line
}
