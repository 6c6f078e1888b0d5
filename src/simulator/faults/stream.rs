//! A watch whose events are dropped, repeated, swapped or cut off.

use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use http_body::Frame;
use http_body_util::{BodyExt as _, BodyStream, StreamBody};
use serde_json::Value;

use super::answers::expired_event;
use super::fault::{Fault, WatchFault};
use super::handle::Faults;
use crate::simulator::service::AnswerBody;

/// The lines of a watch on their way.
struct Lines {
    body: BodyStream<AnswerBody>,
    faults: Faults,
    /// Waits for an event about another object.
    held: Option<String>,
    /// The stream ends in the middle of the next event.
    is_cut: bool,
    is_over: bool,
}

/// Lets the faults at the body of a watch, whose answer may be cut off itself.
pub(super) fn disturbed(body: AnswerBody, faults: Faults, is_cut: bool) -> AnswerBody {
    let lines = Lines { body: BodyStream::new(body), faults, held: None, is_cut, is_over: false };
    let chunks = stream::unfold(lines, |mut lines| async move {
        let text = lines.next().await?;
        Some((Ok(Frame::data(Bytes::from(text))), lines))
    });
    StreamBody::new(chunks).boxed_unsync()
}

impl Lines {
    /// The next chunk, which may be empty; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        if self.is_over {
            return None;
        }
        let Some(Ok(frame)) = self.body.next().await else {
            self.is_over = true;
            return self.held.take();
        };
        let bytes = frame.into_data().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Some(text.lines().fold(String::new(), |sent, line| sent + self.line(line).as_str()))
    }

    /// What comes of one event; lines end with their break.
    fn line(&mut self, line: &str) -> String {
        if self.is_over {
            return String::new();
        }
        if self.is_cut {
            self.is_over = true;
            return line.chars().take(line.chars().count() / 2).collect();
        }
        let fault = self.faults.next_event().into_iter().find_map(|fault| match fault {
            Fault::Watch(fault) => Some(fault),
            Fault::Crash(_)
            | Fault::Lost { .. }
            | Fault::Twice
            | Fault::Late(_)
            | Fault::Answer(_)
            | Fault::Truncated
            | Fault::Stale(_)
            | Fault::Meanwhile(_)
            | Fault::Second
            | Fault::Journal(_) => None,
        });
        let line = format!("{line}\n");
        let sent = match fault {
            None => line.clone(),
            Some(WatchFault::Dropped) => String::new(),
            Some(WatchFault::Repeated) => line.repeat(2),
            Some(WatchFault::Swapped) => {
                // Two held ones would be three in disorder.
                let before = self.held.replace(line);
                return before.unwrap_or_default();
            }
            Some(WatchFault::Closed) => {
                self.is_over = true;
                String::new()
            }
            Some(WatchFault::Expired) => {
                self.is_over = true;
                format!("{}\n", expired_event())
            }
        };
        match self.held.take() {
            None => sent,
            // Events about one object never change places.
            Some(held) if uid(&held) == uid(&line) => held + sent.as_str(),
            Some(held) => sent + held.as_str(),
        }
    }
}

fn uid(line: &str) -> Value {
    serde_json::from_str(line).map_or(Value::Null, |event: Value| event["object"]["metadata"]["uid"].clone())
}
