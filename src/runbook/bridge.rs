//! The way from a script to whoever carries out its calls. The script waits on
//! a thread of its own; an answer that does not come ends it, and it cannot
//! catch that.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhai::{EvalAltResult, Position};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::engine::{refused, thrown};
use crate::effects::Effect;
use crate::runs::call::Call;

/// Why a call is none for an undo.
const NO_WRITE: &str = "within `undo(…)` only `exec`, `scale` and `keep_claims` can be said";

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
    /// The effects that are said for an undo, while they are said.
    said: Arc<Mutex<Option<Vec<Effect>>>>,
    /// What was refused while they were said, in words and with what to do about it.
    refused: Arc<Mutex<Option<(String, &'static str)>>>,
}

/// A bridge and its other end.
#[must_use]
pub fn bridge(run: &str, namespace: &str) -> (Bridge, UnboundedReceiver<Asked>) {
    let (calls, other) = unbounded_channel();
    let (run, namespace) = (run.to_owned(), namespace.to_owned());
    (Bridge { calls, run, namespace, said: Arc::default(), refused: Arc::default() }, other)
}

impl Bridge {
    /// Asks and waits for the answer. What is said for an undo is kept, and nobody is asked.
    pub(super) fn ask(&self, call: Call) -> Result<Value, Box<EvalAltResult>> {
        if let Some(said) = self.said().as_mut() {
            return match call {
                Call::Effect { effect } if effect.fits_undo() => {
                    said.push(effect);
                    Ok(Value::Null)
                }
                _ => Err(self.refuses(
                    NO_WRITE,
                    "read and ask before, and use it here; what an undo does is fixed when it is said",
                )),
            };
        }
        // It has caught that, and goes on.
        if let Some((why, hint)) = self.refused().clone() {
            return Err(refused(why, hint));
        }
        let (reply, answer): (_, Receiver<Value>) = sync_channel(1);
        let sent = self.calls.send(Asked { call, reply }).ok();
        let answer = sent.and_then(|()| answer.recv().ok());
        answer.ok_or_else(|| Box::new(EvalAltResult::ErrorTerminated("stopped".into(), Position::NONE)))
    }

    fn said(&self) -> MutexGuard<'_, Option<Vec<Effect>>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, Option<(String, &'static str)>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an undo is not going to do must not look as if it would: whoever catches this error
    /// is ended by the next call, or at the end of its function.
    #[expect(clippy::unnecessary_box_returns, reason = "it is what registered functions return")]
    pub(super) fn refuses(&self, why: impl Into<String>, hint: &'static str) -> Box<EvalAltResult> {
        let why = why.into();
        let error = thrown(why.clone(), hint);
        self.refused().get_or_insert((why, hint));
        error
    }

    /// A function has ended: what it was refused is told, and over.
    ///
    /// # Errors
    /// Something was refused.
    pub(super) fn nothing_refused(&self) -> Result<(), Box<EvalAltResult>> {
        self.refused().take().map_or(Ok(()), |(why, hint)| Err(thrown(why, hint)))
    }

    /// Whether effects are only said, for an undo: nothing becomes of them now.
    pub(super) fn is_saying(&self) -> bool {
        self.said().is_some()
    }

    /// The effects that `work` asks for; none of them is carried out.
    ///
    /// # Errors
    /// It failed, or asked for something else.
    pub(super) fn saying(
        &self,
        work: impl FnOnce() -> Result<(), Box<EvalAltResult>>,
    ) -> Result<Vec<Effect>, Box<EvalAltResult>> {
        *self.said() = Some(Vec::new());
        let ended = work();
        let said = self.said().take().unwrap_or_default();
        ended?;
        match self.refused().clone() {
            Some((why, hint)) => Err(thrown(why, hint)),
            None => Ok(said),
        }
    }
}
