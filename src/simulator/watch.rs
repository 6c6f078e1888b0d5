//! Watches: a place in the history and what was asked for. The service polls
//! `more` after each commit; nothing here waits or knows about sockets.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::query::Query;
use super::reads::selects;
use super::request::ObjectCall;
use super::schema::table;
use super::store::{Commit, Store};
use crate::objects::kinds::ApiKind;

/// How often a client that asked for bookmarks gets one, in virtual time.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);

/// How long before its end a watch gets a last one.
const BEFORE_THE_END: Duration = Duration::from_secs(2);

/// A running watch.
#[derive(Debug)]
pub struct WatchStart {
    kind: &'static ApiKind,
    namespace: String,
    query: Query,
    /// Events up to here were sent.
    revision: u64,
    /// Lines that stand at the beginning: the objects that exist already.
    initial: Vec<Value>,
    last_bookmark: Timestamp,
    ends: Option<Timestamp>,
    ended: bool,
}

impl WatchStart {
    #[must_use]
    pub fn new(store: &Store, call: &ObjectCall, now: Timestamp) -> Self {
        let query = call.query.clone();
        // Without a revision, what there is comes first unless it is declined.
        let begins_anywhere = matches!(query.resource_version, None | Some(0));
        let is_told_all = query.send_initial.unwrap_or(begins_anywhere);
        let from_now = begins_anywhere || is_told_all;
        let is_marked = query.bookmarks && is_told_all;
        let limit = query.timeout_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let mut watch = Self {
            kind: call.kind,
            namespace: call.namespace.clone(),
            revision: if from_now { store.revision() } else { query.resource_version.unwrap_or(0) },
            query,
            initial: Vec::new(),
            last_bookmark: now,
            ends: limit.and_then(|limit| now.checked_add(limit).ok()),
            ended: false,
        };
        if is_told_all {
            watch.initial = store
                .objects(watch.kind, &watch.namespace)
                .filter(|object| watch.takes(object))
                .map(|object| json!({"type": "ADDED", "object": shown(watch.kind, object)}))
                .collect();
            if is_marked {
                let mut bookmark = watch.bookmark();
                bookmark["object"]["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
                watch.initial.push(bookmark);
            }
        }
        watch
    }

    fn takes(&self, object: &Value) -> bool {
        selects(&self.query, object)
    }

    /// An empty object of the kind, in Go's spelling, with the revision.
    fn bookmark(&self) -> Value {
        let mut object = json!({"kind": self.kind.name(), "apiVersion": self.kind.api_version()});
        if let (Some(fields), Value::Object(zeros)) = (object.as_object_mut(), table().kind(self.kind.kind).zero()) {
            fields.extend(zeros);
        }
        // Pointers and lists that the server's own form of the kind has as values.
        match self.kind.kind {
            "StatefulSet" => {
                object["spec"]["replicas"] = json!(0);
                object["spec"]["selector"] = Value::Null;
            }
            "EndpointSlice" => {
                object["endpoints"] = Value::Null;
                object["ports"] = Value::Null;
            }
            "ControllerRevision" => object["data"] = Value::Null,
            _ => {}
        }
        object["metadata"] = json!({ "resourceVersion": self.revision.to_string() });
        json!({"type": "BOOKMARK", "object": object})
    }

    /// The events since the last call; `None` when the watch is over.
    pub fn more(&mut self, store: &Store, now: Timestamp) -> Option<Vec<Value>> {
        if self.ended {
            return None;
        }
        let mut lines = std::mem::take(&mut self.initial);
        match store.since(self.kind, &self.namespace, self.revision) {
            Ok(commits) => lines.extend(commits.iter().filter_map(|commit| self.event(commit))),
            Err(refusal) => {
                self.ended = true;
                lines.push(json!({"type": "ERROR", "object": refusal.into_value()}));
                return Some(lines);
            }
        }
        self.revision = self.revision.max(store.revision());
        let since = self.last_bookmark.duration_until(now).unsigned_abs();
        let is_last = self.ends.is_some_and(|ends| {
            now.checked_add(BEFORE_THE_END).is_ok_and(|soon| soon >= ends && self.last_bookmark < now)
        });
        if self.query.bookmarks && (since >= BOOKMARK_EVERY || is_last) {
            self.last_bookmark = now;
            lines.push(self.bookmark());
        }
        if self.ends.is_some_and(|ends| now >= ends) {
            self.ended = true;
        }
        Some(lines)
    }

    /// When the client wants it to end.
    #[must_use]
    pub fn ends(&self) -> Option<Timestamp> {
        self.ends
    }

    /// Whether there is nothing to come any more.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// An object that begins to match is added, one that no longer does is
    /// deleted, whatever happened to it. A deletion shows the last state that
    /// was told, with the revision of the change.
    fn event(&self, commit: &Commit) -> Option<Value> {
        let before = commit.before.as_deref().filter(|object| self.takes(object));
        let after = commit.after.as_deref().filter(|object| self.takes(object));
        match (before, after) {
            (None, None) => None,
            (None, Some(after)) => Some(json!({"type": "ADDED", "object": shown(self.kind, after)})),
            (Some(_), Some(after)) => Some(json!({"type": "MODIFIED", "object": shown(self.kind, after)})),
            (Some(before), None) => {
                let mut last = shown(self.kind, before);
                last["metadata"]["resourceVersion"] = Value::from(commit.revision.to_string());
                Some(json!({"type": "DELETED", "object": last}))
            }
        }
    }
}

/// The object in the version that was asked for.
fn shown(kind: &ApiKind, object: &Value) -> Value {
    let mut object = object.clone();
    if kind.is_custom() {
        object["apiVersion"] = kind.api_version().into();
    }
    object
}
