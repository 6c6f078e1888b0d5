//! Building what an actor asks for: one pass over one object, and all passes
//! together.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::{Dependents, EventType, Part, Step, View, Write};

impl Step {
    /// Appends a write.
    pub(super) fn push(&mut self, write: Write) {
        self.parts.push(Part::Write(write));
    }

    /// Appends writes that do not depend on each other, each with what depends
    /// on it.
    pub(super) fn batch(&mut self, units: Vec<Self>) {
        for time in units.iter().filter_map(|unit| unit.wake) {
            self.wake_at(time);
        }
        let parts: Vec<Vec<Part>> = units.into_iter().map(|unit| unit.parts).filter(|unit| !unit.is_empty()).collect();
        if !parts.is_empty() {
            self.parts.push(Part::Batch(parts));
        }
    }

    /// Appends a merge patch of `object`.
    pub(super) fn patch(&mut self, object: &Value, patch: Value) {
        self.push(Write::Patch { target: object.target(), patch: patch.into() });
    }

    /// Appends a merge patch of `object` that fails if somebody else has
    /// written it since it was looked at.
    pub(super) fn patch_unchanged(&mut self, object: &Value, mut patch: Value) {
        let version = object.text("/metadata/resourceVersion");
        if !version.is_empty() {
            patch["metadata"]["resourceVersion"] = json!(version);
        }
        self.patch(object, patch);
    }

    /// Appends a merge patch of `object`'s status.
    pub(super) fn patch_status(&mut self, object: &Value, status: Value) {
        // `json!` would copy it: the status of a node lists all its volumes.
        let patch = Map::from_iter([("status".to_owned(), status)]);
        self.push(Write::PatchStatus { target: object.target(), patch: Arc::new(patch.into()) });
    }

    /// Appends a merge patch of one field of `object`'s status.
    pub(super) fn patch_status_field(&mut self, object: &Value, name: &str, value: Value) {
        self.patch_status(object, Map::from_iter([(name.to_owned(), value)]).into());
    }

    /// Appends a delete of exactly this `object`.
    pub(super) fn delete(&mut self, object: &Value, grace: Option<u32>) {
        let (target, uid) = (object.target(), object.uid().to_owned());
        self.push(Write::Delete { target, uid, grace, dependents: None });
    }

    /// The same, with a word about its dependents.
    pub(super) fn delete_with(&mut self, object: &Value, dependents: Dependents) {
        let (target, uid) = (object.target(), object.uid().to_owned());
        self.push(Write::Delete { target, uid, grace: None, dependents: Some(dependents) });
    }

    /// Appends an event that goes with a write of this pass.
    pub(super) fn event(&mut self, about: &Value, kind: EventType, reason: &str, message: impl Into<String>) {
        self.push(Write::Event { target: about.target(), kind, reason: reason.to_owned(), message: message.into() });
    }

    /// Appends an event that tells of a state, unless the same has been told
    /// already: an actor must come to rest while the state lasts.
    pub(super) fn event_once(
        &mut self,
        view: &dyn View,
        about: &Value,
        kind: EventType,
        reason: &str,
        message: impl Into<String>,
    ) {
        let message = message.into();
        if !told(view, about, reason, &message) {
            self.event(about, kind, reason, message);
        }
    }

    /// Asks for a look at `time`, or at an earlier one asked for before.
    pub(super) fn wake_at(&mut self, time: Timestamp) {
        self.wake = Some(self.wake.map_or(time, |set| set.min(time)));
    }

    /// All passes as one step.
    pub(super) fn joined(passes: Vec<Self>) -> Self {
        let mut all = Self::default();
        for pass in passes {
            all.parts.extend(pass.parts);
            if let Some(time) = pass.wake {
                all.wake_at(time);
            }
        }
        all
    }

    /// The pass, unless it asks for nothing.
    pub(super) fn if_any(self) -> Vec<Self> {
        if self.is_idle() { Vec::new() } else { vec![self] }
    }

    /// Whether the pass asks for nothing at all.
    pub(super) fn is_idle(&self) -> bool {
        self.parts.is_empty() && self.wake.is_none()
    }
}

/// Whether an equal event about the same object exists.
pub(super) fn told(view: &dyn View, about: &Value, reason: &str, message: &str) -> bool {
    let namespace = if about.namespace().is_empty() { "default" } else { about.namespace() };
    view.events_saying(namespace, about.name(), reason, message).iter().any(|event| {
        let involved = &event["involvedObject"];
        let uid = involved.text("/uid");
        event["message"] == message
            && event["reason"] == reason
            && involved["kind"] == about.kind()
            && involved["name"] == about.name()
            && involved.text("/namespace") == about.namespace()
            && (uid.is_empty() || uid == about.uid())
    })
}
