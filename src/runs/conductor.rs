//! Carries out the calls of a runbook, one after the other, whether on a copy
//! of the cluster or on the cluster itself: the same code plans and runs.
//!
//! A call that the journal knows is answered from it. An effect is held against
//! the approved plan, its guards are asked, its intent is on disk, and only then
//! is it written.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::call::{Call, Phase};
use super::event::{Event, Observer};
use super::halt::Halt;
use super::id::RunId;
use super::journal::Journal;
use super::keeper::Keeper;
use super::plan::Line;
use super::reads::{self, ReadError};
use super::record::Record;
use super::waits::Waits;
use crate::cluster::Connection;
use crate::effects::{Effect, EffectError, Guards, NoSecrets, Outcome, Ready};
use crate::facts::reader::Reader;

/// How often an effect is tried whose object changes between look and write.
const TRIES: usize = 5;

/// Decides at a question of the script: /// question, the text that alone is a yes, and the flag that answers it.
pub type Answerer<'a> = &'a (dyn Fn(&str, Option<&str>, Option<&str>) -> Result<bool, Halt> + 'a);

/// Carries out calls.
pub struct Conductor<'a> {
    pub connection: &'a Connection,
    pub observer: &'a dyn Observer,
    pub guards: Guards,
    pub run: RunId,
    /// The kinds of effects that the script says it has.
    pub declared: BTreeSet<String>,
    /// The effects that may still be written, in their order; `None` while a
    /// plan is made, which may hold any.
    pub approved: Option<VecDeque<String>>,
    pub journal: Option<Journal>,
    /// What an earlier part of this run has done already.
    pub replay: VecDeque<Record>,
    pub answerer: Answerer<'a>,
    pub keeper: Keeper,
    /// What happened, line by line.
    pub lines: Vec<Line>,
    /// `Kind/name` of what this run has changed.
    pub changed: Vec<String>,
    pub phase: Phase,
    /// The sets that were read, by name, with their UIDs.
    sets: BTreeMap<String, String>,
}

impl<'a> Conductor<'a> {
    /// One that may do anything that the script declares, and writes no journal.
    #[must_use]
    pub fn new(
        connection: &'a Connection,
        observer: &'a dyn Observer,
        run: RunId,
        declared: &[String],
        answerer: Answerer<'a>,
    ) -> Self {
        Self {
            connection,
            observer,
            guards: Guards::default(),
            run,
            declared: declared.iter().cloned().collect(),
            approved: None,
            journal: None,
            replay: VecDeque::new(),
            answerer,
            keeper: Keeper::default(),
            lines: Vec::new(),
            changed: Vec::new(),
            phase: Phase::Preflight,
            sets: BTreeMap::new(),
        }
    }

    /// Answers one call.
    ///
    /// # Errors
    /// The script must stop here; it cannot catch that.
    pub async fn answer(&mut self, call: Call) -> Result<Value, Halt> {
        if let Call::Phase { phase } = call {
            if phase == Phase::Verify {
                self.nothing_left()?;
            }
            self.phase = phase;
        }
        if let Some(record) = self.replay.pop_front() {
            return self.replayed(record, call).await;
        }
        match call {
            Call::Effect { effect } => self.effect(effect).await,
            other => {
                self.connection.interrupt.check().map_err(|_| Halt::Interrupted)?;
                let answer = self.look(&other).await?;
                self.same_as_before(&other, &answer)?;
                if let Some(line) = Line::of(&other) {
                    self.lines.push(line);
                }
                if let Some(journal) = &mut self.journal {
                    let number = journal.next_number();
                    let now = self.connection.clock.now();
                    journal.call(number, now, &json!(other), &answer).map_err(Halt::Journal)?;
                }
                Ok(answer)
            }
        }
    }

    /// A call that was answered before gets the same answer again.
    async fn replayed(&mut self, record: Record, call: Call) -> Result<Value, Halt> {
        if record.call != call {
            return Err(Halt::Replay { recorded: Box::new(record.call), asked: Box::new(call) });
        }
        self.same_as_before(&call, &record.answer)?;
        if let Call::Effect { effect } = &call {
            self.consume(&record.fingerprint)?;
            if let Effect::Lock(lock) = effect {
                // What was taken an hour ago has to be taken again.
                lock.renew_or_take(self.connection).await.map_err(|error| Halt::effect(effect, error))?;
                self.keeper.holds(lock.clone(), self.connection.clock.now());
            }
            self.changed.extend(record.changed);
        }
        if let Some(line) = Line::of(&call) {
            self.lines.push(line);
        }
        Ok(record.answer)
    }

    /// A set is the one that it was in the phase before, and no namesake.
    fn same_as_before(&mut self, call: &Call, answer: &Value) -> Result<(), Halt> {
        let Call::Set { name } = call else { return Ok(()) };
        let uid = answer["target"]["uid"].as_str().unwrap_or_default();
        match self.sets.get(name) {
            Some(known) if known != uid => Err(ReadError::SetReplaced(name.clone()).into()),
            Some(_) => Ok(()),
            None => {
                self.sets.insert(name.clone(), uid.to_owned());
                Ok(())
            }
        }
    }

    /// Calls that change nothing.
    async fn look(&self, call: &Call) -> Result<Value, Halt> {
        let reader = Reader::new(self.connection.client.clone());
        let namespace = self.connection.namespace.as_str();
        let waits = Waits { connection: self.connection, observer: self.observer, keeper: &self.keeper };
        Ok(match call {
            Call::Set { name } => json!(reads::set(&reader, namespace, name).await?),
            Call::Members { set, from } => json!(reads::members(&reader, set, *from).await?),
            Call::Leftovers { set } => json!(reads::leftovers(&reader, set).await?),
            Call::Retired { set, ordinal } => json!(reads::retired(&reader, namespace, Some(set), *ordinal).await?),
            Call::AwaitGone { set, ordinal, claims, volumes, at_most } => {
                waits.gone(set, *ordinal, claims, volumes, *at_most).await?
            }
            Call::AwaitReady { set, replicas, at_most } => waits.ready(set, *replicas, *at_most).await?,
            Call::Settle { set, replicas, seconds } => waits.settle(set, *replicas, *seconds).await?,
            Call::AwaitReleased { claim, volume, at_most } => waits.released(claim, volume, *at_most).await?,
            Call::AwaitBound { claim, volume, at_most } => waits.bound(claim, volume, *at_most).await?,
            Call::AwaitPurged { volume, at_most } => waits.purged(volume, *at_most).await?,
            Call::Guard { holds: false, message } => return Err(Halt::Guard { message: message.clone() }),
            Call::Guard { holds: true, .. } | Call::Phase { .. } | Call::Effect { .. } | Call::Output { .. } => {
                Value::Null
            }
            Call::Step { title } => {
                self.observer.event(Event::Step { title: title.clone() });
                Value::Null
            }
            Call::Say { text, caution } => {
                let text = text.clone();
                self.observer.event(if *caution { Event::Caution { text } } else { Event::Note { text } });
                Value::Null
            }
            Call::Confirm { question, typed, flag } => {
                if !(self.answerer)(question, typed.as_deref(), flag.as_deref())? {
                    return Err(Halt::Declined);
                }
                json!(true)
            }
        })
    }

    async fn effect(&mut self, effect: Effect) -> Result<Value, Halt> {
        if self.phase != Phase::Run {
            return Err(Halt::EffectInPhase { verb: effect.verb(), phase: self.phase });
        }
        if !matches!(effect, Effect::Lock(_)) && !self.declared.contains(effect.verb()) {
            return Err(Halt::Undeclared { verb: effect.verb() });
        }
        self.connection.interrupt.check().map_err(|_| Halt::Interrupted)?;
        let mut tries = 1;
        loop {
            self.keeper.keep(self.connection).await.map_err(|error| Halt::effect(&effect, error))?;
            let ready = effect.look(self.connection, &NoSecrets, &self.guards).await;
            let ready = ready.map_err(|error| Halt::effect(&effect, error))?;
            match self.write(&effect, ready).await {
                Err(Halt::Effect { error, .. }) if matches!(*error, EffectError::Overtaken) && tries < TRIES => {
                    tries += 1;
                }
                Ok(answer) => {
                    if let Effect::Lock(lock) = effect {
                        self.keeper.holds(lock, self.connection.clock.now());
                    }
                    return Ok(answer);
                }
                Err(halt) => return Err(halt),
            }
        }
    }

    /// Whoever comes to the end has done all that was approved.
    ///
    /// # Errors
    /// A line of the plan is left over.
    pub fn nothing_left(&self) -> Result<(), Halt> {
        match self.approved.as_ref().and_then(VecDeque::front) {
            Some(next) => Err(Halt::Diverged { approved: next.clone(), now: "nothing more".to_owned() }),
            None => Ok(()),
        }
    }

    /// The next line of the approved plan must be this one.
    fn consume(&mut self, fingerprint: &str) -> Result<(), Halt> {
        let Some(approved) = &mut self.approved else { return Ok(()) };
        if fingerprint.is_empty() {
            return Ok(());
        }
        match approved.front() {
            Some(next) if next == fingerprint => {
                approved.pop_front();
                Ok(())
            }
            next => Err(Halt::Diverged {
                approved: next.cloned().unwrap_or_else(|| "nothing more".to_owned()),
                now: fingerprint.to_owned(),
            }),
        }
    }

    /// The one write, between its two lines in the journal.
    async fn write(&mut self, effect: &Effect, ready: Ready) -> Result<Value, Halt> {
        let now = || self.connection.clock.now();
        let holds = ready.preview.holds();
        let is_lock = matches!(effect, Effect::Lock(_));
        let fingerprint = if is_lock { String::new() } else { effect.fingerprint(&ready.preview) };
        let planned = self.approved.as_ref().and_then(|approved| approved.front()).cloned();
        // What the journal has is the line of the plan that was used up.
        let fingerprint = match (holds, planned) {
            // The goal holds already, and the line was for it.
            (true, Some(line)) if !is_lock && is_about(&line, effect) => {
                self.consume(&line)?;
                line
            }
            (true, _) => String::new(),
            (false, _) => {
                self.consume(&fingerprint)?;
                fingerprint
            }
        };
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
        match effect.perform(ready, self.connection, &NoSecrets).await {
            Ok(done) => {
                let outcome = json!(done.outcome);
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
                self.observer.event(Event::Effect { object, outcome: done.outcome });
                self.lines.push(line);
                Ok(json!({ "uid": done.created }))
            }
            Err(error) => {
                if let (EffectError::Overtaken, Some(approved)) = (&error, &mut self.approved)
                    && !fingerprint.is_empty()
                {
                    // Nothing was written: the line still stands.
                    approved.push_front(fingerprint.clone());
                }
                if matches!(error, EffectError::AnswerLost { .. }) {
                    self.changed.push(format!("{object} (perhaps: the answer was lost)"));
                }
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
