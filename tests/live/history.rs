//! Everything that happens on the whole control plane to the kinds that
//! scenarios are told of, from one watch each, in one list.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use futures::StreamExt;
use futures::future::join_all;
use http::Request;
use kube::Client;
use kube::core::WatchEvent;
use kubectl_stateful::objects::kinds::{ApiKind, collection_path};
use serde_json::Value;

use crate::support::api::runtime;
use crate::support::control_plane::ControlPlane;
use crate::support::credentials::User;
use crate::support::scenario::{Change, RECORDED};

/// Longer than any run of these tests.
const WATCH_SECONDS: u32 = 3600;

/// What has happened since the recording began.
#[derive(Default)]
pub struct History {
    changes: Mutex<Vec<Arc<Change>>>,
    ended: Mutex<Option<String>>,
}

impl History {
    /// Records until the control plane is stopped.
    pub fn record(plane: &ControlPlane) -> Result<Arc<Self>, String> {
        let history = Arc::new(Self::default());
        let written = Arc::clone(&history);
        let runtime = runtime()?;
        let client = runtime.block_on(plane.client(User::Admin))?;
        let work = move || {
            let kinds = RECORDED.iter().filter_map(|name| ApiKind::named(name));
            runtime.block_on(join_all(kinds.map(|kind| written.watch(&client, kind))));
        };
        thread::Builder::new().name("history".to_owned()).spawn(work).map_err(|error| error.to_string())?;
        Ok(history)
    }

    async fn watch(&self, client: &Client, kind: &'static ApiKind) {
        let mut revision = String::new();
        let ended = loop {
            // The server ends a watch that is read too slowly; the next one goes on from there.
            let before = revision.clone();
            match self.follow(client, kind, &mut revision).await {
                Ok(()) if revision != before => {}
                Ok(()) => break "ended without a word".to_owned(),
                Err(error) => break error,
            }
        };
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("watch of {}: {ended}", kind.kind));
    }

    /// Follows what comes after a revision, and keeps the last one.
    async fn follow(&self, client: &Client, kind: &'static ApiKind, revision: &mut String) -> Result<(), String> {
        let path = collection_path(kind, "");
        let uri = format!("{path}?watch=true&timeoutSeconds={WATCH_SECONDS}&resourceVersion={revision}");
        let request = Request::get(uri).body(Vec::new()).map_err(|error| error.to_string())?;
        let stream = client.request_events::<Value>(request).await.map_err(|error| error.to_string())?;
        futures::pin_mut!(stream);
        while let Some(event) = stream.next().await {
            let (object, gone) = match event.map_err(|error| error.to_string())? {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => (object, false),
                WatchEvent::Deleted(object) => (object, true),
                WatchEvent::Bookmark(_) => continue,
                WatchEvent::Error(status) => return Err(status.message),
            };
            object["metadata"]["resourceVersion"].as_str().unwrap_or_default().clone_into(revision);
            let change = Arc::new(Change { kind, object, gone });
            self.changes.lock().unwrap_or_else(PoisonError::into_inner).push(change);
        }
        Ok(())
    }

    /// What happened after the first `heard` changes. A recording that has
    /// ended is an error: nothing would look like rest.
    pub fn since(&self, heard: usize) -> Result<Vec<Arc<Change>>, String> {
        if let Some(reason) = &*self.ended.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(reason.clone());
        }
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(changes.get(heard..).unwrap_or_default().to_vec())
    }
}
