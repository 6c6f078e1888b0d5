//! Handles on what is in the cluster.

use std::sync::Arc;

use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::bridge::Bridge;
use super::super::engine::thrown;
use crate::effects::create_claim::CreateClaim;
use crate::effects::delete_claim::DeleteClaim;
use crate::effects::protect::Protect;
use crate::effects::purge::Purge;
use crate::effects::reserve::Reserve;
use crate::effects::scale::Scale;
use crate::effects::unprotect::Unprotect;
use crate::effects::{Effect, Target};
use crate::objects::kinds::ObjectRef;
use crate::objects::nearest::nearest;
use crate::runs::call::{Call, ClaimAnswer, MemberAnswer, RetiredAnswer, SetAnswer};
use crate::wizard::check::duration;

type Outcome<T> = Result<T, Box<EvalAltResult>>;

/// Seconds that a claim or volume has to go or to come, if nobody says.
const AT_MOST: u64 = 600;

/// A StatefulSet.
#[derive(Clone)]
pub struct SetHandle {
    bridge: Bridge,
    now: SetAnswer,
}

/// One of its members.
#[derive(Clone)]
pub struct MemberHandle {
    bridge: Bridge,
    set: Arc<SetAnswer>,
    now: MemberAnswer,
}

/// One claim of it.
#[derive(Clone)]
pub struct ClaimHandle {
    bridge: Bridge,
    set: String,
    now: ClaimAnswer,
}

/// A retired volume.
#[derive(Clone)]
pub struct RetiredHandle {
    bridge: Bridge,
    now: RetiredAnswer,
}

fn read<T: DeserializeOwned>(value: Value) -> Outcome<T> {
    serde_json::from_value(value).map_err(|why| thrown(format!("the answer cannot be read: {why}"), ""))
}

/// The set of this name.
pub(super) fn set(bridge: &Bridge, name: &str) -> Outcome<Dynamic> {
    let now = read(bridge.ask(Call::Set { name: name.to_owned() })?)?;
    Ok(Dynamic::from(SetHandle { bridge: bridge.clone(), now }))
}

/// A number as Rhai has it.
fn number(value: u64) -> Dynamic {
    i64::try_from(value).unwrap_or(i64::MAX).into()
}

/// A field that there is not, with the one that may have been meant.
#[expect(clippy::unnecessary_box_returns, reason = "it is what registered functions return")]
fn no_field(handle: &str, name: &str, known: &[&str]) -> Box<EvalAltResult> {
    let hint = match nearest(name, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    thrown(format!("a {handle} has no `{name}`"), &hint)
}

fn count(value: i64) -> Outcome<u64> {
    u64::try_from(value).map_err(|_| thrown(format!("{value} is no number of replicas"), ""))
}

fn seconds(text: &str) -> Outcome<u64> {
    duration(text).map(|time| time.as_secs()).map_err(|why| thrown(why, ""))
}

impl SetHandle {
    fn get(&mut self, name: &str) -> Outcome<Dynamic> {
        let SetAnswer { target, replicas, start, ready, templates, management, when_scaled, when_deleted } = &self.now;
        Ok(match name {
            "name" => target.object.name.clone().into(),
            "replicas" => number(*replicas),
            "start" => number(*start),
            "ready" => number(*ready),
            "templates" => Dynamic::from_array(templates.iter().map(|name| name.clone().into()).collect()),
            "management" => management.clone().into(),
            "when_scaled" => when_scaled.clone().into(),
            "when_deleted" => when_deleted.clone().into(),
            other => {
                let known =
                    ["name", "replicas", "start", "ready", "templates", "management", "when_scaled", "when_deleted"];
                return Err(no_field("set", other, &known));
            }
        })
    }

    fn name(&self) -> &str {
        &self.now.target.object.name
    }

    fn refresh(&mut self) -> Outcome<()> {
        let again: SetAnswer = read(self.bridge.ask(Call::Set { name: self.name().to_owned() })?)?;
        if again.target != self.now.target {
            return Err(thrown(format!("`{}` was replaced by another set of its name", self.name()), ""));
        }
        self.now = again;
        Ok(())
    }

    /// The members that a set of `keep` replicas would not have, the highest first.
    fn members_from(&mut self, keep: i64) -> Outcome<Array> {
        let from = self.now.start.saturating_add(count(keep)?);
        let call = Call::Members { set: self.now.target.clone(), from };
        let found: Vec<MemberAnswer> = read(self.bridge.ask(call)?)?;
        let set = Arc::new(self.now.clone());
        let handle = |now| Dynamic::from(MemberHandle { bridge: self.bridge.clone(), set: Arc::clone(&set), now });
        Ok(found.into_iter().map(handle).collect())
    }

    fn leftovers(&mut self) -> Outcome<Array> {
        let found: Vec<ClaimAnswer> = read(self.bridge.ask(Call::Leftovers { set: self.now.target.clone() })?)?;
        Ok(found.into_iter().map(|now| claim(&self.bridge, self.name(), now)).collect())
    }

    fn retired(&mut self, ordinal: Option<u64>) -> Outcome<Array> {
        let call = Call::Retired { set: self.name().to_owned(), ordinal };
        let found: Vec<RetiredAnswer> = read(self.bridge.ask(call)?)?;
        Ok(found.into_iter().map(|now| Dynamic::from(RetiredHandle { bridge: self.bridge.clone(), now })).collect())
    }

    fn scale(&mut self, replicas: i64) -> Outcome<()> {
        let to = count(replicas)?;
        let effect = Effect::Scale(Scale { set: self.now.target.clone(), to, from: None });
        self.bridge.ask(Call::Effect { effect })?;
        self.now.replicas = to;
        Ok(())
    }

    fn wait_ready(&mut self, at_most: &str) -> Outcome<()> {
        let (set, replicas) = (self.now.target.clone(), self.now.replicas);
        self.bridge.ask(Call::AwaitReady { set, replicas, at_most: seconds(at_most)? }).map(drop)
    }

    fn settle(&mut self, time: &str) -> Outcome<()> {
        let (set, replicas) = (self.now.target.clone(), self.now.replicas);
        self.bridge.ask(Call::Settle { set, replicas, seconds: seconds(time)? }).map(drop)
    }
}

fn claim(bridge: &Bridge, set: &str, now: ClaimAnswer) -> Dynamic {
    Dynamic::from(ClaimHandle { bridge: bridge.clone(), set: set.to_owned(), now })
}

impl MemberHandle {
    fn get(&mut self, name: &str) -> Outcome<Dynamic> {
        Ok(match name {
            "name" => self.now.pod.clone().into(),
            "ordinal" => number(self.now.ordinal),
            "claims" => Dynamic::from_array(self.claims().map(Dynamic::from).collect()),
            other => return Err(no_field("member", other, &["name", "ordinal", "claims"])),
        })
    }

    fn claims(&self) -> impl Iterator<Item = ClaimHandle> + '_ {
        let set = &self.set.target.object.name;
        self.now.claims.iter().map(|now| ClaimHandle {
            bridge: self.bridge.clone(),
            set: set.clone(),
            now: now.clone(),
        })
    }

    fn protect(&mut self) -> Outcome<()> {
        self.claims().try_for_each(|mut claim| claim.protect())
    }

    /// All templates of the ordinal or none: a claim that cannot go is found
    /// by its guard before the first of them is deleted.
    fn retire(&mut self) -> Outcome<()> {
        self.claims().try_for_each(|mut claim| claim.delete())?;
        self.claims().try_for_each(|mut claim| claim.wait_released())
    }

    fn wait_gone(&mut self, at_most: &str) -> Outcome<()> {
        let call = Call::AwaitGone {
            set: self.set.target.clone(),
            ordinal: self.now.ordinal,
            claims: self.now.claims.iter().map(|claim| claim.claim.clone()).collect(),
            volumes: self.now.claims.iter().filter_map(|claim| claim.volume.clone()).collect(),
            at_most: seconds(at_most)?,
        };
        self.bridge.ask(call).map(drop)
    }
}

impl ClaimHandle {
    fn get(&mut self, name: &str) -> Outcome<Dynamic> {
        let volume = || self.now.volume.as_ref().map(|volume| volume.object.name.clone());
        Ok(match name {
            "name" => self.now.claim.object.name.clone().into(),
            "template" => self.now.template.clone().into(),
            "ordinal" => number(self.now.ordinal),
            "volume" => volume().map_or(Dynamic::UNIT, Dynamic::from),
            "policy" => self.now.policy.clone().into(),
            "size" => self.now.size.clone().into(),
            other => {
                let known = ["name", "template", "ordinal", "volume", "policy", "size"];
                return Err(no_field("claim", other, &known));
            }
        })
    }

    fn volume(&self) -> Outcome<Target> {
        self.now.volume.clone().ok_or_else(|| {
            let what = format!("claim `{}` has no volume that can be read", self.now.claim.object.name);
            thrown(what, "without its volume nothing can keep its data; `--claims keep` leaves it alone")
        })
    }

    fn protect(&mut self) -> Outcome<()> {
        let effect = Effect::Protect(Protect {
            volume: self.volume()?,
            claim: self.now.claim.clone(),
            set: self.set.clone(),
            template: self.now.template.clone(),
            ordinal: self.now.ordinal,
            run: self.bridge.run.clone(),
        });
        self.bridge.ask(Call::Effect { effect }).map(drop)
    }

    fn retire(&mut self) -> Outcome<()> {
        self.delete()?;
        self.wait_released()
    }

    fn delete(&mut self) -> Outcome<()> {
        let effect = Effect::DeleteClaim(DeleteClaim {
            claim: self.now.claim.clone(),
            volume: self.volume()?,
            set: self.set.clone(),
            ordinal: self.now.ordinal,
        });
        self.bridge.ask(Call::Effect { effect }).map(drop)
    }

    fn wait_released(&mut self) -> Outcome<()> {
        let (claim, volume) = (self.now.claim.clone(), self.volume()?);
        self.bridge.ask(Call::AwaitReleased { claim, volume, at_most: AT_MOST }).map(drop)
    }
}

impl RetiredHandle {
    fn get(&mut self, name: &str) -> Outcome<Dynamic> {
        let RetiredAnswer { volume, set, template, ordinal, phase, size, run, at, source, provisioned, .. } = &self.now;
        Ok(match name {
            "name" => volume.object.name.clone().into(),
            "set" => set.clone().into(),
            "template" => template.clone().into(),
            "ordinal" => number(*ordinal),
            "phase" => phase.clone().into(),
            "size" => size.clone().into(),
            "run" => run.clone().into(),
            "at" => at.clone().into(),
            "source" => source.clone().into(),
            "provisioned" => (*provisioned).into(),
            other => {
                let known =
                    ["name", "set", "template", "ordinal", "phase", "size", "run", "at", "source", "provisioned"];
                return Err(no_field("retired volume", other, &known));
            }
        })
    }

    fn claim(&self) -> Outcome<ObjectRef> {
        ObjectRef::of(&self.now.claim).ok_or_else(|| thrown("its claim has no name", ""))
    }

    /// The volume under its old claim again, with its former policy.
    fn restore(&mut self) -> Outcome<()> {
        let (volume, claim) = (self.now.volume.clone(), self.claim()?);
        let effect = Effect::Reserve(Reserve { volume: volume.clone(), claim: claim.clone() });
        self.bridge.ask(Call::Effect { effect })?;
        let effect = Effect::CreateClaim(CreateClaim { object: claim.clone(), manifest: self.now.claim.clone() });
        self.bridge.ask(Call::Effect { effect })?;
        self.bridge.ask(Call::AwaitBound { claim: claim.clone(), volume: volume.clone(), at_most: AT_MOST })?;
        let effect = Effect::Unprotect(Unprotect { volume, claim, policy: self.now.former_policy.clone() });
        self.bridge.ask(Call::Effect { effect }).map(drop)
    }

    fn purge(&mut self) -> Outcome<()> {
        let volume = self.now.volume.clone();
        self.bridge.ask(Call::Effect { effect: Effect::Purge(Purge { volume: volume.clone() }) })?;
        self.bridge.ask(Call::AwaitPurged { volume, at_most: AT_MOST }).map(drop)
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<SetHandle>("set")
        .register_indexer_get(|set: &mut SetHandle, name: ImmutableString| set.get(&name))
        .register_fn("to_string", |set: &mut SetHandle| format!("statefulset/{}", set.name()))
        .register_fn("refresh", SetHandle::refresh)
        .register_fn("members", |set: &mut SetHandle| set.members_from(0))
        .register_fn("members_from", SetHandle::members_from)
        .register_fn("leftovers", SetHandle::leftovers)
        .register_fn("retired", |set: &mut SetHandle| set.retired(None))
        .register_fn("retired", |set: &mut SetHandle, ordinal: i64| set.retired(Some(count(ordinal)?)))
        .register_fn("scale", SetHandle::scale)
        .register_fn("wait_ready", SetHandle::wait_ready)
        .register_fn("settle", SetHandle::settle);
    engine
        .register_type_with_name::<MemberHandle>("member")
        .register_indexer_get(|member: &mut MemberHandle, name: ImmutableString| member.get(&name))
        .register_fn("to_string", |member: &mut MemberHandle| format!("pod/{}", member.now.pod))
        .register_fn("protect", MemberHandle::protect)
        .register_fn("retire", MemberHandle::retire)
        .register_fn("wait_gone", MemberHandle::wait_gone);
    engine
        .register_type_with_name::<ClaimHandle>("claim")
        .register_indexer_get(|claim: &mut ClaimHandle, name: ImmutableString| claim.get(&name))
        .register_fn("to_string", |claim: &mut ClaimHandle| format!("claim/{}", claim.now.claim.object.name))
        .register_fn("protect", ClaimHandle::protect)
        .register_fn("retire", ClaimHandle::retire);
    engine
        .register_type_with_name::<RetiredHandle>("retired volume")
        .register_indexer_get(|volume: &mut RetiredHandle, name: ImmutableString| volume.get(&name))
        .register_fn("to_string", |volume: &mut RetiredHandle| format!("volume/{}", volume.now.volume.object.name))
        .register_fn("restore", RetiredHandle::restore)
        .register_fn("purge", RetiredHandle::purge);
}
