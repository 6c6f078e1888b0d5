//! The former reclaim policy of a volume that has its claim back.
//!
//! Guard: the volume is bound to a claim of that name. On a volume without one
//! the policy `Delete` would destroy the data at once. Undo: the protection
//! with the mark that there was.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::EffectError;
use super::outcome::Outcome;
use super::protect::{Protect, changes};
use super::ready::{Done, Ready};
use super::request::{self, Mode};
use super::target::Target;
use crate::cluster::Connection;
use crate::facts::claim::Claim;
use crate::facts::mark::Mark;
use crate::facts::reader::Reader;
use crate::facts::volume::Volume;
use crate::facts::words::VolumePhase;
use crate::objects::kinds::ObjectRef;

/// Give `volume` its `policy` back and take our mark off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unprotect {
    pub volume: Target,
    /// The claim that must hold it.
    pub claim: ObjectRef,
    pub policy: String,
}

impl Unprotect {
    pub(super) async fn look(&self, connection: &Connection) -> Result<Ready, EffectError> {
        let reader = Reader::new(connection.client.clone());
        let before = self.volume.need(&reader).await?;
        let volume = Volume::read(&before).ok_or(EffectError::Vanished)?;
        let policy = volume.reclaim_policy.as_str().to_owned();
        if policy == self.policy && Mark::read(&before).is_none() {
            return Ok(Ready::holds(before));
        }
        let claim = reader.get(&self.claim).await?.as_deref().and_then(Claim::read);
        let held = claim.is_some_and(|claim| {
            // A claim that a pod owns goes with that pod, and the volume with it (SS-84).
            let goes = claim.meta.deleting.is_some() || claim.meta.owners.iter().any(|owner| owner.kind == "Pod");
            !goes && volume.phase == VolumePhase::Bound && volume.belongs_to(&claim)
        });
        if !held {
            return Err(EffectError::NotItsVolume);
        }
        let mark = Mark::read(&before).map(|mark| mark.run);
        Ok(changes(before, [&policy, &self.policy], [json!(mark), Value::Null]))
    }

    /// The protection that the mark on the volume tells of.
    pub(super) fn inverse(&self, before: &Value) -> Option<Protect> {
        let mark = Mark::read(before)?;
        let uid = before["spec"]["claimRef"]["uid"].as_str()?.to_owned();
        Some(Protect {
            volume: self.volume.clone(),
            claim: Target { object: self.claim.clone(), uid },
            set: mark.set,
            template: mark.template,
            ordinal: mark.ordinal,
            run: mark.run,
        })
    }

    pub(super) async fn perform(
        &self,
        ready: &Ready,
        connection: &Connection,
        mode: Mode,
    ) -> Result<Done, EffectError> {
        let before = ready.before.as_deref().unwrap_or(&Value::Null);
        let patch = json!({ "metadata": Mark::without(), "spec": { "persistentVolumeReclaimPolicy": self.policy } });
        let after = request::patch_as_read(&connection.client, &self.volume, before, patch, mode).await?;
        Ok(Done::changed(Outcome::Changed, after))
    }
}
