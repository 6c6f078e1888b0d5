//! The way from a script to whoever carries out its calls. The script waits on
//! a thread of its own; an answer that does not come ends it, and it cannot
//! catch that.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rhai::{EvalAltResult, Position};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::runs::call::Call;

/// A call with the place for its answer; dropping it ends the script.
pub struct Asked {
    pub call: Call,
    reply: SyncSender<Value>,
}

impl Asked {
    /// Gives the answer; nobody may be left to take it.
    pub fn answer(self, value: Value) {
        let _ = self.reply.send(value);
    }
}

/// The script's end.
#[derive(Clone)]
pub struct Bridge {
    calls: UnboundedSender<Asked>,
    /// The id of the run, which stands in what it writes.
    pub run: String,
    pub namespace: String,
}

/// A bridge and its other end.
#[must_use]
pub fn bridge(run: &str, namespace: &str) -> (Bridge, UnboundedReceiver<Asked>) {
    let (calls, other) = unbounded_channel();
    (Bridge { calls, run: run.to_owned(), namespace: namespace.to_owned() }, other)
}

impl Bridge {
    /// Asks and waits for the answer.
    pub(super) fn ask(&self, call: Call) -> Result<Value, Box<EvalAltResult>> {
        let (reply, answer): (_, Receiver<Value>) = sync_channel(1);
        let sent = self.calls.send(Asked { call, reply }).ok();
        let answer = sent.and_then(|()| answer.recv().ok());
        answer.ok_or_else(|| Box::new(EvalAltResult::ErrorTerminated("stopped".into(), Position::NONE)))
    }
}
