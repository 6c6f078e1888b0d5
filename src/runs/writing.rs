//! The write of one effect: it is held against the approved plan, its intent is
//! on disk, and only then is it sent.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::ahead::Approved;
use super::asking::{perform, perhaps};
use super::call::Call;
use super::conductor::Conductor;
use super::event::Event;
use super::halt::Halt;
use super::journal::Journal;
use super::plan::Line;
use super::waits::Waits;
use crate::effects::{Effect, EffectError, Outcome, Ready};

impl Conductor<'_> {
    /// Whoever comes to the end has done all that was approved.
    ///
    /// # Errors
    /// A line of the plan is left over.
    pub fn nothing_left(&self) -> Result<(), Halt> {
        match self.approved.as_ref().and_then(VecDeque::front) {
            Some(next) => Err(Halt::Diverged { approved: next.fingerprint.clone(), now: "nothing more".to_owned() }),
            None => Ok(()),
        }
    }

    /// The next line of the approved plan must be this one; it is used up. Another one stays: what
    /// is always done at the end may need it yet.
    pub(super) fn consume(&mut self, fingerprint: &str) -> Result<Option<Approved>, Halt> {
        let Some(approved) = &mut self.approved else { return Ok(None) };
        if fingerprint.is_empty() {
            return Ok(None);
        }
        match approved.front() {
            Some(next) if next.fingerprint == fingerprint => Ok(approved.pop_front()),
            next => Err(Halt::Diverged {
                approved: next.map_or_else(|| "nothing more".to_owned(), |next| next.fingerprint.clone()),
                now: fingerprint.to_owned(),
            }),
        }
    }

    /// The one write, between its two lines in the journal.
    pub(super) async fn write(&mut self, effect: &Effect, mut ready: Ready) -> Result<Value, Halt> {
        if self.made.has(effect, ready.preview.uid.as_deref()) {
            ready.preview.uid = None;
        }
        let found = ready.before.as_ref().and_then(|before| before["metadata"]["uid"].as_str()).map(str::to_owned);
        let now = || self.connection.clock.now();
        let holds = ready.preview.holds();
        let is_lock = matches!(effect, Effect::Lock(_));
        let fingerprint =
            if is_lock { String::new() } else { effect.fingerprint(&self.made.compare(effect, &ready.preview)) };
        let planned = self.approved.as_ref().and_then(VecDeque::front).map(|next| next.fingerprint.clone());
        // What the journal has is the line of the plan that was used up.
        let (fingerprint, used) = match (holds, planned) {
            // The goal holds already, and the line was for it.
            (true, Some(line)) if !is_lock && is_about(&line, effect) => {
                let used = self.consume(&line)?;
                (line, used)
            }
            (true, _) => (String::new(), None),
            (false, _) => {
                let used = self.consume(&fingerprint)?;
                (fingerprint, used)
            }
        };
        if !holds {
            self.needs.effect(effect, &ready.preview.change, &self.connection.namespace);
        }
        let undo = ready.undo(effect);
        let object = effect.object().to_string();
        let number = self.journal.as_mut().map_or(0, Journal::next_number);
        let call = json!(Call::Effect { effect: effect.clone() });
        let line = Line::of_effect(effect, &ready.preview, &undo, &fingerprint);
        if let Some(journal) = self.journal.as_mut().filter(|_| !holds) {
            let what = json!({ "call": call, "fingerprint": fingerprint });
            journal.intent(number, now(), &what, &undo).map_err(Halt::Journal)?;
            self.observer.event(Event::Intent { object: object.clone() });
        }
        let waits = Waits { connection: self.connection, observer: self.observer, keeper: &self.keeper };
        match perform(effect, ready, &waits).await {
            Ok(done) => {
                let ran = matches!(effect, Effect::Exec(_));
                let outcome = if ran { json!({ "ran": *done.after }) } else { json!(done.outcome) };
                let at = self.connection.clock.now();
                if done.outcome != Outcome::Unchanged && !is_lock {
                    self.changed.push(object.clone());
                }
                if let Some(journal) = &mut self.journal {
                    let written = if holds {
                        let what = json!({ "call": call, "fingerprint": fingerprint });
                        journal.already(number, at, &what, &outcome)
                    } else {
                        journal.done(number, at, &outcome, done.created.as_deref())
                    };
                    written.map_err(Halt::Journal)?;
                }
                self.made.note(effect, &fingerprint, done.created.as_deref().or(found.as_deref()));
                self.observer.event(Event::Effect { object, outcome: done.outcome });
                self.lines.push(line);
                Ok(json!({ "uid": done.created }))
            }
            Err(error) => {
                if let (EffectError::Overtaken, Some(approved), Some(line)) = (&error, &mut self.approved, used) {
                    // Nothing was written: the line still stands.
                    approved.push_front(line);
                }
                self.changed.extend(perhaps(&object, &error));
                if let Some(journal) = &mut self.journal {
                    // The server's refusal matters more than a journal that cannot take it.
                    let _ = journal.failed(number, self.connection.clock.now(), &error.for_journal());
                }
                Err(Halt::effect(effect, error))
            }
        }
    }
}

/// Whether a line of the plan is about this effect, whatever it would change.
fn is_about(line: &str, effect: &Effect) -> bool {
    let object = effect.object();
    line.starts_with(&format!("{} {}/{object} ", effect.verb(), object.namespace))
}
