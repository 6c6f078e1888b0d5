//! Handles on what is in the cluster.

use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::bridge::Bridge;
use super::super::engine::thrown;
use super::member::{self, CLAIM, MEMBER, MemberHandle, claim};
use super::retired::{self, RETIRED, RetiredHandle};
use crate::effects::retention::Retention;
use crate::effects::scale::Scale;
use crate::effects::{Effect, Target};
use crate::objects::nearest::nearest;
use crate::runs::call::{Call, ClaimAnswer, MemberAnswer, RetiredAnswer, SetAnswer};
use crate::wizard::check::duration;

pub(super) type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Seconds that a claim or volume has to go or to come, if nobody says.
pub(super) const AT_MOST: u64 = 600;

const SET: &[&str] =
    &["name", "exists", "replicas", "start", "ready", "templates", "management", "when_scaled", "when_deleted"];

/// The fields of each sort of handle.
pub(super) const FIELDS: [&[&str]; 4] = [SET, MEMBER, CLAIM, RETIRED];

/// A StatefulSet. Of one that is gone there are the name and the volumes that
/// were retired. Copies of a handle are one handle: `p.set` is another copy each time.
#[derive(Clone)]
pub struct SetHandle {
    bridge: Bridge,
    name: String,
    now: Arc<Mutex<Option<SetAnswer>>>,
}

fn read<T: DeserializeOwned>(value: Value) -> Outcome<T> {
    serde_json::from_value(value).map_err(|why| thrown(format!("the answer cannot be read: {why}"), ""))
}

/// The set of this name.
pub(super) fn set(bridge: &Bridge, name: &str) -> Outcome<Dynamic> {
    let now = read(bridge.ask(Call::Set { name: name.to_owned(), must: false })?)?;
    let now = Arc::new(Mutex::new(now));
    Ok(Dynamic::from(SetHandle { bridge: bridge.clone(), name: name.to_owned(), now }))
}

/// A number as Rhai has it.
pub(super) fn number(value: u64) -> Dynamic {
    i64::try_from(value).unwrap_or(i64::MAX).into()
}

/// A field that there is not, with the one that may have been meant.
#[expect(clippy::unnecessary_box_returns, reason = "it is what registered functions return")]
pub(super) fn no_field(handle: &str, name: &str, known: &[&str]) -> Box<EvalAltResult> {
    let hint = match nearest(name, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    thrown(format!("a {handle} has no `{name}`"), &hint)
}

fn count(value: i64) -> Outcome<u64> {
    u64::try_from(value).map_err(|_| thrown(format!("{value} is no number of replicas"), ""))
}

pub(super) fn seconds(text: &str) -> Outcome<u64> {
    duration(text).map(|time| time.as_secs()).map_err(|why| thrown(why, ""))
}

impl SetHandle {
    fn now(&self) -> Option<SetAnswer> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_now(&self, now: SetAnswer) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// The set, which must be there for this.
    fn there(&self) -> Outcome<SetAnswer> {
        if let Some(now) = self.now() {
            return Ok(now);
        }
        self.bridge.ask(Call::Set { name: self.name.clone(), must: true })?;
        Err(thrown(format!("there was no StatefulSet `{}` when this began", self.name), ""))
    }

    fn get(&mut self, name: &str) -> Outcome<Dynamic> {
        match name {
            "name" => return Ok(self.name.clone().into()),
            "exists" => return Ok(self.now().is_some().into()),
            other if !SET.contains(&other) => return Err(no_field("set", other, SET)),
            _ => {}
        }
        let SetAnswer { target: _, replicas, start, ready, templates, management, when_scaled, when_deleted } =
            self.there()?;
        Ok(match name {
            "replicas" => number(replicas),
            "start" => number(start),
            "ready" => number(ready),
            "templates" => Dynamic::from_array(templates.into_iter().map(Dynamic::from).collect()),
            "management" => management.into(),
            "when_scaled" => when_scaled.into(),
            "when_deleted" => when_deleted.into(),
            other => return Err(no_field("set", other, SET)),
        })
    }

    fn target(&self) -> Outcome<Target> {
        Ok(self.there()?.target)
    }

    fn refresh(&mut self) -> Outcome<()> {
        let again: SetAnswer = read(self.bridge.ask(Call::Set { name: self.name.clone(), must: true })?)?;
        if again.target != self.target()? {
            return Err(thrown(format!("`{}` was replaced by another set of its name", self.name), ""));
        }
        self.is_now(again);
        Ok(())
    }

    /// The members that a set of `keep` replicas would not have, the highest first.
    fn members_from(&mut self, keep: i64) -> Outcome<Array> {
        let set = Arc::new(self.there()?);
        let from = set.start.saturating_add(count(keep)?);
        let call = Call::Members { set: set.target.clone(), from };
        let found: Vec<MemberAnswer> = read(self.bridge.ask(call)?)?;
        let handle = |now| Dynamic::from(MemberHandle { bridge: self.bridge.clone(), set: Arc::clone(&set), now });
        Ok(found.into_iter().map(handle).collect())
    }

    fn leftovers(&mut self) -> Outcome<Array> {
        let found: Vec<ClaimAnswer> = read(self.bridge.ask(Call::Leftovers { set: self.target()? })?)?;
        Ok(found.into_iter().map(|now| claim(&self.bridge, &self.name, now)).collect())
    }

    /// They stay when their set goes.
    fn retired(&mut self, ordinal: Option<u64>) -> Outcome<Array> {
        let call = Call::Retired { set: self.name.clone(), ordinal };
        let found: Vec<RetiredAnswer> = read(self.bridge.ask(call)?)?;
        Ok(found.into_iter().map(|now| Dynamic::from(RetiredHandle { bridge: self.bridge.clone(), now })).collect())
    }

    fn scale(&mut self, replicas: i64) -> Outcome<()> {
        let to = count(replicas)?;
        let mut now = self.there()?;
        let effect = Effect::Scale(Scale { set: now.target.clone(), to, from: None });
        self.bridge.ask(Call::Effect { effect })?;
        if !self.bridge.is_saying() {
            now.replicas = to;
            self.is_now(now);
        }
        Ok(())
    }

    /// The set leaves the claims of members that go.
    fn keep_claims(&mut self) -> Outcome<()> {
        let mut now = self.there()?;
        let when_scaled = "Retain".to_owned();
        let effect = Effect::Retention(Retention { set: now.target.clone(), when_scaled: when_scaled.clone() });
        self.bridge.ask(Call::Effect { effect })?;
        if !self.bridge.is_saying() {
            now.when_scaled = when_scaled;
            self.is_now(now);
        }
        Ok(())
    }

    fn wait_ready(&mut self, at_most: &str) -> Outcome<()> {
        let (set, replicas) = (self.target()?, self.there()?.replicas);
        self.bridge.ask(Call::AwaitReady { set, replicas, at_most: seconds(at_most)? }).map(drop)
    }

    fn settle(&mut self, time: &str) -> Outcome<()> {
        let (set, replicas) = (self.target()?, self.there()?.replicas);
        self.bridge.ask(Call::Settle { set, replicas, seconds: seconds(time)? }).map(drop)
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<SetHandle>("set")
        .register_indexer_get(|set: &mut SetHandle, name: ImmutableString| set.get(&name))
        .register_fn("to_string", |set: &mut SetHandle| format!("statefulset/{}", set.name))
        .register_fn("refresh", SetHandle::refresh)
        .register_fn("members", |set: &mut SetHandle| set.members_from(0))
        .register_fn("members_from", SetHandle::members_from)
        .register_fn("leftovers", SetHandle::leftovers)
        .register_fn("retired", |set: &mut SetHandle| set.retired(None))
        .register_fn("retired", |set: &mut SetHandle, ordinal: i64| set.retired(Some(count(ordinal)?)))
        .register_fn("scale", SetHandle::scale)
        .register_fn("keep_claims", SetHandle::keep_claims)
        .register_fn("wait_ready", SetHandle::wait_ready)
        .register_fn("settle", SetHandle::settle);
    member::register(engine);
    retired::register(engine);
}
