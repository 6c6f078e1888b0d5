//! Watches in the corpus: a step opens one, a later step says how many of its
//! events are to be there, or that it is to end.

use std::collections::BTreeMap;
use std::time::Duration;

use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;

/// A server that has said nothing for so long will not.
const PATIENCE: Duration = Duration::from_secs(20);

/// The watches of one entry, by the number of the step that opened them.
#[derive(Default)]
pub struct Streams {
    open: BTreeMap<usize, Stream>,
}

struct Stream {
    body: Body,
    /// What has come in and is no whole line yet.
    rest: Vec<u8>,
    has_ended: bool,
}

impl Streams {
    pub fn insert(&mut self, step: usize, body: Body) {
        self.open.insert(step, Stream { body, rest: Vec::new(), has_ended: false });
    }

    /// The next `count` events of the watch that a step opened. A server says how
    /// far it is whenever it likes: only who waits for that hears it.
    pub async fn take(&mut self, step: usize, count: usize, with_bookmarks: bool) -> Result<Vec<Value>, String> {
        let stream = self.stream(step)?;
        let mut events = Vec::new();
        while events.len() < count {
            let event = stream.next().await?;
            let event = event.ok_or_else(|| format!("the watch ended after {} of {count} events", events.len()))?;
            if with_bookmarks || !is_mere_bookmark(&event) {
                events.push(event);
            }
        }
        Ok(events)
    }

    /// All events up to the end of the watch that a step opened.
    pub async fn rest(&mut self, step: usize) -> Result<Vec<Value>, String> {
        let stream = self.stream(step)?;
        let mut events = Vec::new();
        while let Some(event) = stream.next().await? {
            events.push(event);
        }
        Ok(events)
    }

    fn stream(&mut self, step: usize) -> Result<&mut Stream, String> {
        self.open.get_mut(&step).ok_or_else(|| format!("step {step} opened no watch"))
    }
}

/// A bookmark that is not the end of a streamed list.
fn is_mere_bookmark(event: &Value) -> bool {
    event["type"] == "BOOKMARK" && event.pointer("/object/metadata/annotations").is_none()
}

/// What a server says, unless it says nothing.
#[expect(clippy::disallowed_methods, reason = "a test that waits in vain is to say so")]
pub async fn within_patience<T>(answer: impl Future<Output = T>) -> Result<T, String> {
    tokio::time::timeout(PATIENCE, answer).await.map_err(|_| format!("no word within {PATIENCE:?}"))
}

impl Stream {
    async fn next(&mut self) -> Result<Option<Value>, String> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return serde_json::from_slice(&line).map(Some).map_err(|error| format!("an event: {error}"));
            }
            if self.has_ended {
                return if self.rest.is_empty() { Ok(None) } else { Err("the watch ended within an event".to_owned()) };
            }
            match within_patience(self.body.frame()).await? {
                None => self.has_ended = true,
                Some(frame) => {
                    let frame = frame.map_err(|error| format!("the watch broke off: {error}"))?;
                    self.rest.extend(frame.into_data().unwrap_or_default());
                }
            }
        }
    }
}
