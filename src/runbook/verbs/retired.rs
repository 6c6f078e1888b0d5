//! The handle on a volume that was retired.

use rhai::{Dynamic, Engine, ImmutableString};

use super::super::bridge::Bridge;
use super::super::engine::thrown;
use super::super::sizes;
use super::handles::{AT_MOST, Outcome, no_field, number};
use crate::effects::Effect;
use crate::effects::create_claim::{CreateClaim, Member};
use crate::effects::purge::Purge;
use crate::effects::reserve::Reserve;
use crate::effects::unprotect::Unprotect;
use crate::objects::kinds::ObjectRef;
use crate::runs::call::{Call, RetiredAnswer};

pub(super) const RETIRED: &[&str] =
    &["name", "set", "template", "ordinal", "phase", "size", "run", "at", "source", "provisioned"];

/// A retired volume.
#[derive(Clone)]
pub struct RetiredHandle {
    pub(super) bridge: Bridge,
    pub(super) now: RetiredAnswer,
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
            "size" => sizes::size(size),
            "run" => run.clone().into(),
            "at" => at.clone().into(),
            "source" => source.clone().into(),
            "provisioned" => (*provisioned).into(),
            other => return Err(no_field("retired volume", other, RETIRED)),
        })
    }

    fn claim(&self) -> Outcome<ObjectRef> {
        ObjectRef::of(&self.now.claim).ok_or_else(|| thrown("its claim has no name", ""))
    }

    fn member(&self) -> Member {
        let RetiredAnswer { volume, set, template, ordinal, run, .. } = self.now.clone();
        Member { volume, set, template, ordinal, run }
    }

    /// The volume under its old claim again, with its former policy.
    fn restore(&mut self) -> Outcome<()> {
        let (volume, claim) = (self.now.volume.clone(), self.claim()?);
        let effect = Effect::Reserve(Reserve { volume: volume.clone(), claim: claim.clone() });
        self.bridge.ask(Call::Effect { effect })?;
        let effect = Effect::CreateClaim(CreateClaim {
            object: claim.clone(),
            manifest: self.now.claim.clone(),
            of: Some(self.member()),
        });
        self.bridge.ask(Call::Effect { effect })?;
        self.bridge.ask(Call::AwaitBound { claim: claim.clone(), volume: volume.clone(), at_most: AT_MOST })?;
        let effect = Effect::Unprotect(Unprotect { volume, claim, policy: self.now.former_policy.clone() });
        self.bridge.ask(Call::Effect { effect }).map(drop)
    }

    fn purge(&mut self) -> Outcome<()> {
        let volume = self.now.volume.clone();
        let stays = (!self.now.provisioned).then(|| self.now.source.clone());
        let effect = Effect::Purge(Purge { volume: volume.clone(), stays: stays.clone() });
        self.bridge.ask(Call::Effect { effect })?;
        self.bridge.ask(Call::AwaitPurged { volume, stays, at_most: AT_MOST }).map(drop)
    }
}

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<RetiredHandle>("retired volume")
        .register_indexer_get(|volume: &mut RetiredHandle, name: ImmutableString| volume.get(&name))
        .register_fn("to_string", |volume: &mut RetiredHandle| format!("volume/{}", volume.now.volume.object.name))
        .register_fn("restore", RetiredHandle::restore)
        .register_fn("purge", RetiredHandle::purge);
}
