//! Handles on the members of a set and on their claims.

use std::sync::Arc;

use rhai::{Dynamic, Engine, ImmutableString, Map};

use super::super::bridge::Bridge;
use super::super::engine::thrown;
use super::super::sizes::size;
use super::handles::{AT_MOST, Outcome, no_field, number, seconds};
use crate::effects::delete_claim::DeleteClaim;
use crate::effects::give_up::{Fate, GiveUp, Given};
use crate::effects::protect::Protect;
use crate::effects::{Effect, Target};
use crate::runs::call::{Call, ClaimAnswer, MemberAnswer, SetAnswer};

pub(super) const MEMBER: &[&str] = &["name", "ordinal", "claims"];
pub(super) const CLAIM: &[&str] = &["name", "template", "ordinal", "volume", "policy", "size"];

/// One member of a set.
#[derive(Clone)]
pub struct MemberHandle {
    pub(super) bridge: Bridge,
    pub(super) set: Arc<SetAnswer>,
    pub(super) now: MemberAnswer,
}

/// One claim of a set.
#[derive(Clone)]
pub struct ClaimHandle {
    bridge: Bridge,
    set: String,
    now: ClaimAnswer,
}

/// A claim of the set of this name.
pub(super) fn claim(bridge: &Bridge, set: &str, now: ClaimAnswer) -> Dynamic {
    Dynamic::from(ClaimHandle { bridge: bridge.clone(), set: set.to_owned(), now })
}

impl MemberHandle {
    fn get(&mut self, name: &str) -> Outcome<Dynamic> {
        Ok(match name {
            "name" => self.now.pod.clone().into(),
            "ordinal" => number(self.now.ordinal),
            "claims" => Dynamic::from_array(self.claims().map(Dynamic::from).collect()),
            other => return Err(no_field("member", other, MEMBER)),
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

    /// All templates of the ordinal or none (H-38): the guards of the first
    /// deletion are asked about all claims that are marked to go.
    fn retire(&mut self) -> Outcome<()> {
        self.claims().try_for_each(|mut claim| claim.delete())?;
        self.claims().try_for_each(|mut claim| claim.wait_released())
    }

    /// The same without anything that keeps the volumes.
    fn give_up(&mut self) -> Outcome<()> {
        for claim in self.claims() {
            let is_other = |given: &Given| given.claim != claim.now.claim;
            claim.delete_unprotected(self.claims().map(|claim| claim.given()).filter(is_other).collect())?;
        }
        self.claims().try_for_each(|claim| claim.wait_claim_gone())
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
            "size" => size(&self.now.size),
            other => return Err(no_field("claim", other, CLAIM)),
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

    fn give_up(&mut self) -> Outcome<()> {
        self.delete_unprotected(Vec::new())?;
        self.wait_claim_gone()
    }

    /// The claim with what becomes of its volume, as far as that was read.
    fn given(&self) -> Given {
        Given { claim: self.now.claim.clone(), fate: Fate::under(&self.now.policy) }
    }

    fn delete_unprotected(&self, others: Vec<Given>) -> Outcome<()> {
        let Given { claim, fate } = self.given();
        let effect = Effect::GiveUp(GiveUp { claim, fate, others, set: self.set.clone(), ordinal: self.now.ordinal });
        self.bridge.ask(Call::Effect { effect }).map(drop)
    }

    fn wait_claim_gone(&self) -> Outcome<()> {
        let claim = self.now.claim.clone();
        self.bridge.ask(Call::AwaitClaimGone { claim, at_most: AT_MOST }).map(drop)
    }

    fn wait_released(&mut self) -> Outcome<()> {
        let (claim, volume) = (self.now.claim.clone(), self.volume()?);
        self.bridge.ask(Call::AwaitReleased { claim, volume, at_most: AT_MOST }).map(drop)
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<MemberHandle>("member")
        .register_indexer_get(|member: &mut MemberHandle, name: ImmutableString| member.get(&name))
        .register_fn("to_string", |member: &mut MemberHandle| format!("pod/{}", member.now.pod))
        .register_fn("protect", MemberHandle::protect)
        .register_fn("retire", MemberHandle::retire)
        .register_fn("give_up", MemberHandle::give_up)
        .register_fn("exec", |member: &mut MemberHandle, command: Dynamic| member.exec(&command, &Map::new()))
        .register_fn("exec", |member: &mut MemberHandle, command: Dynamic, options: Map| {
            member.exec(&command, &options)
        })
        .register_fn("query", |member: &mut MemberHandle, command: Dynamic| member.query(&command, &Map::new()))
        .register_fn("query", |member: &mut MemberHandle, command: Dynamic, options: Map| {
            member.query(&command, &options)
        })
        .register_fn("wait_gone", MemberHandle::wait_gone);
    engine
        .register_type_with_name::<ClaimHandle>("claim")
        .register_indexer_get(|claim: &mut ClaimHandle, name: ImmutableString| claim.get(&name))
        .register_fn("to_string", |claim: &mut ClaimHandle| format!("claim/{}", claim.now.claim.object.name))
        .register_fn("protect", ClaimHandle::protect)
        .register_fn("retire", ClaimHandle::retire)
        .register_fn("give_up", ClaimHandle::give_up);
}
