//! The former reclaim policy of a volume that has its claim back.
//!
//! Guard: the volume is bound to a claim of that name. On a volume without one
//! the policy `Delete` would destroy the data at once. Undo: the protection
//! with the mark that there was.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::difference::Difference;
use super::error::EffectError;
use super::outcome::{Change, Outcome};
use super::preview::Preview;
use super::protect::{POLICY, Protect};
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
            return Ok(Ready { preview: Preview::of(Change::Unchanged, Some(&before), Value::Null), before: None });
        }
        let claim = reader.get(&self.claim).await?.as_ref().and_then(Claim::read);
        let held = claim.is_some_and(|claim| {
            // A claim that a pod owns goes with that pod, and the volume with it (SS-84).
            let goes = claim.meta.deleting.is_some() || claim.meta.owners.iter().any(|owner| owner.kind == "Pod");
            !goes && volume.phase == VolumePhase::Bound && volume.belongs_to(&claim)
        });
        if !held {
            return Err(EffectError::NotItsVolume);
        }
        let change = Difference { path: POLICY.to_owned(), from: json!(policy), to: json!(self.policy) };
        Ok(Ready {
            preview: Preview::of(Change::Changed(vec![change]), Some(&before), Value::Null),
            before: Some(before),
        })
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
        let before = ready.before.as_ref().unwrap_or(&Value::Null);
        let mut patch =
            json!({ "metadata": Mark::without(), "spec": { "persistentVolumeReclaimPolicy": self.policy } });
        patch["metadata"]["uid"] = json!(self.volume.uid);
        patch["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
        let after = request::merge_patch(&connection.client, &self.volume.object, &patch, mode).await;
        Ok(Done::changed(Outcome::Changed, after.map_err(EffectError::of_guarded_write)?))
    }
}
