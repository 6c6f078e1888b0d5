//! Reading the fields of any object. Everything read here came from a user or
//! a server, so a missing or misshapen field reads as absent and never fails.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Target;
use crate::objects::kinds::key_of;
use crate::simulator::clock::clock_text;

/// Short names for the reads that every actor does.
pub(in crate::simulator) trait Fields {
    /// The string at a JSON pointer; empty if there is none.
    fn text(&self, pointer: &str) -> &str;
    /// The integer at a JSON pointer.
    fn number(&self, pointer: &str) -> Option<i64>;
    /// The list at a JSON pointer; empty if there is none.
    fn items(&self, pointer: &str) -> &[Value];
    /// The RFC 3339 time at a JSON pointer.
    fn instant(&self, pointer: &str) -> Option<Timestamp>;

    fn name(&self) -> &str {
        self.text("/metadata/name")
    }
    fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }
    fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }
    fn kind(&self) -> &str {
        self.text("/kind")
    }
    fn phase(&self) -> &str {
        self.text("/status/phase")
    }
    /// Whether a pod has ended: no container of it runs or ever will.
    fn has_ended(&self) -> bool {
        matches!(self.phase(), "Succeeded" | "Failed")
    }
    /// Whether `deletionTimestamp` is set.
    fn terminating(&self) -> bool {
        !self.text("/metadata/deletionTimestamp").is_empty()
    }
    fn owners(&self) -> &[Value] {
        self.items("/metadata/ownerReferences")
    }
    /// The owner reference with `controller: true`.
    fn controller(&self) -> Option<&Value> {
        self.owners().iter().find(|owner| owner["controller"] == true)
    }
    fn annotation(&self, key: &str) -> Option<&str>;
    fn label(&self, key: &str) -> Option<&str>;
    fn has_finalizer(&self, finalizer: &str) -> bool {
        self.items("/metadata/finalizers").iter().any(|held| held == finalizer)
    }
    /// The finalizers other than `finalizer`, as a complete list for a patch.
    fn finalizers_without(&self, finalizer: &str) -> Value {
        self.items("/metadata/finalizers").iter().filter(|held| *held != finalizer).cloned().collect()
    }
    /// The condition of a type.
    fn condition(&self, kind: &str) -> Option<&Value> {
        self.items("/status/conditions").iter().find(|condition| condition["type"] == kind)
    }
    /// Whether the condition of a type is `True`.
    fn holds(&self, kind: &str) -> bool {
        self.condition(kind).is_some_and(|condition| condition["status"] == "True")
    }
    fn target(&self) -> Target {
        Target {
            kind: key_of(self.text("/apiVersion"), self.kind()),
            namespace: self.namespace().to_owned(),
            name: self.name().to_owned(),
        }
    }
}

/// What stands at a JSON pointer of plain names. `Value::pointer` copies each
/// name to look for escapes, which there are none of here.
fn at<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut names = pointer.strip_prefix('/')?.split('/');
    names.try_fold(value, |value, name| match value {
        Value::Object(_) => field_of(value, name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// Objects have few fields: to look through their names is cheaper than to hash
/// the one that is wanted.
pub(super) fn field_of<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    const FEW: usize = 16;
    let fields = object.as_object()?;
    if fields.len() > FEW {
        return fields.get(name);
    }
    fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

impl Fields for Value {
    fn text(&self, pointer: &str) -> &str {
        at(self, pointer).and_then(Value::as_str).unwrap_or("")
    }

    fn number(&self, pointer: &str) -> Option<i64> {
        at(self, pointer).and_then(Value::as_i64)
    }

    fn items(&self, pointer: &str) -> &[Value] {
        at(self, pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn instant(&self, pointer: &str) -> Option<Timestamp> {
        self.text(pointer).parse().ok()
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        field_of(at(self, "/metadata/annotations")?, key)?.as_str()
    }

    fn label(&self, key: &str) -> Option<&str> {
        field_of(at(self, "/metadata/labels")?, key)?.as_str()
    }
}

/// `time` plus whole seconds, which may be negative; on overflow the last time
/// that there is, or the first.
pub(in crate::simulator) fn later(time: Timestamp, seconds: i64) -> Timestamp {
    let furthest = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    time.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(furthest)
}

/// The name of the claim of a pod's volume: its own, or for an ephemeral volume
/// the one that is derived from the pod.
pub(super) fn claim_of<'a>(pod: &Value, volume: &'a Value) -> Option<Cow<'a, str>> {
    let claim = field_of(volume, "persistentVolumeClaim").and_then(|source| field_of(source, "claimName"));
    match claim.and_then(Value::as_str) {
        Some(claim) => Some(Cow::Borrowed(claim)),
        None => volume["ephemeral"].is_object().then(|| Cow::Owned(ephemeral_claim_name(pod, volume))),
    }
}

/// The names of the claims of all its volumes.
pub(in crate::simulator) fn claim_names(pod: &Value) -> Vec<String> {
    pod.items("/spec/volumes").iter().filter_map(|volume| claim_of(pod, volume)).map(Cow::into_owned).collect()
}

/// The name of the claim of a pod's ephemeral volume.
pub(super) fn ephemeral_claim_name(pod: &Value, volume: &Value) -> String {
    format!("{}-{}", pod.name(), volume.text("/name"))
}

/// Whether a claim is the pod's own and no other that happens to have its name.
pub(super) fn is_made_for(pod: &Value, claim: &Value) -> bool {
    claim.controller().is_some_and(|owner| owner["uid"] == pod.uid())
}

/// A controller's owner reference to `owner` (SS-80).
pub(super) fn controller_reference(owner: &Value, api_version: &str, kind: &str) -> Value {
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "name": owner.name(),
        "uid": owner.uid(),
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// A list of conditions in which the one of `new`'s type is replaced, or
/// appended; its transition time is kept while the status stays the same.
pub(in crate::simulator) fn with_condition(object: &Value, mut new: Value, now: Timestamp) -> Vec<Value> {
    let mut conditions = object.items("/status/conditions").to_vec();
    let kind = new["type"].clone();
    let old = conditions.iter_mut().find(|condition| condition["type"] == kind);
    new["lastTransitionTime"] = match &old {
        Some(condition) if condition["status"] == new["status"] => condition["lastTransitionTime"].clone(),
        _ => json!(clock_text(now)),
    };
    match old {
        Some(condition) => *condition = new,
        None => conditions.push(new),
    }
    conditions
}

/// A merge patch that puts `new` in the place of `old`.
pub(super) fn instead(old: &Value, mut new: Map<String, Value>) -> Value {
    for name in old.as_object().into_iter().flat_map(Map::keys) {
        new.entry(name).or_insert(Value::Null);
    }
    Value::Object(new)
}

/// The places of some objects.
pub(super) fn targets(objects: &[Arc<Value>]) -> Vec<Target> {
    objects.iter().map(|object| object.target()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_beyond_all_times_are_the_last_or_the_first() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        assert_eq!(clock_text(later(now, 60)), "2026-03-01T10:01:00Z");
        assert_eq!(clock_text(later(now, -60)), "2026-03-01T09:59:00Z");
        assert_eq!(later(now, i64::MAX), Timestamp::MAX);
        assert_eq!(later(now, i64::MIN), Timestamp::MIN);
    }
}
