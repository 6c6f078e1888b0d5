//! Carries out the calls of a runbook, one after the other, whether on a copy
//! of the cluster or on the cluster itself: the same code plans and runs.
//!
//! A call that the journal knows is answered from it. An effect is written
//! (`writing`) once its guards have said yes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::ahead::Approved;
use super::at_end::Aside;
use super::call::{Call, Phase};
use super::event::{Event, Observer};
use super::halt::Halt;
use super::id::RunId;
use super::journal::Journal;
use super::keeper::{Keeper, outlast};
use super::made::Made;
use super::objects;
use super::plan::Line;
use super::reads::{self, ReadError};
use super::record::Record;
use super::rehearsal::Needs;
use super::waits::Waits;
use crate::cluster::Connection;
use crate::effects::exec::Exec;
use crate::effects::{Effect, EffectError, Guards, NoSecrets};
use crate::facts::reader::Reader;

/// How often an effect is tried whose object changes between look and write.
const TRIES: usize = 5;

/// Decides at a question of the script: question, the text that alone is a yes,
/// and the flag that answers it. The answer may take its time.
pub type Answerer<'a> = &'a (dyn Fn(&str, Option<&str>, Option<&str>) -> LocalBoxFuture<'a, Result<bool, Halt>> + 'a);

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
    pub approved: Option<VecDeque<Approved>>,
    /// The step whose effects the server has judged last.
    pub(super) rehearsed: Option<usize>,
    pub journal: Option<Journal>,
    /// What an earlier part of this run has done already.
    pub replay: VecDeque<Record>,
    pub answerer: Answerer<'a>,
    pub keeper: Keeper,
    /// What happened, line by line.
    pub lines: Vec<Line>,
    /// How many of the lines come from an earlier part of this run.
    pub replayed: usize,
    /// `Kind/name` of what this run has changed.
    pub changed: Vec<String>,
    pub phase: Phase,
    /// What the cluster is to be asked about what was played.
    pub needs: Needs,
    /// What an earlier part of this run has started in a pod without hearing its end.
    pub unanswered: Option<Exec>,
    /// The cluster whose pods a plan may ask, if somebody lets it.
    pub asks: Option<&'a Connection>,
    /// Whether it has stopped, and does only what is always done.
    pub(super) aside: Aside,
    /// What somebody has typed as an answer so far, and when.
    pub(super) typed: BTreeMap<String, Timestamp>,
    /// What it has made so far.
    pub(super) made: Made,
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
            rehearsed: None,
            journal: None,
            replay: VecDeque::new(),
            answerer,
            keeper: Keeper::default(),
            lines: Vec::new(),
            replayed: 0,
            changed: Vec::new(),
            phase: Phase::Preflight,
            needs: Needs::default(),
            unanswered: None,
            asks: None,
            aside: Aside::default(),
            typed: BTreeMap::new(),
            made: Made::default(),
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
        self.may_say(&call)?;
        if let Call::AtEnd { label, stopped: true } = &call {
            self.goes_aside(label)?;
        }
        if let Some(record) = self.replay.pop_front() {
            return self.replayed(record, call).await;
        }
        match call {
            Call::Effect { effect } => self.effect(effect).await,
            other => {
                self.connection.interrupt.check().map_err(|_| Halt::Interrupted)?;
                self.as_said(&other)?;
                self.needs.call(&other, &self.connection.namespace);
                let answer = self.look(&other).await?;
                self.same_as_before(&other, &answer)?;
                self.was_typed(&other, self.connection.clock.now());
                if let Some(line) = self.line(&other) {
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
        self.as_said(&call)?;
        if let Some(at) = record.at {
            self.was_typed(&call, at);
        }
        if let Call::Effect { effect } = &call {
            self.consume(&record.fingerprint)?;
            self.made.note(effect, &record.fingerprint, record.answer["uid"].as_str());
            if let Effect::Lock(lock) = effect {
                // What was taken an hour ago has to be taken again.
                let lock = outlast(lock.clone(), self.connection, self.observer).await;
                let lock = lock.map_err(|error| Halt::effect(effect, error))?;
                lock.renew_or_take(self.connection).await.map_err(|error| Halt::effect(effect, error))?;
                self.keeper.holds(lock, self.connection.clock.now());
            }
            self.changed.extend(record.changed);
        }
        if let Some(line) = self.line(&call) {
            self.lines.push(line);
        }
        self.replayed = self.lines.len();
        Ok(record.answer)
    }

    /// A set is the one that it was in the phase before, and no namesake.
    fn same_as_before(&mut self, call: &Call, answer: &Value) -> Result<(), Halt> {
        let Call::Set { name, .. } = call else { return Ok(()) };
        // A set that is not there has none, and does not come by itself.
        let uid = answer["target"]["uid"].as_str().unwrap_or_default();
        match self.sets.get(name) {
            Some(known) if known != uid && uid.is_empty() => Err(ReadError::NoSet(name.clone()).into()),
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
            Call::Set { name, must } => match reads::set(&reader, namespace, name).await {
                Err(ReadError::NoSet(_)) if !must => Value::Null,
                found => json!(found?),
            },
            Call::Members { set, from } => json!(reads::members(&reader, set, *from).await?),
            Call::Leftovers { set } => json!(reads::leftovers(&reader, set).await?),
            Call::Retired { set, ordinal } => json!(reads::retired(&reader, namespace, Some(set), *ordinal).await?),
            Call::Object { object } => objects::get(&reader, object).await?,
            Call::Objects { of, labels } => {
                json!(objects::list(&reader, of.kind, &of.namespace, labels.as_deref()).await?)
            }
            Call::AwaitGone { set, ordinal, claims, volumes, at_most } => {
                waits.gone(set, *ordinal, claims, volumes, *at_most).await?
            }
            Call::AwaitReady { set, replicas, at_most } => waits.ready(set, *replicas, *at_most).await?,
            Call::Settle { set, replicas, seconds } => waits.settle(set, *replicas, *seconds).await?,
            Call::AwaitReleased { claim, volume, at_most } => waits.released(claim, volume, *at_most).await?,
            Call::AwaitClaimGone { claim, at_most } => waits.claim_gone(claim, *at_most).await?,
            Call::AwaitObjectGone { object, at_most } => self.object_gone(object, *at_most).await?,
            Call::AwaitBound { claim, volume, at_most } => waits.bound(claim, volume, *at_most).await?,
            Call::AwaitPurged { volume, stays, at_most } => waits.purged(volume, stays.as_deref(), *at_most).await?,
            Call::Guard { holds: false, message } => return Err(Halt::Guard { message: message.clone() }),
            Call::Query { exec, assume } => json!(self.query(exec, assume.as_deref()).await?),
            Call::AtEnd { label, stopped: false } => {
                self.tell_at_end(label);
                Value::Null
            }
            Call::AtEndFailed { label, why } => {
                let text = format!("`{label}`, which is always done, was not: {why}");
                self.observer.event(Event::Caution { text });
                Value::Null
            }
            Call::Guard { holds: true, .. }
            | Call::Phase { .. }
            | Call::Effect { .. }
            | Call::Always { .. }
            | Call::Undo { .. }
            | Call::AtEnd { stopped: true, .. }
            | Call::Output { .. } => Value::Null,
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
                if !self.ask(question, typed.as_deref(), flag.as_deref()).await? {
                    return Err(Halt::Declined);
                }
                json!(true)
            }
        })
    }

    async fn effect(&mut self, mut effect: Effect) -> Result<Value, Halt> {
        if self.phase != Phase::Run {
            return Err(Halt::EffectInPhase { verb: effect.verb(), phase: self.phase });
        }
        if !matches!(effect, Effect::Lock(_)) && !self.declared.contains(effect.verb()) {
            return Err(Halt::Undeclared { verb: effect.verb() });
        }
        self.connection.interrupt.check().map_err(|_| Halt::Interrupted)?;
        if !matches!(effect, Effect::Lock(_)) {
            self.rehearse_step().await?;
        }
        if let Effect::Exec(exec) = &effect {
            self.not_twice(exec).await?;
        }
        if let Effect::Lock(lock) = &effect {
            let watched = outlast(lock.clone(), self.connection, self.observer).await;
            effect = Effect::Lock(watched.map_err(|error| Halt::effect(&effect, error))?);
        }
        let mut tries = 1;
        loop {
            self.keeper.keep(self.connection).await.map_err(|error| Halt::effect(&effect, error))?;
            let ready = effect.look(self.connection, &NoSecrets, &self.guards).await;
            let ready = ready.map_err(|error| Halt::effect(&effect, error))?;
            if self.is_asked_for(&effect, &ready).await? {
                continue;
            }
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
}
